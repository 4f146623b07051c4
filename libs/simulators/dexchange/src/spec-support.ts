import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DEFAULT_DIRECTORY,
  startDexchangeSimulator,
  type DexchangeSimulator,
  type DexchangeSimulatorOptions,
} from './index.js';

export const KEY = DEFAULT_DIRECTORY.merchants[0]?.key ?? '';

/** Everything as soon as it can be. */
export const AT_ONCE = { requestsPerMinute: 0, speed: 1_000_000_000 } as const;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

/** A merchant with a callback URL and a simulator of its own. */
export class Shop {
  readonly heard: Readonly<Record<string, unknown>>[] = [];
  /** The status of the next answers to webhooks; 200 when there are none left. */
  readonly answers: number[] = [];
  private used = 0;

  private constructor(
    readonly simulator: DexchangeSimulator,
    private readonly callbackUrl: string,
    private readonly stop: () => Promise<void>,
  ) {}

  static async open(options: DexchangeSimulatorOptions = {}): Promise<Shop> {
    const hear: { shop?: Shop } = {};
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        hear.shop?.heard.push(JSON.parse(text) as Record<string, unknown>);
        response.writeHead(hear.shop?.answers.shift() ?? 200).end('OK');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
    const simulator = await startDexchangeSimulator({ ...options, settings: { ...AT_ONCE, ...options.settings } });
    hear.shop = new Shop(simulator, url, async () => {
      await simulator.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return hear.shop;
  }

  async call(method: string, path: string, body?: unknown, key: string | null = KEY): Promise<HttpAnswer> {
    const authorization: Record<string, string> = key === null ? {} : { Authorization: `Bearer ${key}` };
    const answer = await fetch(this.simulator.baseUrl + path, {
      method,
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json', ...authorization },
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

  /** 7500 francs of Wave's, unless the test says otherwise. */
  init(changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return this.call('POST', '/api/v1/transaction/init', {
      externalTransactionId: `ext-${++this.used}`,
      serviceCode: 'WAVE_SN_CASHOUT',
      amount: 7500,
      number: '770000042',
      ...this.urls(),
      ...changes,
    });
  }

  payOut(changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return this.init({ serviceCode: 'WAVE_SN_CASHIN', ...changes });
  }

  link(changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return this.call('POST', '/api/v1/transaction/merchant/get-link', {
      externalTransactionId: `ext-${++this.used}`,
      ItemName: 'Facture 2026-118',
      ItemPrice: 7500,
      customData: '{}',
      ...this.urls(),
      ...changes,
    });
  }

  /** What the status says once nothing is under way. */
  async settled(id: string): Promise<Record<string, unknown>> {
    await this.simulator.idle();
    const path = id.startsWith('MID') ? `merchant/${id}` : id;
    return inner(await this.call('GET', `/api/v1/transaction/${path}`));
  }

  async balance(): Promise<unknown> {
    const { json } = await this.call('GET', '/api/v1/api-services/balance');
    return (json as { balance: { balance: number } }).balance.balance;
  }

  close(): Promise<void> {
    return this.stop();
  }

  private urls() {
    return {
      callBackURL: this.callbackUrl,
      successUrl: 'https://shop.example/paid?cart=1',
      failureUrl: 'https://shop.example/failed',
    };
  }
}

export const inner = ({ json }: HttpAnswer) => (json as { transaction: Record<string, unknown> }).transaction;
export const idOf = (answer: HttpAnswer): string => String(inner(answer)['transactionId']);
