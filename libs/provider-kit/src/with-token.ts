import type { HttpAnswer, HttpExchange } from './http-client.js';
import { redact, secretsOf } from './redact.js';
import type { TokenAnswer, TokenCache } from './token-cache.js';

/** Why there was no token, and so no request. */
export type TokenFailure = Exclude<TokenAnswer, { kind: 'token' }>;

/** What a client of a provider with access tokens hands to `readSubmission` and `readStatus`. */
export type ProviderExchange = HttpExchange | TokenFailure;

export interface TokenAccess {
  readonly tokens: TokenCache;
  readonly accountId: string;
  /** Asks the provider for a new token; see `readToken`. */
  readonly refresh: () => Promise<TokenAnswer>;
  /** Whether an answer proves that the token, and with it the request, was refused. */
  readonly isTokenRefusal: (answer: HttpAnswer) => boolean;
}

/**
 * Makes a call with the account's access token. A refused token proves that the request was not taken: it is dropped
 * and the call made once more with a new one. Without a token, or when the new one is refused too, nothing was taken
 * and the failure says so.
 */
export async function withToken(
  access: TokenAccess,
  call: (token: string) => Promise<HttpExchange>,
): Promise<ProviderExchange> {
  const { tokens, accountId, refresh, isTokenRefusal } = access;
  for (let tries = 0; tries < 2; tries++) {
    const answer = await tokens.get(accountId, refresh);
    if (answer.kind !== 'token') return answer;
    const exchange = await call(answer.token);
    if (exchange.kind !== 'response' || !isTokenRefusal(exchange)) return exchange;
    await tokens.drop(accountId, answer.token);
  }
  return { kind: 'deferred', cause: 'a new access token was refused too' };
}

/**
 * Reads the answer to a request for a token. Whatever went wrong, nothing else was sent, so the least it can be is
 * `deferred`; only a reader that knows the provider's word for wrong credentials may say `rejected`.
 */
export function readToken(
  exchange: HttpExchange,
  reader: (answer: HttpAnswer) => TokenAnswer | undefined,
): TokenAnswer {
  if (exchange.kind !== 'response') return { kind: 'deferred', cause: `no access token: ${exchange.cause}` };
  const answer = reader(exchange);
  if (!answer) return { kind: 'deferred', cause: `no access token: unreadable answer (HTTP ${exchange.status})` };
  return answer.kind === 'token'
    ? answer
    : { ...answer, cause: redact(answer.cause, secretsOf(exchange)).slice(0, 300) };
}
