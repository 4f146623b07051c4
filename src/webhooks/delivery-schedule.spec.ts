import fc from 'fast-check';
import { readRetryAfter, toNextWait, WAITS_MS } from './delivery-schedule.js';

const HOUR = 3_600_000;
const fractionOf = (value: number) => () => Buffer.from(Uint32Array.of(Math.floor(value * 2 ** 32)).buffer).swap32();
const middle = fractionOf(0.5);

describe('The delivery schedule', () => {
  it('has ten attempts over 75 hours and 35 minutes', () => {
    expect(WAITS_MS).toHaveLength(9);
    const total = WAITS_MS.reduce((sum, wait) => sum + wait, 0);
    expect(total).toBe(75 * HOUR + 35 * 60_000 + 5_000);
  });

  it('waits as planned in the middle of the jitter, and 20 % less or more at its ends', () => {
    for (const [index, wait] of WAITS_MS.entries()) {
      const failed = { count: index + 1, retryAfterMs: undefined };
      expect(toNextWait(failed, middle)).toBe(wait);
      expect(toNextWait(failed, fractionOf(0))).toBe(wait * 0.8);
      expect(toNextWait(failed, fractionOf(1 - 2 ** -32))).toBeCloseTo(wait * 1.2, -2);
    }
  });

  it('ends after the tenth attempt, whatever the answer asks for', () => {
    expect(toNextWait({ count: 10, retryAfterMs: undefined }, middle)).toBeUndefined();
    expect(toNextWait({ count: 10, retryAfterMs: 60_000 }, middle)).toBeUndefined();
    expect(toNextWait({ count: 11, retryAfterMs: undefined }, middle)).toBeUndefined();
  });

  it.each([
    ['less than planned', 60_000, 300_000],
    ['what was planned', 300_000, 300_000],
    ['more', 400_000, 400_000],
    ['just twice as much', 600_000, 600_000],
    ['far more', 9 * HOUR, 600_000],
  ])('gives a receiver that asks for %s what is right', (_name, retryAfterMs, expected) => {
    expect(toNextWait({ count: 2, retryAfterMs }, middle)).toBe(expected);
  });

  it('never leaves 0.8 to 2.4 of the plan', () => {
    const counts = fc.integer({ min: 1, max: 9 });
    const wishes = fc.option(fc.integer({ min: 0, max: 1e12 }), { nil: undefined });
    const draws = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(counts, wishes, draws, (count, retryAfterMs, bytes) => {
        const wait = toNextWait({ count, retryAfterMs }, () => Buffer.from(bytes)) ?? NaN;
        const planned = WAITS_MS[count - 1] ?? NaN;
        expect(wait).toBeGreaterThanOrEqual(0.8 * planned);
        expect(wait).toBeLessThanOrEqual(2.4 * planned);
      }),
    );
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 22 Nov 2026 12:02:00 GMT', 120_000],
    ['Sunday, 22-Nov-26 12:02:00 GMT', 120_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['99999999999999999999', undefined],
    ['Sun, 99 Nov 2026 12:02:00 GMT', undefined],
  ])('%p means %p ms', (text, expected) => expect(readRetryAfter(text, now)).toBe(expected));
});
