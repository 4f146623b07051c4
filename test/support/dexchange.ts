import { createIdSource, ManualTime } from '#libs/primitives';
import {
  DEFAULT_DIRECTORY,
  startDexchangeSimulator,
  type DexchangeSimulator,
  type DexchangeSimulatorOptions,
} from '#libs/simulators/dexchange';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTestGateway,
  type DatabaseKind,
  type TestAnswer,
  type TestGateway,
  type TestMerchant,
} from './gateway.js';

/** Milliseconds instead of seconds. */
const FAST = { requestsPerMinute: 0, speed: 1_000_000, answerDelayMs: 0 } as const;

/** The account that every merchant of a stage has. */
export const DEXCHANGE_ACCOUNT = {
  provider: 'dexchange',
  credentials: { apiKey: DEFAULT_DIRECTORY.merchants[0]?.key ?? '' },
} as const;

/** A gateway on manual time (on MySQL one API and two workers, where there is a Redis), a simulated DExchange on real time, and a merchant whose account joins them. */
export class DexchangeStage {
  private made = 0;

  private constructor(
    readonly gateway: TestGateway,
    readonly dexchange: DexchangeSimulator,
    readonly time: ManualTime,
    readonly merchant: TestMerchant,
  ) {}

  static async start(database: DatabaseKind, options: DexchangeSimulatorOptions = {}): Promise<DexchangeStage> {
    const time = new ManualTime(Date.now());
    const dexchange = await startDexchangeSimulator({ ...options, settings: { ...FAST, ...options.settings } });
    const seams = { clock: time, scheduler: time, ids: createIdSource(time) };
    const redisUrl = process.env.TEST_REDIS_URL;
    const many = database === 'mysql' && redisUrl !== undefined && redisUrl !== '';
    const gateway = await createTestGateway({ database, seams, ...(many && { cluster: { workers: 2, redisUrl } }) });
    const stage = new DexchangeStage(gateway, dexchange, time, await gateway.createMerchant());
    await stage.connect(stage.merchant);
    return stage;
  }

  async connect({ key }: TestMerchant): Promise<string> {
    const settings = { baseUrl: this.dexchange.baseUrl };
    const answer = await this.request('POST /v1/provider-accounts', { ...DEXCHANGE_ACCOUNT, settings }, key);
    if (answer.status !== 201) throw new Error(`The account was refused: ${answer.text}`);
    return answer.body.id;
  }

  request(
    route: string,
    body?: object,
    key = this.merchant.key,
    headers: Record<string, string> = {},
  ): Promise<TestAnswer> {
    return this.gateway.request(route, { key, headers, ...(body && { body }) });
  }

  /** Asks a customer for 7500 francs by Wave, unless the test says otherwise. */
  async collect(body: object = {}): Promise<any> {
    const key = `key-${++this.made}`;
    const collection = {
      reference: `INV-${key}`,
      amount: '7500',
      currency: 'XOF',
      method: 'wave_sn',
      customer: { phone: this.freshPhone() },
      returnUrl: 'https://shop.example/orders/118',
      ...body,
    };
    const answer = await this.request('POST /v1/collections', collection, undefined, { 'idempotency-key': key });
    if (answer.status !== 201) throw new Error(`The collection was refused: ${answer.text}`);
    return answer.body;
  }

  /** Pays 7500 francs out by Wave, unless the test says otherwise. */
  async payOut(body: object = {}): Promise<any> {
    const key = `key-${++this.made}`;
    const payout = {
      reference: `OUT-${key}`,
      amount: '7500',
      currency: 'XOF',
      method: 'wave_sn',
      purpose: 'supplier',
      recipient: { phone: this.freshPhone() },
      ...body,
    };
    const answer = await this.request('POST /v1/payouts', payout, undefined, { 'idempotency-key': key });
    if (answer.status !== 201) throw new Error(`The payout was refused: ${answer.text}`);
    return answer.body;
  }

  /** A number without magic: its last two digits are 50 or more. */
  freshPhone(ending = 50 + (this.made % 50)): string {
    return `+2217700${String(this.made).padStart(3, '0')}${String(ending).padStart(2, '0')}`;
  }

  submitOtp(id: string, otp: string, key?: string): Promise<TestAnswer> {
    return this.request(`POST /v1/transactions/${id}/otp`, { otp }, key);
  }

  async transaction(id: string): Promise<any> {
    return (await this.request(`GET /v1/transactions/${id}`)).body;
  }

  /** The timeline, oldest first. */
  async timeline(id: string): Promise<any[]> {
    return (await this.request(`GET /v1/transactions/${id}/events?limit=100`)).body.data.reverse();
  }

  /** Lets time pass in steps until the transaction is as the test wants it. */
  async until(
    id: string,
    isReached: (transaction: any) => boolean,
    { stepMs = 1_000, steps = 200 } = {},
  ): Promise<any> {
    for (let step = 0; step < steps; step++) {
      const transaction = await this.transaction(id);
      if (isReached(transaction)) return transaction;
      await this.pass(stepMs);
    }
    const lines = (await this.timeline(id)).map(
      (line) => `${line.event}: ${line.from} → ${line.to} ${JSON.stringify(line.evidence)}`,
    );
    throw new Error(`It never came to that:\n${lines.join('\n')}`);
  }

  untilStatus(id: string, status: string, options?: { stepMs?: number; steps?: number }): Promise<any> {
    return this.until(id, (transaction) => transaction.status === status, options);
  }

  /** Time passes for the gateway, and the machine gets a moment to do what became due. */
  async pass(durationMs: number): Promise<void> {
    this.time.advance(durationMs);
    await sleep(5);
    await this.gateway.settled();
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.dexchange.close();
  }
}
