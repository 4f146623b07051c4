/** The HTTP client that adapters use. */
export const PROVIDER_HTTP = Symbol('ProviderHttpClient');
/** Their access tokens. */
export const PROVIDER_TOKENS = Symbol('ProviderTokenCache');
/** Their rate limits, per account. */
export const PROVIDER_LIMITER = Symbol('ProviderRateLimiter');

/** No request to a provider lasts longer; leases are longer (`transactions/lease-timing.ts`). */
export const PROVIDER_REQUEST_TIMEOUT_MS = 30_000;
