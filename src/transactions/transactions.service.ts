import { Injectable, Logger } from '@nestjs/common';
import { In } from 'typeorm';
import type { MerchantCaller } from '../api-keys/caller.js';
import type { Scope } from '../api-keys/scopes.js';
import { Database } from '../database/database.js';
import { EventRecord } from '../events/event.entity.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { notFound, Problem } from '../http/problem.js';
import type { Attempt } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import { ListedTransactionResponse, TransactionEventResponse, VerificationResponse } from './evidence.response.js';
import { Inquiries } from './inquiries.js';
import type { ListTransactionsQuery } from './list-transactions.query.js';
import { ReferenceKey, toReferenceHash } from './reference-key.entity.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';
import { toListQuery } from './transactions.queries.js';
import { TRANSACTION_KINDS, type TransactionKind, type TransactionStatus } from './transaction-states.js';

// A caller of `verify` waits for the provider anyway; a little longer for a place in its rate is fine.
const VERIFY_PATIENCE_MS = 5_000;

/** What merchants ask about their transactions. */
@Injectable()
export class TransactionsService {
  private readonly logger = new Logger('Transactions');

  constructor(
    private readonly database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly inquiries: Inquiries,
    private readonly cursors: Cursors,
  ) {}

  async get(caller: MerchantCaller, id: string): Promise<TransactionResponse> {
    return TransactionResponse.from(await this.getOwn(caller, id));
  }

  /**
   * Newest first. The sortable id is the cursor, so a page costs the same however deep it lies. Whoever lists what awaits a
   * ruling gets the evidence with it.
   */
  async list(caller: MerchantCaller, query: ListTransactionsQuery): Promise<Page<ListedTransactionResponse>> {
    const { limit, cursor, ...filters } = query;
    const binding = ['transactions', caller.merchantId, caller.mode, filters];
    const after = this.cursors.read(cursor, binding);
    const only = await this.findByReference(caller, query);
    const rows =
      only?.length === 0 ? [] : await toListQuery(this.database, caller, { ...query, after, only }).getMany();
    const page = this.cursors.toPage(rows, limit, binding, (row) => TransactionResponse.from(row));
    return query.status === 'review' ? { ...page, data: await this.addEvidence(page.data) } : page;
  }

  private async addEvidence(transactions: readonly TransactionResponse[]): Promise<ListedTransactionResponse[]> {
    const subjectId = In(transactions.map(({ id }) => id));
    const events = await this.database.read.find(EventRecord, { where: { subjectId }, order: { id: 'ASC' } });
    return transactions.map((transaction) =>
      ListedTransactionResponse.withEvidence(
        transaction,
        events.filter((event) => event.subjectId === transaction.id),
      ),
    );
  }

  /** The timeline, newest first. */
  async listEvents(
    caller: MerchantCaller,
    id: string,
    { limit, cursor }: PageQuery,
  ): Promise<Page<TransactionEventResponse>> {
    await this.getOwn(caller, id);
    const binding = ['transaction events', caller.merchantId, caller.mode, id];
    const after = this.cursors.read(cursor, binding);
    const query = this.database.read.createQueryBuilder(EventRecord, 'event').where('event.subject_id = :id', { id });
    if (after !== undefined) query.andWhere('event.id < :after', { after });
    const rows = await query
      .orderBy('event.id', 'DESC')
      .limit(limit + 1)
      .getMany();
    return this.cursors.toPage(rows, limit, binding, (row) => TransactionEventResponse.from(row));
  }

  /** Asks the provider now, applies its answer, and shows everything that was ever said. */
  async verify(caller: MerchantCaller, id: string): Promise<VerificationResponse> {
    await this.getOwn(caller, id);
    for (const attempt of await this.attempts.list(id)) {
      // Attempts that were proven not taken have nothing to tell.
      if (attempt.verdict !== 'deferred' && attempt.verdict !== 'rejected') await this.ask(attempt);
    }
    const events = await this.database.read.find(EventRecord, { where: { subjectId: id }, order: { id: 'ASC' } });
    return VerificationResponse.from(await this.getOwn(caller, id), events);
  }

  // An account that cannot be asked now (its credentials no longer open) adds no evidence; the rest is still worth showing.
  private async ask(attempt: Attempt): Promise<void> {
    try {
      await this.inquiries.ask(attempt, VERIFY_PATIENCE_MS);
    } catch (error) {
      this.logger.error({ err: error, attempt: attempt.id }, 'A provider could not be asked.');
    }
  }

  /** While nothing was sent, by keys that may make such a one. Throws `not_cancellable` afterwards. */
  async cancel(caller: MerchantCaller, id: string): Promise<TransactionResponse> {
    const { status, kind } = await this.getOwn(caller, id);
    if (!caller.scopes.includes(CANCELLED_WITH[kind])) throw lacksScope(CANCELLED_WITH[kind]);
    if (!CANCELLABLE.includes(status)) throw notCancellable(status);
    const { moved, transaction } = await this.lifecycle.report({
      transactionId: id,
      event: 'cancelled',
      onlyFrom: CANCELLABLE,
      quiet: true,
      evidence: { source: 'merchant', says: 'cancelled', principalId: caller.principalId },
      changes: { failure: null },
    });
    if (moved) return TransactionResponse.from(transaction);
    throw notCancellable(transaction.status);
  }

  private async getOwn({ merchantId, mode }: MerchantCaller, id: string): Promise<Transaction> {
    const row = await this.database.read.findOne(Transaction, { where: { id, merchantId, mode } });
    if (!row) throw notFound();
    return row;
  }

  /** A reference is unique for ever, so its key leads to the few rows at once, however many the merchant has. */
  private async findByReference(
    { merchantId, mode }: MerchantCaller,
    { reference, kind }: ListTransactionsQuery,
  ): Promise<string[] | undefined> {
    if (reference === undefined) return undefined;
    const kinds = kind === undefined ? TRANSACTION_KINDS : [kind];
    const keys = await this.database.read.find(ReferenceKey, {
      where: { referenceHash: In(kinds.map((each) => toReferenceHash({ merchantId, mode, kind: each, reference }))) },
    });
    return keys.map(({ transactionId }) => transactionId);
  }
}

const CANCELLABLE: readonly TransactionStatus[] = ['created', 'awaiting_approval'];

const CANCELLED_WITH: Readonly<Record<TransactionKind, Scope>> = {
  collection: 'collections:write',
  payout: 'payouts:write',
  refund: 'refunds:write',
};

function lacksScope(scope: Scope): Problem {
  return new Problem('forbidden', `This key lacks the scope ${scope}.`);
}

function notCancellable(status: TransactionStatus): Problem {
  return new Problem('not_cancellable', `It is ${status}: only what was not yet sent can be cancelled.`, {
    members: { transactionStatus: status },
  });
}
