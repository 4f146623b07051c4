import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DEFAULT_DIRECTORY,
  startMonerooSimulator,
  type MonerooSimulator,
  type MonerooSimulatorOptions,
} from './index.js';

export const SECRET = 'a-webhook-secret';
const [app] = DEFAULT_DIRECTORY.apps;
if (!app) throw new TypeError('The directory has no app');
export const [SANDBOX_KEY = '', LIVE_KEY = ''] = app.keys;

/** Everything as soon as it can be. */
export const AT_ONCE = {
  sandboxMethods: 'all',
  requestsPerMinute: 0,
  pendingDelayMs: 0,
  processingDelayMs: 0,
  answerDelayMs: 0,
  webhookRetryDelayMs: 1,
} as const;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export interface Heard {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly event: string;
}

/** A merchant with a key, a webhook URL and a simulator of its own. */
export class Merchant {
  readonly heard: Heard[] = [];
  /** The status of the next answers to webhooks; 200 when there are none left. */
  readonly answers: number[] = [];
  private constructor(
    readonly simulator: MonerooSimulator,
    private readonly stop: () => Promise<void>,
  ) {}

  static async open(options: MonerooSimulatorOptions = {}): Promise<Merchant> {
    const hear: { merchant?: Merchant } = {};
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const { event } = JSON.parse(text) as { event: string };
        hear.merchant?.heard.push({ headers: request.headers, text, event });
        response.writeHead(hear.merchant?.answers.shift() ?? 200).end('OK');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
    const directory = { apps: DEFAULT_DIRECTORY.apps.map((one) => ({ ...one, webhooks: [{ url, secret: SECRET }] })) };
    const simulator = await startMonerooSimulator({
      directory,
      ...options,
      settings: { ...AT_ONCE, ...options.settings },
    });
    hear.merchant = new Merchant(simulator, async () => {
      await simulator.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return hear.merchant;
  }

  async call(method: string, path: string, body?: unknown, key: string | null = SANDBOX_KEY): Promise<HttpAnswer> {
    const authorization: Record<string, string> = key === null ? {} : { Authorization: `Bearer ${key}` };
    const answer = await fetch(this.simulator.baseUrl + path, {
      method,
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...authorization },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: isJson ? (JSON.parse(text) as unknown) : undefined,
    };
  }

  payOut(changes: Readonly<Record<string, unknown>> = {}, key?: string): Promise<HttpAnswer> {
    return this.call('POST', '/v1/payouts/initialize', toPayout(changes), key);
  }

  collect(changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return this.call('POST', '/v1/payments/initialize', toPayment(changes));
  }

  /** The data of verify, once nothing is under way. */
  async settled(resource: 'payments' | 'payouts', id: string): Promise<Record<string, unknown>> {
    await this.simulator.idle();
    const { json } = await this.call('GET', `/v1/${resource}/${id}/verify`);
    return (json as { data: Record<string, unknown> }).data;
  }

  close(): Promise<void> {
    return this.stop();
  }
}

export const idOf = ({ json }: HttpAnswer): string => (json as { data: { id: string } }).data.id;

const customer = { email: 'ama.k@example.com', first_name: 'Ama', last_name: 'Koffi' };

export function toPayout(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    amount: 2500,
    currency: 'XOF',
    description: 'Refund order A-1001',
    method: 'mtn_bj',
    customer,
    recipient: { msisdn: '2290190112233' },
    metadata: { payout_ref: 'ref-1' },
    ...changes,
  };
}

export function toPayment(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    amount: 2500,
    currency: 'XOF',
    description: 'Order 118',
    return_url: 'https://shop.example/back?cart=1',
    customer: { ...customer, phone: '2290190112233' },
    ...changes,
  };
}
