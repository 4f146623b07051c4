import { createIdSource, ManualTime } from '#libs/primitives';
import { EmailFanout } from '../../src/emails/email-fanout.js';
import { EventSequencer } from '../../src/events/event-sequencer.js';
import { PositionNews } from '../../src/events/position-news.js';
import type { JobDriver } from '../../src/jobs/job-driver.js';
import { Jobs } from '../../src/jobs/jobs.js';
import { hashOf } from '../../src/secrets/hash.js';
import type { AcceptRequest } from '../../src/transactions/accept-request.js';
import { AcceptWriter } from '../../src/transactions/accept-writer.js';
import { PhoneGuards } from '../../src/transactions/phone-guards.js';
import { TransactionLifecycle } from '../../src/transactions/transaction-lifecycle.js';
import { TransactionNews } from '../../src/transactions/transaction-news.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import { WebhookFanout } from '../../src/webhooks/webhook-fanout.js';
import type { Connection } from './open-database.js';

/** The parts of the engine that write, on a real database, with time in the test's hand and no worker behind the jobs. */
export class Engine {
  readonly ids;
  /** Instants for which the driver was woken. */
  readonly wakes: number[] = [];
  readonly jobs;
  readonly guards;
  readonly sequencer;
  readonly emails;
  readonly webhooks;
  readonly news = new TransactionNews();
  readonly lifecycle;
  readonly writer;

  constructor(
    { database }: Pick<Connection, 'database'>,
    readonly time = new ManualTime(1_795_334_400_000),
  ) {
    this.ids = createIdSource(time);
    const driver: JobDriver = {
      wake: (jobs) => void this.wakes.push(...jobs.map(({ runAt }) => runAt)),
      start: () => undefined,
      stop: () => Promise.resolve(),
      isBusy: false,
      settled: () => Promise.resolve(),
      health: () => ({ driver: 'none', status: 'ok' }),
    };
    this.jobs = new Jobs(driver, time, this.ids);
    this.guards = new PhoneGuards(time);
    this.sequencer = new EventSequencer(database, new PositionNews(), time, time);
    // Nothing runs behind a test's back: it numbers events by hand.
    void this.sequencer.beforeApplicationShutdown();
    this.emails = new EmailFanout(this.jobs, { smtp: undefined }, time, this.ids);
    this.webhooks = new WebhookFanout(this.jobs, this.sequencer, this.emails, time, this.ids);
    this.lifecycle = new TransactionLifecycle(database, this.guards, this.webhooks, time, this.ids, this.news);
    this.writer = new AcceptWriter(database, this.lifecycle, this.guards, this.jobs, this.webhooks);
    this.database = database;
  }

  private readonly database: Connection['database'];

  /** Stores a transaction as it is, past every rule. */
  async store(given: Partial<Transaction> = {}): Promise<Transaction> {
    const transaction = toTransaction({ createdAt: this.time.now(), updatedAt: this.time.now(), ...given });
    await this.database.write((tx) => tx.insert(Transaction, [transaction]));
    return transaction;
  }

  find(id: string): Promise<Transaction> {
    return this.database.read.findOneOrFail(Transaction, { where: { id } });
  }
}

const ids = createIdSource({ now: () => 1_795_334_400_000 });
let made = 0;

/** A collection of 150 KES that was just taken in, but for what the test says. */
export function toTransaction(given: Partial<Transaction> = {}): Transaction {
  const id = ids.next('txn');
  const phone = given.phone ?? `+2547${String(10_000_000 + ++made)}`;
  const createdAt = given.createdAt ?? 1_795_334_400_000;
  return {
    id,
    merchantId: 'mer_1',
    mode: 'test',
    kind: 'collection',
    status: 'created',
    late: false,
    version: 1,
    amountMinor: 15_000n,
    currency: 'KES',
    refundedMinor: 0n,
    feeMinor: null,
    reference: id,
    description: null,
    purpose: null,
    method: 'mpesa_ke',
    provider: 'mpesa',
    forcedProvider: null,
    attemptId: null,
    firstSentAt: null,
    providerReference: null,
    receipt: null,
    party: { phone },
    phone,
    payerPhone: null,
    returnUrl: null,
    nextAction: null,
    failure: null,
    doubt: null,
    approvals: null,
    parentId: null,
    batchId: null,
    paymentLinkId: null,
    metadata: {},
    createdBy: 'prn_1',
    createdAt,
    updatedAt: createdAt,
    completedAt: null,
    expiresAt: createdAt + 900_000,
    ...given,
  };
}

/** A request to take the transaction in, with a key and reference of its own but for what the test says. */
export function toAcceptRequest(
  transaction: Transaction,
  given: Partial<Omit<AcceptRequest, 'idempotency'>> & { key?: string; body?: string } = {},
): AcceptRequest {
  const { key = transaction.id, body = 'body', ...rest } = given;
  const { merchantId, mode, kind, reference } = transaction;
  return {
    transaction,
    idempotency: { keyHash: hashOf('idempotency', merchantId, mode, key), requestHash: hashOf(body) },
    referenceHash: hashOf('reference', merchantId, mode, kind, reference),
    guards: [],
    ...rest,
  };
}
