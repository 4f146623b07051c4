import { ManualTime } from '#libs/primitives';
import type { HttpAnswer, HttpExchange } from './http-client.js';
import { createTokenCache } from './memory-token-cache.js';
import { rememberSecrets } from './redact.js';
import type { TokenAnswer } from './token-cache.js';
import { readToken, withToken } from './with-token.js';

const answer = (status: number, body?: unknown): HttpAnswer => ({
  kind: 'response',
  status,
  headers: {},
  text: body === undefined ? '' : JSON.stringify(body),
  body,
  durationMs: 1,
});

function start(refresh?: () => Promise<TokenAnswer>) {
  let issued = 0;
  const give = async (): Promise<TokenAnswer> => ({ kind: 'token', token: `t${++issued}`, expiresInMs: 3_600_000 });
  const used: string[] = [];
  const access = {
    tokens: createTokenCache({ clock: new ManualTime(0) }),
    accountId: 'pac_1',
    refresh: refresh ?? give,
    isTokenRefusal: ({ status }: HttpAnswer) => status === 401,
  };
  const call = (...exchanges: HttpExchange[]) =>
    withToken(access, async (token) => {
      used.push(token);
      return exchanges.shift() ?? answer(200);
    });
  return { call, used };
}

describe('withToken', () => {
  it('shares the token between calls', async () => {
    const { call, used } = start();
    expect(await call(answer(200))).toEqual(answer(200));
    expect(await call(answer(400))).toEqual(answer(400));
    expect(used).toEqual(['t1', 't1']);
  });

  it('calls once more with a new token when the first is refused', async () => {
    const { call, used } = start();
    expect(await call(answer(401), answer(201))).toEqual(answer(201));
    expect(used).toEqual(['t1', 't2']);
  });

  it('says deferred when the new token is refused too, and never calls a third time', async () => {
    const { call, used } = start();
    expect(await call(answer(401), answer(401), answer(200))).toMatchObject({ kind: 'deferred' });
    expect(used).toEqual(['t1', 't2']);
  });

  it('does not repeat a call that met silence', async () => {
    const { call, used } = start();
    const silence = { kind: 'noResponse', cause: 'reset', durationMs: 1 } as const;
    expect(await call(silence)).toBe(silence);
    expect(used).toEqual(['t1']);
  });

  it.each([
    { kind: 'deferred', cause: 'down', retryAfterMs: 5 } as const,
    { kind: 'rejected', cause: 'wrong credentials' } as const,
  ])('makes no call without a token ($kind)', async (failure) => {
    const { call, used } = start(async () => failure);
    expect(await call()).toEqual(failure);
    expect(used).toEqual([]);
  });
});

describe('readToken', () => {
  const reader = ({ status }: HttpAnswer): TokenAnswer | undefined =>
    status === 400 ? { kind: 'rejected', cause: 'wrong pair abcd1234' } : undefined;

  it.each<[string, HttpExchange]>([
    ['not sent', { kind: 'notSent', cause: 'refused' }],
    ['silence', { kind: 'noResponse', cause: 'reset', durationMs: 1 }],
    ['a server fault', answer(503)],
  ])('defers on %s: nothing else was sent', (_, exchange) => {
    expect(readToken(exchange, reader)).toMatchObject({ kind: 'deferred' });
  });

  it('rejects where the reader knows the word for wrong credentials, without repeating them', () => {
    const exchange = answer(400);
    rememberSecrets(exchange, ['abcd1234']);
    expect(readToken(exchange, reader)).toEqual({ kind: 'rejected', cause: 'wrong pair [redacted]' });
  });
});
