import type { Account, HttpClient, HttpExchange } from '#libs/provider-kit';
import type { Credentials, Settings } from './config.js';
import type { PaymentBody, PayoutBody } from './wire.js';

/** As long as the official SDKs wait (§1). */
const TIMEOUT_MS = 30_000;

/** The two resources of the API, by their place in its paths. */
export type Resource = 'payments' | 'payouts';

/** Moneroo's calls. Each gives back the exchange as it was and decides nothing. */
export interface MonerooClient {
  initializePayment(body: PaymentBody, sendBefore: number): Promise<HttpExchange>;
  initializePayout(body: PayoutBody, sendBefore: number): Promise<HttpExchange>;
  /** The authoritative reading; the plain one may be a stored row (§6). */
  verify(resource: Resource, id: string): Promise<HttpExchange>;
  /** A payout that does not exist: answered 404 with a good key and 401 with a bad one (§2). */
  probe(): Promise<HttpExchange>;
  /** The public catalogue, which has no version in its path (§0.7). */
  listMethods(kind: 'payment' | 'payout'): Promise<HttpExchange>;
}

export function createMonerooClient(
  { baseUrl, credentials }: Pick<Account<Credentials, Settings>, 'baseUrl' | 'credentials'>,
  http: HttpClient,
): MonerooClient {
  const headers = { authorization: `Bearer ${credentials.secretKey}`, accept: 'application/json' };
  const get = (path: string) => http.send({ method: 'GET', url: baseUrl + path, headers, timeoutMs: TIMEOUT_MS });
  const initialize = (resource: Resource, json: PaymentBody | PayoutBody, sendBefore: number) =>
    http.send({
      method: 'POST',
      url: `${baseUrl}/v1/${resource}/initialize`,
      headers,
      json,
      timeoutMs: TIMEOUT_MS,
      freshConnection: true,
      sendBefore,
    });
  return {
    initializePayment: (body, sendBefore) => initialize('payments', body, sendBefore),
    initializePayout: (body, sendBefore) => initialize('payouts', body, sendBefore),
    verify: (resource, id) => get(`/v1/${resource}/${encodeURIComponent(id)}/verify`),
    probe: () => get('/v1/payouts/po_000000000000'),
    listMethods: (kind) =>
      http.send({
        method: 'GET',
        url: `${baseUrl}/utils/${kind}/methods`,
        headers: { accept: 'application/json' },
        timeoutMs: TIMEOUT_MS,
      }),
  };
}
