import fc from 'fast-check';
import { ManualTime } from '#libs/primitives';
import { createRateLimiter, type RateDecision } from './rate-limiter.js';

const limit = { requests: 2, perMs: 1_000 };

function start(maxQueue?: number) {
  const time = new ManualTime(50_000);
  return { time, limiter: createRateLimiter({ clock: time, scheduler: time, maxQueue }) };
}

/** Lets waiting promises run on after time moved. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('grants what the limit allows and then says how long to stay away', async () => {
  const { time, limiter } = start();
  expect(await limiter.acquire('a', limit)).toEqual({ kind: 'granted', waitedMs: 0 });
  time.advance(400);
  expect(await limiter.acquire('a', limit)).toEqual({ kind: 'granted', waitedMs: 0 });
  time.advance(100);
  expect(await limiter.acquire('a', limit)).toEqual({ kind: 'wait', retryAfterMs: 500 });
  time.advance(500);
  expect(await limiter.acquire('a', limit)).toEqual({ kind: 'granted', waitedMs: 0 });
});

it('keeps accounts apart and lets everything through without a limit', async () => {
  const { limiter } = start();
  for (const account of ['a', 'a', 'b', 'b'])
    expect(await limiter.acquire(account, limit)).toMatchObject({ kind: 'granted' });
  for (let i = 0; i < 10; i++) expect(await limiter.acquire('a', null)).toEqual({ kind: 'granted', waitedMs: 0 });
});

it('serves who waits in the order of asking', async () => {
  const { time, limiter } = start();
  const served: string[] = [];
  for (const name of ['1', '2', '3', '4', '5']) void limiter.acquire('a', limit, 10_000).then(() => served.push(name));
  await settle();
  expect(served).toEqual(['1', '2']);
  time.advance(1_000);
  await settle();
  expect(served).toEqual(['1', '2', '3', '4']);
  time.advance(1_000);
  await settle();
  expect(served).toEqual(['1', '2', '3', '4', '5']);
});

it('bounds the line and takes no place for who is sent away', async () => {
  const { time, limiter } = start(1);
  void limiter.acquire('a', limit);
  void limiter.acquire('a', limit);
  const third = limiter.acquire('a', limit, 5_000);
  expect(await limiter.acquire('a', limit, 5_000)).toEqual({ kind: 'wait', retryAfterMs: 1_000 });
  time.advance(1_000);
  expect(await third).toEqual({ kind: 'granted', waitedMs: 1_000 });
  expect(await limiter.acquire('a', limit)).toMatchObject({ kind: 'granted' });
});

it('follows a limit that changed', async () => {
  const { limiter } = start();
  await limiter.acquire('a', { requests: 5, perMs: 1_000 });
  await limiter.acquire('a', { requests: 5, perMs: 1_000 });
  expect(await limiter.acquire('a', { requests: 1, perMs: 1_000 })).toMatchObject({ kind: 'wait' });
  expect(await limiter.acquire('a', { requests: 3, perMs: 1_000 })).toMatchObject({ kind: 'granted' });
});

it('never lets more through in any stretch than the limit says', async () => {
  const asking = fc.array(fc.record({ gapMs: fc.nat(700), maxWaitMs: fc.nat(3_000) }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(asking, fc.integer({ min: 1, max: 5 }), async (requests, most) => {
      const time = new ManualTime(0);
      const limiter = createRateLimiter({ clock: time, scheduler: time });
      const facts = { requests: most, perMs: 1_000 };
      const grantedAt: number[] = [];
      for (const { gapMs, maxWaitMs } of requests) {
        time.advance(gapMs);
        const askedAt = time.now();
        void limiter.acquire('a', facts, maxWaitMs).then((decision: RateDecision) => {
          if (decision.kind === 'granted') grantedAt.push(askedAt + decision.waitedMs);
        });
      }
      time.advance(100_000);
      await settle();
      const sorted = grantedAt.sort((a, b) => a - b);
      expect(sorted.length).toBeGreaterThan(0);
      sorted.forEach((at, i) => expect((sorted[i + most] ?? Infinity) - at).toBeGreaterThanOrEqual(1_000));
    }),
    { numRuns: 50 },
  );
});
