import { ManualTime } from '#libs/primitives';
import { createTokenCache } from './memory-token-cache.js';
import type { TokenAnswer } from './token-cache.js';

const HOUR = 3_600_000;

function start() {
  const time = new ManualTime(1_000_000);
  const cache = createTokenCache({ clock: time });
  let asked = 0;
  const give = (expiresInMs: number) => async (): Promise<TokenAnswer> => ({
    kind: 'token',
    token: `token-${++asked}`,
    expiresInMs,
  });
  const fail = async (): Promise<TokenAnswer> => ({ kind: 'deferred', cause: 'down' });
  return { time, cache, give, fail, asked: () => asked };
}

const tokenOf = (answer: TokenAnswer) => (answer.kind === 'token' ? answer.token : answer.kind);

it('asks once for all who come together', async () => {
  const { cache, asked } = start();
  let answer: (value: TokenAnswer) => void = () => undefined;
  let calls = 0;
  const slow = () => {
    calls++;
    return new Promise<TokenAnswer>((resolve) => (answer = resolve));
  };
  const waiting = Promise.all([cache.get('a', slow), cache.get('a', slow), cache.get('a', slow)]);
  answer({ kind: 'token', token: 't', expiresInMs: HOUR });
  expect((await waiting).map(tokenOf)).toEqual(['t', 't', 't']);
  expect(calls).toBe(1);
  expect(asked()).toBe(0);
});

it('keeps accounts apart', async () => {
  const { cache, give } = start();
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-1');
  expect(tokenOf(await cache.get('b', give(HOUR)))).toBe('token-2');
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-1');
});

it.each([
  ['an hour', HOUR, 300_000],
  ['ten minutes', 600_000, 60_000],
  ['two minutes', 120_000, 30_000],
  ['ten seconds', 10_000, 2_500],
])('replaces a token of %s early', async (_, lifeMs, marginMs) => {
  const { time, cache, give } = start();
  await cache.get('a', give(lifeMs));
  time.advance(lifeMs - marginMs - 1);
  expect(tokenOf(await cache.get('a', give(lifeMs)))).toBe('token-1');
  time.advance(1);
  expect(tokenOf(await cache.get('a', give(lifeMs)))).toBe('token-2');
});

it.each([0, -5])('does not keep a token that lives %i ms', async (lifeMs) => {
  const { cache, give } = start();
  expect(tokenOf(await cache.get('a', give(lifeMs)))).toBe('token-1');
  expect(tokenOf(await cache.get('a', give(lifeMs)))).toBe('token-2');
});

it('tells what is left of a life', async () => {
  const { time, cache, give } = start();
  await cache.get('a', give(HOUR));
  time.advance(1_000);
  expect(await cache.get('a', give(HOUR))).toEqual({ kind: 'token', token: 'token-1', expiresInMs: HOUR - 1_000 });
});

it('does not keep a failure', async () => {
  const { cache, give, fail } = start();
  expect(tokenOf(await cache.get('a', fail))).toBe('deferred');
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-1');
});

it('recovers from a refresh that threw', async () => {
  const { cache, give } = start();
  await expect(cache.get('a', () => Promise.reject(new Error('bug')))).rejects.toThrow('bug');
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-1');
});

it('lives on the old token while an early refresh fails, but not past its end', async () => {
  const { time, cache, give, fail } = start();
  await cache.get('a', give(HOUR));
  time.advance(HOUR - 1_000);
  expect(tokenOf(await cache.get('a', fail))).toBe('token-1');
  time.advance(1_000);
  expect(tokenOf(await cache.get('a', fail))).toBe('deferred');
});

it('does not hide refused credentials behind an old token', async () => {
  const { time, cache, give } = start();
  await cache.get('a', give(HOUR));
  time.advance(HOUR - 1_000);
  expect(tokenOf(await cache.get('a', async () => ({ kind: 'rejected', cause: 'wrong secret' })))).toBe('rejected');
});

it('forgets the refused token and no other', async () => {
  const { cache, give } = start();
  await cache.get('a', give(HOUR));
  await cache.drop('a', 'another');
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-1');
  await cache.drop('a', 'token-1');
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-2');
  await cache.drop('a', 'token-1'); // A slow caller that still held the old one.
  expect(tokenOf(await cache.get('a', give(HOUR)))).toBe('token-2');
});

it('does not fall back to a token that was refused while the refresh was under way', async () => {
  const { time, cache, give } = start();
  await cache.get('a', give(HOUR));
  time.advance(HOUR - 1_000);
  let fail: (value: TokenAnswer) => void = () => undefined;
  const waiting = cache.get('a', () => new Promise((resolve) => (fail = resolve)));
  await cache.drop('a', 'token-1');
  fail({ kind: 'deferred', cause: 'down' });
  expect(tokenOf(await waiting)).toBe('deferred');
});
