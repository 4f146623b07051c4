import fc from 'fast-check';
import { ManualTime, systemClock, systemScheduler } from './time.js';

describe('ManualTime', () => {
  it('stands still until told', () => {
    const time = new ManualTime(1_000);
    expect([time.now(), time.now()]).toEqual([1_000, 1_000]);
    time.advance(5);
    expect(time.now()).toBe(1_005);
  });

  it('fires what falls due, each at its own instant, in order of time and then of asking', () => {
    const time = new ManualTime(0);
    const fired: [string, number][] = [];
    for (const [name, at] of [
      ['late', 30],
      ['early', 10],
      ['same', 10],
      ['never', 31],
    ] as const) {
      time.after(at, () => fired.push([name, time.now()]));
    }
    time.advance(30);
    expect(fired).toEqual([
      ['early', 10],
      ['same', 10],
      ['late', 30],
    ]);
    expect(time.now()).toBe(30);
  });

  it('fires what the fired work asks for, if it falls due too', () => {
    const time = new ManualTime(0);
    const fired: number[] = [];
    const again = () => {
      fired.push(time.now());
      time.after(10, again);
    };
    time.after(10, again);
    time.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(time.nextTimerAt()).toBe(40);
  });

  it('fires nothing that was given up, not even by work of the same instant', () => {
    const time = new ManualTime(0);
    const fired: string[] = [];
    const cancelFirst = time.after(1, () => fired.push('first'));
    let cancelThird: () => void = () => undefined;
    time.after(2, () => cancelThird());
    cancelThird = time.after(2, () => fired.push('third'));
    cancelFirst();
    cancelFirst(); // Twice does no harm.
    time.advance(10);
    expect(fired).toEqual([]);
    expect(time.nextTimerAt()).toBeUndefined();
  });

  it('takes a delay below zero for none', () => {
    const time = new ManualTime(100);
    time.after(-50, () => undefined);
    expect(time.nextTimerAt()).toBe(100);
  });

  it('fires what is due now without moving', () => {
    const time = new ManualTime(100);
    let fired = 0;
    time.after(0, () => fired++);
    time.advance(0);
    expect([fired, time.now()]).toEqual([1, 100]);
  });

  it('never goes back, not even when work moves it further than asked', () => {
    const time = new ManualTime(0);
    const seen: number[] = [];
    time.after(10, () => time.advance(5_000));
    time.after(20, () => seen.push(time.now()));
    time.advance(100);
    seen.push(time.now());
    expect(seen).toEqual([20, 5_010]);
    expect(() => time.advance(-1)).toThrow(RangeError);
    expect(() => time.advance(NaN)).toThrow(RangeError);
  });

  it('does not depend on the steps in which it is moved', () => {
    const delays = fc.array(fc.nat(100), { maxLength: 20 });
    fc.assert(
      fc.property(delays, fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }), (asked, steps) => {
        const run = (moves: readonly number[]) => {
          const time = new ManualTime(0);
          const fired: string[] = [];
          asked.forEach((delay, i) => time.after(delay, () => fired.push(`${i} at ${time.now()}`)));
          for (const step of moves) time.advance(step);
          return fired;
        };
        expect(run(steps)).toEqual(run([steps.reduce((sum, step) => sum + step, 0)]));
      }),
    );
  });
});

describe('the system', () => {
  it('tells epoch milliseconds', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('waits, and gives up waiting', async () => {
    let given = 0;
    systemScheduler.after(1, () => given++)();
    await new Promise<void>((resolve) => systemScheduler.after(5, resolve));
    expect(given).toBe(0);
  });

  it('waits longer than one timer of Node can', () => {
    const { setTimeout: original } = globalThis;
    const armed: { work: () => void; delayMs: number }[] = [];
    let fired = 0;
    globalThis.setTimeout = ((work: () => void, delayMs: number) => armed.push({ work, delayMs })) as never;
    try {
      const month = 31 * 24 * 3_600_000;
      systemScheduler.after(month, () => fired++);
      armed[0]?.work();
      expect(fired).toBe(0);
      armed[1]?.work();
      expect(fired).toBe(1);
      expect(armed.map(({ delayMs }) => delayMs)).toEqual([2 ** 31 - 1, month - (2 ** 31 - 1)]);
    } finally {
      globalThis.setTimeout = original;
    }
  });
});
