import { Errands } from './errands.js';
import { SpecTime } from './spec-support.js';
import { Watch } from './watch.js';

function setUp() {
  const time = new SpecTime();
  return { time, errands: new Errands(time, new Watch()) };
}

it('is idle when nothing is under way and nothing waits that counts', async () => {
  const { time, errands } = setUp();
  expect(errands.isIdle).toBe(true);
  errands.later(5, () => Promise.resolve(), { counts: false });
  expect(errands.isIdle).toBe(true);
  errands.later(5, () => Promise.resolve());
  expect(errands.isIdle).toBe(false);
  time.advance(10);
  await new Promise(setImmediate);
  expect(errands.isIdle).toBe(true);
});

it('gives up what is under way, which counts no more when it ends after all', async () => {
  const { time, errands } = setUp();
  const { signal } = errands;
  let end = (): void => undefined;
  const given = errands.run(() => new Promise<void>((resolve) => (end = resolve)));
  let wasCalled = false;
  errands.later(5, async () => void (wasCalled = true));
  errands.stop();
  expect([signal.aborted, errands.signal.aborted, errands.isIdle]).toEqual([true, false, true]);
  const other = errands.run(() => new Promise<void>(() => undefined));
  end();
  await given;
  time.advance(10);
  expect([errands.isIdle, wasCalled]).toEqual([false, false]);
  void other;
});
