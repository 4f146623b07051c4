/** What asking for an access token can come to. No token means that nothing else was sent. */
export type TokenAnswer =
  | { readonly kind: 'token'; readonly token: string; readonly expiresInMs: number }
  | { readonly kind: 'deferred'; readonly cause: string; readonly retryAfterMs?: number }
  | { readonly kind: 'rejected'; readonly cause: string };

/** One shared access token for each provider account: a new one may kill the one before. */
export interface TokenCache {
  /** The current token, or a new one; callers that come together wait for one refresh. */
  get(accountId: string, refresh: () => Promise<TokenAnswer>): Promise<TokenAnswer>;
  /** Forgets a token the provider refused, unless it was replaced meanwhile. */
  drop(accountId: string, token: string): Promise<void>;
}

/** How long before its end a token is replaced: a tenth of its life within 1 to 5 minutes, a quarter of a short one. */
export function toRefreshMarginMs(lifeMs: number): number {
  return Math.min(Math.max(lifeMs / 10, 60_000), 300_000, Math.max(lifeMs, 0) / 4);
}
