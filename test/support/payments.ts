import { setTimeout as sleep } from 'node:timers/promises';
import { createIdSource, ManualTime } from '#libs/primitives';
import { Database } from '../../src/database/database.js';
import { EmailSuppressions } from '../../src/emails/email-suppressions.js';
import {
  SIMULATOR_CERTIFICATE,
  startMpesaSimulator,
  type MpesaSimulator,
  type MpesaSimulatorOptions,
  type OrderView,
  type PromptView,
  type TransferView,
} from '#libs/simulators/mpesa';
import {
  createTestGateway,
  type DatabaseKind,
  type TestAnswer,
  type TestGateway,
  type TestMerchant,
} from './gateway.js';

/** The simulator's published demo app, and what Safaricom publishes for its sandbox. It collects and pays out. */
export const DEMO_ACCOUNT = {
  provider: 'mpesa',
  credentials: {
    consumerKey: 'demo-consumer-key',
    consumerSecret: 'demo-consumer-secret',
    passkey: 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919',
    initiatorName: 'testapi',
    initiatorPassword: 'Safaricom999!*!',
  },
  settings: { shortcode: '174379', type: 'paybill', certificate: SIMULATOR_CERTIFICATE },
} as const;

/** Milliseconds instead of seconds, and callbacks to loopback: what a test in one process needs. */
const FAST = {
  acceptLoopbackCallbacks: true,
  promptDelayMs: 1,
  answerDelayMs: 1,
  processingDelayMs: 1,
  callbackDelayMs: 1,
  orderDelayMs: 1,
  reversalDelayMs: 1,
  sameAmountWindowMs: 0,
} as const;

export interface StageOptions extends MpesaSimulatorOptions {
  readonly database: DatabaseKind;
  readonly environment?: Readonly<Record<string, string>>;
  /** The Redis of a cluster on MySQL; that of TEST_REDIS_URL if absent. */
  readonly redisUrl?: string;
  /** One process that does everything, on a server too. */
  readonly alone?: boolean;
}

/**
 * A gateway on manual time (on MySQL one API and two workers with Bull between them, where there is a Redis), a simulated M-Pesa on real time, and a merchant whose account joins them. */
export class PaymentStage {
  private constructor(
    readonly gateway: TestGateway,
    readonly mpesa: MpesaSimulator,
    readonly time: ManualTime,
    readonly merchant: TestMerchant,
  ) {}

  static async start({
    database,
    environment,
    redisUrl = findRedisUrl(),
    alone = false,
    settings,
    ...simulator
  }: StageOptions): Promise<PaymentStage> {
    const time = new ManualTime(Date.now());
    const mpesa = await startMpesaSimulator({ ...simulator, settings: { ...FAST, ...settings } });
    const seams = { clock: time, scheduler: time, ids: createIdSource(time) };
    const gateway = await createTestGateway({
      database,
      seams,
      ...(environment && { environment }),
      ...(database === 'mysql' && !alone && redisUrl !== undefined && { cluster: { workers: 2, redisUrl } }),
    });
    const stage = new PaymentStage(gateway, mpesa, time, await gateway.createMerchant());
    await stage.connect(stage.merchant);
    return stage;
  }

  /** Gives the merchant an account at the simulated M-Pesa. */
  async connect(merchant: TestMerchant, settings: object = {}): Promise<string> {
    const answer = await this.gateway.request('POST /v1/provider-accounts', {
      key: merchant.key,
      body: { ...DEMO_ACCOUNT, settings: { ...DEMO_ACCOUNT.settings, baseUrl: this.mpesa.baseUrl, ...settings } },
    });
    if (answer.status !== 201) throw new Error(`The account was refused: ${answer.text}`);
    return answer.body.id;
  }

  private made = 0;

  /** Asks a customer for money: 150 KES of a phone of its own, unless the test says otherwise. */
  collect(
    body: object = {},
    { key = this.merchant.key, idempotencyKey = `key-${++this.made}` } = {},
  ): Promise<TestAnswer> {
    return this.gateway.request('POST /v1/collections', {
      key,
      headers: { 'idempotency-key': idempotencyKey },
      body: {
        reference: `INV-${idempotencyKey}`,
        amount: '150.00',
        currency: 'KES',
        method: 'mpesa_ke',
        customer: { phone: this.freshPhone() },
        ...body,
      },
    });
  }

  /** Pays a recipient: 150 KES to a phone of its own, unless the test says otherwise. */
  pay(body: object = {}, { key = this.merchant.key, idempotencyKey = `key-${++this.made}` } = {}): Promise<TestAnswer> {
    return this.gateway.request('POST /v1/payouts', {
      key,
      headers: { 'idempotency-key': idempotencyKey },
      body: {
        reference: `PAY-${idempotencyKey}`,
        amount: '150.00',
        currency: 'KES',
        method: 'mpesa_ke',
        purpose: 'salary',
        recipient: { phone: this.freshPhone() },
        ...body,
      },
    });
  }

  /** What was really paid out to a phone. */
  paidTo(phone: string): TransferView[] {
    return this.mpesa.transfers().filter((transfer) => transfer.direction === 'out' && `+${transfer.party}` === phone);
  }

  /** The order that M-Pesa took for a phone, as soon as there is one. */
  async orderFor(phone: string): Promise<OrderView> {
    for (let turn = 0; turn < 200; turn++) {
      const order = this.mpesa.orders().find(({ api, msisdn }) => api === 'b2c' && `+${msisdn}` === phone);
      if (order) return order;
      await realMoment();
    }
    throw new Error(`No payout to ${phone} was ever ordered.`);
  }

  private phones = 700_000_100;

  /** A Kenyan number that no other payment of this stage used and that has no magic of its own. */
  freshPhone(): string {
    return `+254${++this.phones}`;
  }

  async transaction(id: string, key = this.merchant.key): Promise<any> {
    return (await this.gateway.request(`GET /v1/transactions/${id}`, { key })).body;
  }

  /** The timeline, oldest first. */
  async timeline(id: string): Promise<any[]> {
    const answer = await this.gateway.request(`GET /v1/transactions/${id}/events?limit=100`, {
      key: this.merchant.key,
    });
    return answer.body.data.reverse();
  }

  async verify(id: string): Promise<any> {
    return (await this.gateway.request(`POST /v1/transactions/${id}/verify`, { key: this.merchant.key })).body;
  }

  /**
   * Lets time pass in steps until the transaction is in one of the statuses. Real answers need real moments, so between two
   * steps the machine gets a few of its own.
   */
  until(id: string, statuses: readonly string[], options: { stepMs?: number; limitMs?: number } = {}): Promise<any> {
    return this.untilOf(this.merchant.key, id, statuses, options);
  }

  /** The same for a transaction of another merchant. */
  async untilOf(
    key: string,
    id: string,
    statuses: readonly string[],
    { stepMs = 1_000, limitMs = 60_000 } = {},
  ): Promise<any> {
    let transaction = await this.transaction(id, key);
    for (let passed = 0; !statuses.includes(transaction.status); passed += stepMs) {
      if (passed > limitMs) {
        const lines = (await this.timeline(id)).map(
          (line) => `${line.event}: ${line.from} → ${line.to} ${JSON.stringify(line.evidence)}`,
        );
        throw new Error(
          `Still ${transaction.status} after ${limitMs} ms, not ${statuses.join(' or ')}:\n${lines.join('\n')}`,
        );
      }
      await this.pass(stepMs);
      transaction = await this.transaction(id, key);
    }
    return transaction;
  }

  /** Lets time pass until the transaction is as the test wants it. */
  async untilTrue(id: string, isReached: (transaction: any) => boolean): Promise<any> {
    for (let turn = 0; turn < 100; turn++) {
      const transaction = await this.transaction(id);
      if (isReached(transaction)) return transaction;
      await this.pass(1_000);
    }
    throw new Error('It never came to that.');
  }

  /** Waits, without letting time pass, for a line of the timeline. */
  async untilLine(id: string, isWanted: (line: any) => boolean): Promise<any> {
    for (let turn = 0; turn < 300; turn++) {
      const line = (await this.timeline(id)).find(isWanted);
      if (line) return line;
      await realMoment();
    }
    throw new Error('No such line came.');
  }

  /** What Safaricom would send for a push that was paid; or, with lies, what a forger would. */
  successLetter(prompt: PromptView, lie: { amount?: string; phone?: string; checkoutRequestId?: string } = {}): string {
    const items = [
      { Name: 'Amount', Value: Number(lie.amount ?? prompt.amount) },
      { Name: 'MpesaReceiptNumber', Value: prompt.receipt ?? 'UKM4K7Q2ZP' },
      { Name: 'TransactionDate', Value: 20261122153047 },
      { Name: 'PhoneNumber', Value: Number(lie.phone ?? prompt.msisdn) },
    ];
    const stkCallback = {
      MerchantRequestID: prompt.merchantRequestId,
      CheckoutRequestID: lie.checkoutRequestId ?? prompt.checkoutRequestId,
      ResultCode: 0,
      ResultDesc: 'The service request is processed successfully.',
      CallbackMetadata: { Item: items },
    };
    return JSON.stringify({ Body: { stkCallback } });
  }

  /** The Result that Safaricom would send for a payout; or, with lies, what a forger would. */
  resultLetter(
    order: OrderView,
    lie: { code?: string; amount?: string; phone?: string; conversationId?: string; originator?: string } = {},
  ): string {
    const parameters = [
      { Key: 'TransactionAmount', Value: Number(lie.amount ?? order.amount) },
      { Key: 'TransactionReceipt', Value: order.receipt ?? 'UKM4K7Q2ZP' },
      { Key: 'ReceiverPartyPublicName', Value: `${lie.phone ?? order.msisdn} - Jane Doe` },
    ];
    const code = Number(lie.code ?? 0);
    const Result = {
      ResultType: 0,
      ResultCode: code,
      ResultDesc: 'The service request is processed successfully.',
      OriginatorConversationID: lie.originator ?? order.originatorConversationId,
      ConversationID: lie.conversationId ?? order.conversationId,
      TransactionID: order.receipt ?? 'UKM4K7Q2ZP',
      ...(code === 0 && { ResultParameters: { ResultParameter: parameters } }),
    };
    return JSON.stringify({ Result });
  }

  /** Posts bytes to a callback path, as the provider or anybody else could. */
  async sendCallback(
    url: string,
    body: string,
    { shortcode = '174379' } = {},
  ): Promise<{ status: number; text: string }> {
    const headers = { 'content-type': 'application/json;charset=UTF-8', businessshortcode: shortcode };
    const answer = await fetch(url, { method: 'POST', headers, body: Buffer.from(body, 'latin1') });
    return { status: answer.status, text: await answer.text() };
  }

  /** Time passes for the gateway, and the machine gets a moment to do what became due. */
  async pass(durationMs: number): Promise<void> {
    this.time.advance(durationMs);
    await realMoment();
    // Work that is under way must not see its lease run out only because the machine is slow.
    const patience = new AbortController();
    const settled = this.gateway.settled();
    await Promise.race([settled, sleep(3_000, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  /** The push that went to a phone, as soon as there is one. */
  async promptOn(phone: string): Promise<PromptView> {
    for (let turn = 0; turn < 200; turn++) {
      const prompt = this.mpesa.prompts().find((candidate) => `+${candidate.msisdn}` === phone);
      if (prompt) return prompt;
      await realMoment();
    }
    throw new Error(`No push ever went to ${phone}.`);
  }

  /** The prompts that phones ever saw for this amount of work. */
  promptsOn(phone: string): number {
    return this.mpesa.prompts().filter((prompt) => `+${prompt.msisdn}` === phone).length;
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.mpesa.close();
  }
}

function findRedisUrl(): string | undefined {
  const url = process.env.TEST_REDIS_URL;
  return url === undefined || url === '' ? undefined : url;
}

function realMoment(): Promise<void> {
  return sleep(15);
}

/** Marks an address of the stage's merchant, as a bounce would. */
export async function suppressAddress({ gateway, merchant }: PaymentStage): Promise<void> {
  const mark = { merchantId: merchant.id, mode: 'test', address: 'gone@example.com', reason: 'bounced' } as const;
  const suppressions = gateway.get(EmailSuppressions);
  await gateway.get(Database).write((tx) => suppressions.add(tx, { ...mark, detail: '550 5.1.1 No such user' }));
}
