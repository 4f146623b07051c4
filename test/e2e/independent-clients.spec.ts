import { constants, publicEncrypt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIMULATOR_CERTIFICATE, startMpesaSimulator, type MpesaSimulator } from '#libs/simulators/mpesa';

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
let folder: string;
/** Safaricom's certificate opens nothing here: the clients are given the simulator's, as their users would. */
let certificatePath: string;
const requestByTls = https.request;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mpesa-clients-'));
  certificatePath = join(folder, 'simulator.cer');
  writeFileSync(certificatePath, SIMULATOR_CERTIFICATE);
  const settings = {
    acceptLoopbackCallbacks: true,
    promptDelayMs: 0,
    answerDelayMs: 60_000,
    processingDelayMs: 0,
    callbackDelayMs: 0,
    orderDelayMs: 0,
    reversalDelayMs: 0,
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
  rmSync(folder, { recursive: true });
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

function encrypt(password: string): string {
  const key = { key: SIMULATOR_CERTIFICATE, padding: constants.RSA_PKCS1_PADDING };
  return publicEncrypt(key, Buffer.from(password)).toString('base64');
}

/** The customer types the PIN, and everything that follows from it has happened. */
async function approve(): Promise<void> {
  await simulator.answer(PAYER, 'pin');
  expect(await simulator.idle()).toBe(true);
  expect(simulator.transfers()).toMatchObject([{ party: PAYER, amount: '150.00', reference: 'ORDER-7781' }]);
}

const OPERATOR = { name: 'testapi', password: 'Safaricom999!*!' };

interface OrderAnswer {
  readonly ConversationID: string;
  readonly ResponseCode: string;
}

/** The Results that were heard, in order, once nothing is under way: their codes, and what they carry. */
async function hearResults(): Promise<{ code: unknown; transactionId: string; values: Record<string, unknown> }[]> {
  expect(await simulator.idle()).toBe(true);
  return heard.flatMap((body) => {
    const { Result } = body as {
      Result?: {
        ResultCode: unknown;
        TransactionID: string;
        ResultParameters?: { ResultParameter: { Key: string; Value?: unknown }[] };
      };
    };
    const items = Result?.ResultParameters?.ResultParameter ?? [];
    const values = Object.fromEntries(items.map(({ Key, Value }) => [Key, Value]));
    return Result ? [{ code: Result.ResultCode, transactionId: Result.TransactionID, values }] : [];
  });
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

  it('pays out, asks for the status and the balance, and reverses a payment', async () => {
    interface Orders extends Client {
      b2c(
        from: string,
        to: string,
        amount: number,
        queueUrl: string,
        resultUrl: string,
      ): Promise<{ data: OrderAnswer }>;
      transactionStatus(id: string, party: string, type: number, queueUrl: string, resultUrl: string): Promise<unknown>;
      accountBalance(shortcode: string, type: number, queueUrl: string, resultUrl: string): Promise<unknown>;
      reversal(id: string, amount: number, queueUrl: string, resultUrl: string, shortcode: string): Promise<unknown>;
    }
    const Mpesa = require('mpesa-node') as new (config: object) => Orders;
    const client = new Mpesa({
      ...{ consumerKey: CONSUMER_KEY, consumerSecret: CONSUMER_SECRET, lipaNaMpesaShortCode: SHORTCODE },
      ...{ lipaNaMpesaShortPass: PASSKEY, initiatorName: OPERATOR.name, securityCredential: OPERATOR.password },
      certPath: certificatePath,
    });
    const { data } = await client.b2c(SHORTCODE, PAYER, 500, callbackUrl, callbackUrl);
    expect(data.ResponseCode).toBe('0');
    const [paid] = await hearResults();
    expect(paid).toMatchObject({ code: 0, values: { TransactionAmount: 500 } });
    await client.transactionStatus(paid?.transactionId ?? '', SHORTCODE, 4, callbackUrl, callbackUrl);
    expect((await hearResults())[1]).toMatchObject({ code: 0, values: { TransactionStatus: 'Completed' } });
    await client.accountBalance(SHORTCODE, 4, callbackUrl, callbackUrl);
    expect((await hearResults())[2]).toMatchObject({
      code: '0',
      values: { AccountBalance: expect.stringContaining('Utility Account|KES|999500.00|') },
    });
    await client.lipaNaMpesaOnline(PAYER, 150, callbackUrl, 'ORDER-7781');
    await simulator.answer(PAYER, 'pin');
    await simulator.idle();
    const receipt = simulator.transfers().find(({ kind }) => kind === 'collection')?.receipt ?? '';
    await client.reversal(receipt, 150, callbackUrl, callbackUrl, SHORTCODE);
    expect((await hearResults())[3]).toMatchObject({ code: 0, values: { OriginalTransactionID: receipt } });
    expect(simulator.transfers().map(({ kind, status }) => [kind, status])).toEqual([
      ['payout', 'completed'],
      ['collection', 'reversed'],
      ['reversal', 'completed'],
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

  it('pays out, asks for the status and the balance, and reverses a payment', async () => {
    interface Orders extends Client {
      b2c(fields: object): Promise<OrderAnswer>;
      transactionStatus(fields: object): Promise<OrderAnswer>;
      accountBalance(fields: object): Promise<OrderAnswer>;
      reversal(fields: object): Promise<OrderAnswer>;
    }
    const { Mpesa } = require('mpesa-api') as { Mpesa: new (config: object, environment: string) => Orders };
    // It reads a certificate after its constructor returned, so it is given what it would have made of it.
    const client = new Mpesa(
      { clientKey: CONSUMER_KEY, clientSecret: CONSUMER_SECRET, securityCredential: encrypt(OPERATOR.password) },
      'sandbox',
    );
    const order = { Initiator: OPERATOR.name, QueueTimeOutURL: callbackUrl, ResultURL: callbackUrl };
    const payout = { ...order, CommandID: 'SalaryPayment', Amount: 500, PartyA: SHORTCODE, PartyB: PAYER };
    expect((await client.b2c(payout)).ResponseCode).toBe('0');
    const [paid] = await hearResults();
    expect(paid).toMatchObject({ code: 0, values: { TransactionAmount: 500 } });
    const asked = { ...order, TransactionID: paid?.transactionId, PartyA: SHORTCODE, IdentifierType: '4' };
    await client.transactionStatus(asked);
    await hearResults();
    await client.accountBalance({ ...order, PartyA: SHORTCODE });
    const [, status, balance] = await hearResults();
    expect(status).toMatchObject({ code: 0, values: { TransactionStatus: 'Completed', Amount: '500' } });
    expect(balance).toMatchObject({
      code: '0',
      values: { AccountBalance: expect.stringContaining('Utility Account|KES|999500.00|') },
    });
    await client.lipaNaMpesaOnline({ ...push, CallBackURL: callbackUrl });
    await simulator.answer(PAYER, 'pin');
    await simulator.idle();
    const receipt = simulator.transfers().find(({ kind }) => kind === 'collection')?.receipt;
    await client.reversal({ ...order, TransactionID: receipt, Amount: 150, ReceiverParty: SHORTCODE });
    expect((await hearResults())[3]).toMatchObject({ code: 0, values: { OriginalTransactionID: receipt } });
    // What was reversed is not reversed again.
    await client.reversal({ ...order, TransactionID: receipt, Amount: 150, ReceiverParty: SHORTCODE });
    expect((await hearResults())[4]).toMatchObject({ code: 'R000001' });
    expect(simulator.transfers()).toHaveLength(3);
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

  it('pays out, asks for the status and the balance, and reverses a payment', async () => {
    interface Order {
      shortCode(code: string): Order;
      amount(amount: number): Order;
      phoneNumber(msisdn: number): Order;
      initiatorName(name: string): Order;
      initiator(name: string): Order;
      transactionID(id: string): Order;
      resultURL(url: string): Order;
      timeoutURL(url: string): Order;
      send(): Promise<{ isOkay(): boolean }>;
      query(): Promise<{ isOkay(): boolean }>;
      queryStatus(): Promise<{ isOkay(): boolean }>;
    }
    const { Mpesa } = require('daraja.js') as {
      Mpesa: new (
        config: object,
        environment: string,
      ) => {
        b2c(): Order;
        accountBalance(): Order;
        transactionStatus(): Order;
        reversal(): Order;
      };
    };
    const app = new Mpesa(
      { consumerKey: CONSUMER_KEY, consumerSecret: CONSUMER_SECRET, securityCredential: encrypt(OPERATOR.password) },
      'sandbox',
    );
    const payout = app.b2c().shortCode(SHORTCODE).amount(500).phoneNumber(Number(PAYER)).initiatorName(OPERATOR.name);
    expect((await payout.resultURL(callbackUrl).timeoutURL(callbackUrl).send()).isOkay()).toBe(true);
    expect(await hearResults()).toMatchObject([{ code: 0, values: { TransactionAmount: 500 } }]);
    const question = app.accountBalance().shortCode(SHORTCODE).resultURL(callbackUrl).timeoutURL(callbackUrl);
    expect((await question.query()).isOkay()).toBe(true);
    expect((await hearResults())[1]).toMatchObject({ code: '0' });
    const [transfer] = simulator.transfers();
    expect(transfer).toMatchObject({ kind: 'payout', party: PAYER, amount: '500.00' });
    const status = app
      .transactionStatus()
      .shortCode(SHORTCODE)
      .transactionID(transfer?.receipt ?? '');
    expect((await status.resultURL(callbackUrl).timeoutURL(callbackUrl).queryStatus()).isOkay()).toBe(true);
    expect((await hearResults())[2]).toMatchObject({ code: 0, values: { TransactionStatus: 'Completed' } });
    await firstHalfOfASecond();
    await connect().amount(150).phoneNumber(Number(PAYER)).accountNumber('ORDER-7781').callbackURL(callbackUrl).send();
    await simulator.answer(PAYER, 'pin', 5_000);
    await simulator.idle();
    const receipt = simulator.transfers().find(({ kind }) => kind === 'collection')?.receipt ?? '';
    const reversal = app.reversal().shortCode(SHORTCODE).initiator(OPERATOR.name).amount(150).transactionID(receipt);
    expect((await reversal.resultURL(callbackUrl).timeoutURL(callbackUrl).send()).isOkay()).toBe(true);
    expect((await hearResults())[3]).toMatchObject({ code: 0, values: { OriginalTransactionID: receipt } });
  });

  // This client reads the clock once for the Password and once for the Timestamp: across a full second it sends two
  // that do not fit, and is rightly told "Wrong credentials".
  async function firstHalfOfASecond(): Promise<void> {
    const elapsedMs = Date.now() % 1000;
    if (elapsedMs > 500) await new Promise((resolve) => setTimeout(resolve, 1000 - elapsedMs + 5));
  }
});
