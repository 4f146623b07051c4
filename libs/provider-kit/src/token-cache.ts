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
