import * as http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { startMpesaSimulator, type MpesaSimulator } from '#libs/simulators/mpesa';

/**
 * Clients that others wrote for Safaricom's real sandbox, unchanged, against our simulator. They know its host by heart,
 * so the one thing that is different here is where connections to that host go: `https.request` to
 * sandbox.safaricom.co.ke becomes `http.request` to the simulator. Everything else is theirs: paths, headers, bodies,
 * and what they make of the answers.
 */
const SANDBOX_HOST = 'sandbox.safaricom.co.ke';
const CONSUMER_KEY = 'demo-consumer-key';
const CONSUMER_SECRET = 'demo-consumer-secret';
const SHORTCODE = '174379';
const PASSKEY = 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919';
const PAYER = '254700000123';

const require = createRequire(import.meta.url);
// The clients' own copy of the core module: the namespace that `import` gives cannot be changed.
const https = require('node:https') as { request: typeof http.request };

let simulator: MpesaSimulator;
let merchant: http.Server;
let heard: unknown[];
let callbackUrl: string;
const requestByTls = https.request;

beforeEach(async () => {
  const settings = {
    acceptLoopbackCallbacks: true,
    promptDelayMs: 0,
    answerDelayMs: 60_000,
    processingDelayMs: 0,
    callbackDelayMs: 0,
  };
  simulator = await startMpesaSimulator({ settings });
  https.request = sendToSimulator as typeof http.request;
  heard = [];
  merchant = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    request.on('end', () => {
      heard.push(JSON.parse(text));
      response.end('{"ResultCode":0,"ResultDesc":"Accepted"}');
    });
  });
  await new Promise<void>((resolve) => merchant.listen(0, '127.0.0.1', resolve));
  callbackUrl = `http://127.0.0.1:${(merchant.address() as AddressInfo).port}/hooks/9f2c`;
});

afterEach(async () => {
  https.request = requestByTls;
  await simulator.close();
  merchant.closeAllConnections();
  await new Promise((resolve) => merchant.close(resolve));
});

function sendToSimulator(
  options: http.RequestOptions,
  answered?: (response: http.IncomingMessage) => void,
): http.ClientRequest {
  const host = options.hostname ?? options.host;
  if (host !== SANDBOX_HOST) throw new Error(`This test talks to ${SANDBOX_HOST} only, not to ${host}`);
  const { method, path, headers, timeout } = options;
  return http.request({ host: '127.0.0.1', port: simulator.port, method, path, headers, timeout }, answered);
}

/** The customer types the PIN, and everything that follows from it has happened. */
async function approve(): Promise<void> {
  await simulator.answer(PAYER, 'pin');
  expect(await simulator.idle()).toBe(true);
  expect(simulator.transfers()).toMatchObject([{ party: PAYER, amount: '150.00', reference: 'ORDER-7781' }]);
}

interface StkAnswer {
  readonly CheckoutRequestID: string;
  readonly ResponseCode: string;
  readonly ResultCode: string;
}

describe('mpesa-node (0.1.3)', () => {
  interface Client {
    lipaNaMpesaOnline(msisdn: string, amount: number, url: string, reference: string): Promise<{ data: StkAnswer }>;
    lipaNaMpesaQuery(checkoutRequestId: string): Promise<{ data: StkAnswer }>;
  }
  const connect = (consumerSecret: string): Client => {
    const Mpesa = require('mpesa-node') as new (config: object) => Client;
    return new Mpesa({
      consumerKey: CONSUMER_KEY,
      consumerSecret,
      lipaNaMpesaShortCode: SHORTCODE,
      lipaNaMpesaShortPass: PASSKEY,
    });
  };

  it('pushes, is paid, and reads the query', async () => {
    const client = connect(CONSUMER_SECRET);
    const { data: pushed } = await client.lipaNaMpesaOnline(PAYER, 150, callbackUrl, 'ORDER-7781');
    expect(pushed.ResponseCode).toBe('0');
    expect((await client.lipaNaMpesaQuery(pushed.CheckoutRequestID)).data.ResultCode).toBe('4999');
    await approve();
    expect((await client.lipaNaMpesaQuery(pushed.CheckoutRequestID)).data).toMatchObject({
      ResultCode: '0',
      CheckoutRequestID: pushed.CheckoutRequestID,
    });
    expect(heard).toMatchObject([
      { Body: { stkCallback: { CheckoutRequestID: pushed.CheckoutRequestID, ResultCode: 0 } } },
    ]);
  });

  it('fails on wrong credentials as it does at Safaricom', async () => {
    await expect(connect('wrong').lipaNaMpesaOnline(PAYER, 150, callbackUrl, 'ORDER-7781')).rejects.toThrow(
      'Request failed with status code 400',
    );
  });
});

describe('mpesa-api (3.0.2)', () => {
  interface Client {
    lipaNaMpesaOnline(fields: object): Promise<StkAnswer>;
    lipaNaMpesaQuery(fields: object): Promise<StkAnswer>;
  }
  const connect = (): Client => {
    const { Mpesa } = require('mpesa-api') as { Mpesa: new (config: object, environment: string) => Client };
    return new Mpesa(
      { clientKey: CONSUMER_KEY, clientSecret: CONSUMER_SECRET, securityCredential: 'not used here' },
      'sandbox',
    );
  };
  const push = {
    BusinessShortCode: SHORTCODE,
    passKey: PASSKEY,
    Amount: 150,
    PartyA: PAYER,
    PartyB: SHORTCODE,
    PhoneNumber: PAYER,
    AccountReference: 'ORDER-7781',
  };

  it('pushes, is paid, and reads the query', async () => {
    const client = connect();
    const pushed = await client.lipaNaMpesaOnline({ ...push, CallBackURL: callbackUrl });
    expect(pushed.ResponseCode).toBe('0');
    await approve();
    const query = { BusinessShortCode: SHORTCODE, passKey: PASSKEY, CheckoutRequestID: pushed.CheckoutRequestID };
    expect(await client.lipaNaMpesaQuery(query)).toMatchObject({ ResponseCode: '0', ResultCode: '0' });
    expect(heard).toMatchObject([
      { Body: { stkCallback: { CheckoutRequestID: pushed.CheckoutRequestID, ResultCode: 0 } } },
    ]);
  });

  it('hands on the documented refusal', async () => {
    const refused = connect().lipaNaMpesaOnline({ ...push, CallBackURL: 'https://localhost/mpesa' });
    await expect(refused).rejects.toMatchObject({
      statusCode: 400,
      data: { errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid CallBackURL' },
    });
  });
});

describe('daraja.js (1.0.2)', () => {
  interface Push {
    shortCode(code: string): Push;
    lipaNaMpesaPassKey(key: string): Push;
    amount(amount: number): Push;
    phoneNumber(msisdn: number): Push;
    accountNumber(reference: string): Push;
    callbackURL(url: string): Push;
    checkoutRequestID(id: string): Push;
    send(): Promise<{ isOkay(): boolean; getTransactionID(): string }>;
    queryStatus(): Promise<{ isOkay(): boolean; getResultCode(): string }>;
  }
  interface Callback {
    isOkay(): boolean;
    getMpesaReceiptNo(): string;
    getTransactionAmount(): number;
    getSenderPhoneNo(): number;
  }
  const library = (): {
    Mpesa: new (config: object, environment: string) => { stkPush(): Push };
    STKPushResultWrapper: new (body: unknown) => Callback;
  } => require('daraja.js') as ReturnType<typeof library>;
  const connect = (): Push => {
    const app = new (library().Mpesa)(
      { consumerKey: CONSUMER_KEY, consumerSecret: CONSUMER_SECRET, securityCredential: 'not used here' },
      'sandbox',
    );
    return app.stkPush().shortCode(SHORTCODE).lipaNaMpesaPassKey(PASSKEY);
  };

  it('pushes, is paid, reads the query and understands the callback', async () => {
    const client = connect()
      .amount(150)
      .phoneNumber(Number(PAYER))
      .accountNumber('ORDER-7781')
      .callbackURL(callbackUrl);
    await firstHalfOfASecond();
    const pushed = await client.send();
    expect(pushed.isOkay()).toBe(true);
    await approve();
    const query = await connect().checkoutRequestID(pushed.getTransactionID()).queryStatus();
    expect([query.isOkay(), query.getResultCode()]).toEqual([true, '0']);
    const callback = new (library().STKPushResultWrapper)(heard[0]);
    const [transfer] = simulator.transfers();
    expect([
      callback.isOkay(),
      callback.getMpesaReceiptNo(),
      callback.getTransactionAmount(),
      callback.getSenderPhoneNo(),
    ]).toEqual([true, transfer?.receipt, 150, Number(PAYER)]);
  });

  // This client reads the clock once for the Password and once for the Timestamp: across a full second it sends two
  // that do not fit, and is rightly told "Wrong credentials".
  async function firstHalfOfASecond(): Promise<void> {
    const elapsedMs = Date.now() % 1000;
    if (elapsedMs > 500) await new Promise((resolve) => setTimeout(resolve, 1000 - elapsedMs + 5));
  }
});
