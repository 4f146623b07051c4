import { setTimeout as sleep } from 'node:timers/promises';
import { In, Not } from 'typeorm';
import { startFaultProxy, type FaultProxy } from '../../libs/provider-kit/conformance/src/fault-proxy.js';
import { startMpesaSimulator, type MpesaSimulator, type SettingValues } from '#libs/simulators/mpesa';
import { Database } from '../../src/database/database.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import type { DatabaseKind } from './databases.js';
import { createTestGateway, type TestAnswer, type TestGateway, type TestMerchant } from './gateway.js';
import { DEMO_ACCOUNT } from './payments.js';

/** What a cluster asks a customer for. */
export interface Collection {
  readonly key: string;
  readonly reference: string;
  readonly phone: string;
  /** Whole shillings. */
  readonly amount: number;
}

const PATIENCE_MS = 90_000;

/**
 * Several gateways with pools and workers of their own on one database, in real time, and a proxy between them and one
 * simulated M-Pesa that sees every call. On SQLite, which serves one process, the cluster is one gateway.
 */
export class Cluster {
  private constructor(
    readonly gateways: readonly TestGateway[],
    readonly mpesa: MpesaSimulator,
    readonly wire: FaultProxy,
    readonly merchant: TestMerchant,
  ) {}

  static async start(database: DatabaseKind, settings: Partial<SettingValues> = {}): Promise<Cluster> {
    const mpesa = await startMpesaSimulator({
      settings: {
        acceptLoopbackCallbacks: true,
        promptDelayMs: 1,
        answerDelayMs: 1,
        processingDelayMs: 1,
        callbackDelayMs: 1,
        sameAmountWindowMs: 0,
        unfinishedPromptLimit: 0,
        ...settings,
      },
    });
    const wire = await startFaultProxy(mpesa.baseUrl);
    const gateways = [await createTestGateway({ database })];
    const [first] = gateways as [TestGateway];
    const others = database === 'mysql' ? 3 : 0;
    for (let number = 0; number < others; number++) gateways.push(await joinGateway(first));
    const cluster = new Cluster(gateways, mpesa, wire, await first.createMerchant());
    await cluster.connect();
    return cluster;
  }

  get database(): Database {
    return this.gateways[0]!.get(Database);
  }

  /** Asks one of the gateways, in turn by `number`. */
  collect(number: number, { key, reference, phone, amount }: Collection): Promise<TestAnswer> {
    return this.gateways[number % this.gateways.length]!.request('POST /v1/collections', {
      key: this.merchant.key,
      headers: { 'idempotency-key': key },
      body: { reference, amount, currency: 'KES', method: 'mpesa_ke', customer: { phone } },
    });
  }

  /** Calls of one kind that reached the provider so far. */
  calls(path: string): number {
    return this.wire.requests.filter((request) => request.path.startsWith(path)).length;
  }

  /** All transactions, once each of them has come to one of the statuses. */
  async untilAll(statuses: readonly Transaction['status'][]): Promise<Transaction[]> {
    const open = { status: Not(In([...statuses])) };
    const giveUpAt = performance.now() + PATIENCE_MS;
    while ((await this.database.read.countBy(Transaction, open)) > 0) {
      if (performance.now() > giveUpAt) {
        const left = await this.database.read.findBy(Transaction, open);
        throw new Error(`Still open: ${left.map(({ id, status }) => `${id} ${status}`).join(', ')}`);
      }
      await sleep(50);
    }
    return this.database.read.find(Transaction);
  }

  async close(): Promise<void> {
    // The first one made the database, and takes it with it.
    for (const gateway of [...this.gateways].reverse()) await gateway.close();
    await this.wire.close();
    await this.mpesa.close();
  }

  private async connect(): Promise<void> {
    const answer = await this.gateways[0]!.request('POST /v1/provider-accounts', {
      key: this.merchant.key,
      body: { ...DEMO_ACCOUNT, settings: { ...DEMO_ACCOUNT.settings, baseUrl: this.wire.baseUrl } },
    });
    if (answer.status !== 201) throw new Error(`The account was refused: ${answer.text}`);
  }
}

/** One more gateway on the database, and with the secret key, of another. */
function joinGateway({ settings }: TestGateway): Promise<TestGateway> {
  if (settings.database.kind !== 'mysql') throw new Error('SQLite serves one process.');
  return createTestGateway({
    // Brings no database of its own: the address below is another's.
    database: 'sqlite',
    environment: {
      DATABASE_URL: settings.database.url,
      MALIPO_SECRET_KEY: settings.secretKeys.current.toString('hex'),
    },
  });
}
