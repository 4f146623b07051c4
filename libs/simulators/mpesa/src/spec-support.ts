import { constants, publicEncrypt } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  SIMULATOR_CERTIFICATE,
  startMpesaSimulator,
  type MpesaSimulator,
  type MpesaSimulatorOptions,
} from './index.js';

/** What the specs of this simulator share: a caller, a merchant that hears callbacks, and a world without waiting. */

export const PASSKEY = 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919';
export const PAYER = '254700000123';
export const GOOD_PAIR = `Basic ${Buffer.from('demo-consumer-key:demo-consumer-secret').toString('base64')}`;
/** 14 March 2026, 15:30:21 in Nairobi. */
export const TIMESTAMP = '20260314153021';

/** Nothing takes time, and no phone answers by itself before the test does. */
export const AT_ONCE = {
  acceptLoopbackCallbacks: true,
  promptDelayMs: 0,
  answerDelayMs: 60_000,
  processingDelayMs: 0,
  callbackDelayMs: 0,
  orderDelayMs: 0,
  reversalDelayMs: 0,
  openingFloat: 0,
} as const;

/** What the demo's API operator is encrypted to. */
export function toCredential(password = 'Safaricom999!*!', padding = constants.RSA_PKCS1_PADDING): string {
  return publicEncrypt({ key: SIMULATOR_CERTIFICATE, padding }, Buffer.from(password)).toString('base64');
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the text is no JSON. */
  readonly json: unknown;
}

export async function call(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const answer = await fetch(url, { redirect: 'manual', ...init });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parseOrUndefined(text) };
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function fetchToken(baseUrl: string, pair = GOOD_PAIR): Promise<string> {
  const answer = await call(`${baseUrl}/oauth/v1/generate?grant_type=client_credentials`, {
    headers: { Authorization: pair },
  });
  const body = answer.json as { access_token: string };
  return body.access_token;
}

export function toPassword(shortcode: string, passkey = PASSKEY, timestamp = TIMESTAMP): string {
  return Buffer.from(`${shortcode}${passkey}${timestamp}`).toString('base64');
}

/** A push that is right in every field. */
export function toPush(callbackUrl: string, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    BusinessShortCode: 174379,
    Password: toPassword('174379'),
    Timestamp: TIMESTAMP,
    TransactionType: 'CustomerPayBillOnline',
    Amount: '150',
    PartyA: changes['PhoneNumber'] ?? PAYER,
    PartyB: '174379',
    PhoneNumber: PAYER,
    CallBackURL: callbackUrl,
    AccountReference: 'ORDER-7781',
    TransactionDesc: 'Order 7781',
    ...changes,
  };
}

export async function post(url: string, token: string, body: unknown): Promise<HttpAnswer> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return call(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

/** A merchant with a token, ready to push and to ask. */
export class Merchant {
  private constructor(
    readonly simulator: MpesaSimulator,
    readonly ear: Ear,
    readonly token: string,
  ) {}

  static async open(options: MpesaSimulatorOptions = {}): Promise<Merchant> {
    const simulator = await startMpesaSimulator({ ...options, settings: { ...AT_ONCE, ...options.settings } });
    return new Merchant(simulator, await Ear.open(), await fetchToken(simulator.baseUrl));
  }

  push(changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return post(`${this.simulator.baseUrl}/mpesa/stkpush/v1/processrequest`, this.token, toPush(this.ear.url, changes));
  }

  /** Pushes and gives back the CheckoutRequestID. Fails where the push was refused. */
  async pushed(changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.push(changes);
    if (answer.status !== 200) throw new Error(`The push was refused: ${answer.status} ${answer.text}`);
    return (answer.json as { CheckoutRequestID: string }).CheckoutRequestID;
  }

  query(checkoutRequestId: unknown, changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    const body = {
      BusinessShortCode: 174379,
      Password: toPassword('174379'),
      Timestamp: TIMESTAMP,
      CheckoutRequestID: checkoutRequestId,
    };
    return post(`${this.simulator.baseUrl}/mpesa/stkpushquery/v1/query`, this.token, { ...body, ...changes });
  }

  /** `POST /mpesa/b2c/v3/paymentrequest`, right in every field. */
  payOut(changes: Readonly<Record<string, unknown>> = {}, version = 'v3'): Promise<HttpAnswer> {
    return this.order(`b2c/${version}/paymentrequest`, {
      OriginatorConversationID: 'pay_7f3c2a10',
      InitiatorName: 'testapi',
      CommandID: 'BusinessPayment',
      Amount: 500,
      PartyA: 174379,
      PartyB: PAYER,
      Occassion: 'October',
      ...changes,
    });
  }

  askStatus(changes: Readonly<Record<string, unknown>>): Promise<HttpAnswer> {
    return this.order('transactionstatus/v1/query', {
      ...{ Initiator: 'testapi', CommandID: 'TransactionStatusQuery', PartyA: '174379', IdentifierType: '4' },
      ...changes,
    });
  }

  reverse(transactionId: string, changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return this.order('reversal/v1/request', {
      ...{ Initiator: 'testapi', CommandID: 'TransactionReversal', TransactionID: transactionId, Amount: '150' },
      ...{ ReceiverParty: '174379', RecieverIdentifierType: '11', Occasion: 'att_1' },
      ...changes,
    });
  }

  askBalance(changes: Readonly<Record<string, unknown>> = {}): Promise<HttpAnswer> {
    return this.order('accountbalance/v1/query', {
      ...{ Initiator: 'testapi', CommandID: 'AccountBalance', PartyA: '174379', IdentifierType: '4' },
      ...changes,
    });
  }

  private order(path: string, body: Readonly<Record<string, unknown>>): Promise<HttpAnswer> {
    return post(`${this.simulator.baseUrl}/mpesa/${path}`, this.token, {
      SecurityCredential: toCredential(),
      Remarks: 'Salary',
      QueueTimeOutURL: `${this.ear.url}/timeout`,
      ResultURL: `${this.ear.url}/result`,
      ...body,
    });
  }

  control(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    return call(`${this.simulator.baseUrl}/_control${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  async close(): Promise<void> {
    await this.simulator.close();
    await this.ear.close();
  }
}

export interface Heard {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Hears callbacks. */
export class Ear {
  readonly heard: Heard[] = [];
  /** The status of the next answers; 200 when there are none left. */
  readonly answers: number[] = [];
  private waiting: (() => void)[] = [];
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url: path = '', method = '', headers } = request;
      this.heard.push({ path, method, headers, text: Buffer.concat(chunks).toString('utf8') });
      response.writeHead(this.answers.shift() ?? 200, { 'Content-Type': 'application/json' });
      response.end('{"ResultCode":0,"ResultDesc":"Accepted"}');
      for (const look of this.waiting.splice(0)) look();
    });
  });

  private constructor() {}

  static async open(): Promise<Ear> {
    const ear = new Ear();
    await new Promise<void>((resolve) => ear.server.listen(0, '127.0.0.1', resolve));
    return ear;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks/9f2c`;
  }

  /** The callbacks, once there are so many. */
  async hear(count: number): Promise<Heard[]> {
    while (this.heard.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.heard;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
