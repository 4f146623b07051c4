export type * from './contract.js';
export * from './hosted-page.js';
export type { HttpAnswer, HttpClient, HttpExchange, HttpRequest } from './http-client.js';
export {
  createHttpClient,
  type ClosableHttpClient,
  type EgressGuard,
  type ExchangeRecord,
  type HttpClientOptions,
} from './axios-http-client.js';
export { namesKnownId, type KnownIds } from './path-trust.js';
export { readStatus, readSubmission, type StatusReader, type SubmissionReader, type WordsReader } from './readers.js';
export { redact, redactPath } from './redact.js';
export { toRefreshMarginMs, type TokenAnswer, type TokenCache } from './token-cache.js';
export { createTokenCache } from './memory-token-cache.js';
export { readToken, withToken, type ProviderExchange, type TokenAccess, type TokenFailure } from './with-token.js';
export {
  createRateLimiter,
  type RateDecision,
  type RateLimit,
  type RateLimiter,
  type RateLimiterOptions,
} from './rate-limiter.js';
export { describeForm, findSecretFields, secretText, type AccountForm } from './account-form.js';
