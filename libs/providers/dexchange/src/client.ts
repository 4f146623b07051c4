import type { Account, HttpClient, HttpExchange } from '#libs/provider-kit';
import type { Credentials, Settings } from './config.js';
import type { DirectBody, LinkBody } from './wire.js';

/** As long as the official plugin waits (§1). Slow payouts were seen to take longer: silence is doubt, and we ask. */
const TIMEOUT_MS = 30_000;

const PREFIX = '/api/v1';

/** DExchange's calls. Each gives back the exchange as it was and decides nothing. */
export interface DexchangeClient {
  createLink(body: LinkBody, sendBefore: number): Promise<HttpExchange>;
  initiate(body: DirectBody, sendBefore: number): Promise<HttpExchange>;
  /** A one-time code is taken once: on a connection of its own, like a submit. */
  confirmWizall(transactionId: string, otp: string): Promise<HttpExchange>;
  readLink(id: string): Promise<HttpExchange>;
  readDirect(id: string): Promise<HttpExchange>;
  readBalance(): Promise<HttpExchange>;
  listServices(): Promise<HttpExchange>;
}

export function createDexchangeClient(
  { baseUrl, credentials }: Pick<Account<Credentials, Settings>, 'baseUrl' | 'credentials'>,
  http: HttpClient,
): DexchangeClient {
  const headers = { authorization: `Bearer ${credentials.apiKey}`, accept: 'application/json' };
  const get = (path: string) =>
    http.send({ method: 'GET', url: baseUrl + PREFIX + path, headers, timeoutMs: TIMEOUT_MS });
  const post = (path: string, json: unknown, sendBefore?: number) =>
    http.send({
      method: 'POST',
      url: baseUrl + PREFIX + path,
      headers,
      json,
      timeoutMs: TIMEOUT_MS,
      freshConnection: true,
      ...(sendBefore !== undefined && { sendBefore }),
    });
  return {
    createLink: (body, sendBefore) => post('/transaction/merchant/get-link', body, sendBefore),
    initiate: (body, sendBefore) => post('/transaction/init', body, sendBefore),
    confirmWizall: (transactionId, otp) => post('/transaction/confirm/wizall', { transactionId, otp }),
    readLink: (id) => get(`/transaction/merchant/${encodeURIComponent(id)}`),
    readDirect: (id) => get(`/transaction/${encodeURIComponent(id)}`),
    readBalance: () => get('/api-services/balance'),
    listServices: () => get('/api-services/services'),
  };
}
