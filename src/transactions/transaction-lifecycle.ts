import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Inserts, Tx } from '../database/tx.js';
import { AWAITS_POSITION, EventRecord } from '../events/event.entity.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import type { Evidence } from './evidence.js';
import { PhoneGuards } from './phone-guards.js';
import { TransactionNews } from './transaction-news.js';
import { Transaction, type Approvals, type DoubtReason } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';
import {
  isFinal,
  isLateSuccess,
  nextState,
  type TransactionEventName,
  type TransactionStatus,
} from './transaction-states.js';

/** What a report may change beside the status, if it moves the transaction. */
export type TransactionChanges = Partial<
  Pick<
    Transaction,
    | 'failure'
    | 'doubt'
    | 'provider'
    | 'providerReference'
    | 'receipt'
    | 'payerPhone'
    | 'nextAction'
    | 'attemptId'
    | 'firstSentAt'
    | 'approvals'
  >
>;

/** Something that was said or done about a transaction. */
export interface Report {
  readonly transactionId: string;
  /** An event of the state table, or `noted`: evidence for the timeline that moves nothing. */
  readonly event: TransactionEventName | 'noted';
  readonly evidence: Evidence;
  readonly attemptId?: string;
  readonly changes?: TransactionChanges;
  /** Moves it only from these; `cancelled` by a merchant is another matter than `cancelled` by the customer. */
  readonly onlyFrom?: readonly TransactionStatus[];
  /** Leaves no line in the timeline where it moves nothing: an intention that came too late is no evidence. */
  readonly quiet?: boolean;
  /** Writes of the same transaction; told whether the report moved anything. */
  readonly alongside?: (tx: Tx, after: Reported) => Promise<void>;
}

/** What became of a report. */
export interface Reported {
  readonly moved: boolean;
  readonly from: TransactionStatus;
  readonly transaction: Transaction;
}

/** Writes of another feature that belong to a move, whoever reported it. Not called for reports that move nothing. */
export type Companion = (tx: Tx, before: Transaction, after: Transaction) => Promise<void>;

const MOST_RACES = 20;
const PAYABLE: readonly TransactionStatus[] = ['submitting', 'unconfirmed', 'pending', 'succeeded'];
const UNPAID: readonly TransactionStatus[] = ['failed', 'cancelled', 'expired'];
const MONEY_MOVED: readonly Report['event'][] = ['succeeded', 'updated', 'reversed'];
const DENIALS: readonly Report['event'][] = ['rejected', 'failed', 'cancelled', 'expired'];

/**
 * The only writer of a transaction's status. A report becomes one durable database transaction: the conditional update,
 * the line in the timeline, the notices to merchants, and the work that follows.
 */
@Injectable()
export class TransactionLifecycle {
  private readonly companions: Companion[] = [];

  constructor(
    private readonly database: Database,
    private readonly guards: PhoneGuards,
    private readonly webhooks: WebhookFanout,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
    private readonly news: TransactionNews,
  ) {}

  /** Calls the companion in the transaction of every move from now on. */
  accompany(companion: Companion): void {
    this.companions.push(companion);
  }

  /** Records the report and moves the transaction where the state table leads. Throws where there is no such transaction. */
  report(report: Report): Promise<Reported> {
    return this.database.write((tx) => this.reportIn(tx, report));
  }

  /** The same inside a transaction that the caller has begun. */
  async reportIn(tx: Tx, report: Report): Promise<Reported> {
    for (let race = 0; race < MOST_RACES; race++) {
      const before = await tx.manager.findOneOrFail(Transaction, { where: { id: report.transactionId } });
      const reported = await this.tryReport(tx, report, before);
      if (reported) return reported;
    }
    throw new Error(`Transaction ${report.transactionId} kept changing under a report.`);
  }

  /** The first line of a new transaction's timeline, for the batch that inserts it and answers with this response. */
  toCreationEvent(transaction: Transaction, data: TransactionResponse): EventRecord {
    const { createdBy: principalId, approvals } = transaction;
    const evidence: Evidence = {
      ...{ source: 'merchant', says: 'created', principalId },
      ...(approvals && { detail: toHoldDetail(approvals) }),
    };
    const line = this.toEvent(transaction, transaction.status, { event: 'noted', evidence }, null);
    return { ...line, type: `${transaction.kind}.created`, data, position: AWAITS_POSITION };
  }

  /** The line of a transaction whose row the same batch changed in something that is not its status, for people and subscribers. */
  toUpdateEvent(transaction: Transaction, evidence: Evidence): EventRecord {
    return this.toEvent(transaction, transaction.status, { event: 'updated', evidence }, 'updated');
  }

  /** Tells this process of transactions that were just made, once they are durable. */
  announceCreated(tx: Inserts, transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.news.announceAfterCommit(tx, { transaction, from: null });
  }

  private async tryReport(tx: Tx, given: Report, before: Transaction): Promise<Reported | undefined> {
    const report = this.weigh(given, before);
    const status = this.findNext(report, before);
    if (status === undefined) {
      const noted: Reported = { moved: false, from: before.status, transaction: before };
      if (!report.quiet) await tx.insert(EventRecord, [this.toEvent(before, before.status, report, null)]);
      await this.noteNextInquiry(tx, report, before);
      await report.alongside?.(tx, noted);
      return noted;
    }
    const late = isLateSuccess(before.status, status) || (await this.wasUnpaidBefore(tx, before, status));
    const after = this.toMoved(before, status, report, late);
    const { affected } = await tx.manager.update(
      Transaction,
      { id: before.id, version: before.version },
      toColumns(after),
    );
    // Somebody else moved it meanwhile: look the table up again from where it is now.
    if (affected !== 1) return undefined;
    const event = this.toEvent(after, before.status, report, toPublicWord(before, after));
    await tx.insert(EventRecord, [event]);
    await this.webhooks.announce(tx, [event]);
    this.news.announceAfterCommit(tx, { transaction: after, from: before.status });
    await this.keepGuards(tx, before, after);
    for (const companion of this.companions) await companion(tx, before, after);
    const moved: Reported = { moved: true, from: before.status, transaction: after };
    await report.alongside?.(tx, moved);
    return moved;
  }

  /**
   * Evidence names its attempt, and is weighed against where the transaction is now, not where it was when somebody asked.
   * Money that an earlier attempt moved, while a later one may move it or has moved it, is a contradiction; whatever else is
   * said of an earlier attempt is not about the one that counts. A denial of what was proven is a contradiction too.
   */
  private weigh(report: Report, before: Transaction): Report {
    const { attemptId, event, changes } = report;
    if (attemptId === undefined || before.attemptId === null || event === 'claimed') return report;
    const contradicted = (): Report => ({
      ...report,
      event: 'contradicted',
      changes: { doubt: toDoubt('contradiction', this.clock.now()) },
    });
    if (attemptId === before.attemptId) {
      const proven = before.status === 'succeeded' || before.status === 'reversed';
      if (proven && DENIALS.includes(event)) return contradicted();
      // The receipt often comes after the proof: worth telling, once.
      const news = before.status === 'succeeded' && before.receipt === null && changes?.receipt != null;
      return event === 'succeeded' && news ? { ...report, event: 'updated' } : report;
    }
    if (MONEY_MOVED.includes(event)) return PAYABLE.includes(before.status) ? contradicted() : report;
    if (event === 'contradicted' || UNPAID.includes(before.status)) return report;
    return { ...report, event: 'noted', changes: {} };
  }

  private async keepGuards(tx: Tx, before: Transaction, after: Transaction): Promise<void> {
    const sent = before.status === 'submitting' && (after.status === 'pending' || after.status === 'unconfirmed');
    if (sent) await this.guards.holdForPrompt(tx, after);
    const ended = isFinal(after.status) && (!isFinal(before.status) || after.late !== before.late);
    if (ended) await this.guards.release(tx, after);
  }

  // Where we stay in doubt, what changes is only when we ask again.
  private async noteNextInquiry(tx: Tx, { changes }: Report, before: Transaction): Promise<void> {
    if (!before.doubt || !changes?.doubt) return;
    const doubt = { ...before.doubt, nextInquiryAt: changes.doubt.nextInquiryAt };
    await tx.manager.update(Transaction, { id: before.id, version: before.version }, { doubt });
  }

  private findNext(report: Report, before: Transaction): TransactionStatus | undefined {
    if (report.event === 'noted' || report.onlyFrom?.includes(before.status) === false) return undefined;
    return nextState(before.status, report.event, {
      kind: before.kind,
      everSent: before.firstSentAt !== null,
      doubtReason: before.doubt?.reason ?? null,
      hasRefunds: before.refundedMinor > 0n,
    });
  }

  /** A review that began after the transaction had ended unpaid, and ends in success: the proof came late. */
  private async wasUnpaidBefore(tx: Tx, { id, status }: Transaction, next: TransactionStatus): Promise<boolean> {
    if (status !== 'review' || next !== 'succeeded') return false;
    return tx.manager.exists(EventRecord, {
      where: { subjectId: id, toStatus: 'review', fromStatus: In([...UNPAID]) },
    });
  }

  private toMoved(
    before: Transaction,
    status: TransactionStatus,
    { changes = {}, event }: Report,
    late: boolean,
  ): Transaction {
    const now = this.clock.now();
    const inDoubt = status === 'unconfirmed' || status === 'review';
    const unpaid = status === 'failed' || status === 'cancelled' || status === 'expired';
    return {
      ...before,
      ...changes,
      status,
      version: before.version + 1,
      late: before.late || late,
      failure: unpaid ? (changes.failure ?? before.failure) : null,
      doubt: inDoubt ? (changes.doubt ?? before.doubt ?? toDoubt(toDispute(event), now)) : null,
      nextAction: status === 'pending' ? (changes.nextAction ?? before.nextAction) : null,
      updatedAt: now,
      completedAt: !isFinal(status) ? null : status === before.status ? before.completedAt : now,
    };
  }

  private toEvent(
    transaction: Transaction,
    fromStatus: TransactionStatus,
    { event, evidence, attemptId }: Pick<Report, 'event' | 'evidence' | 'attemptId'>,
    publicWord: string | null,
  ): EventRecord {
    return {
      id: this.ids.next('evt'),
      merchantId: transaction.merchantId,
      mode: transaction.mode,
      position: publicWord === null ? null : AWAITS_POSITION,
      subjectId: transaction.id,
      type: publicWord === null ? null : `${transaction.kind}.${publicWord}`,
      data: publicWord === null ? null : TransactionResponse.from(transaction),
      reported: event,
      fromStatus,
      toStatus: transaction.status,
      version: transaction.version,
      attemptId: attemptId ?? null,
      evidence,
      createdAt: this.clock.now(),
    };
  }
}

/** What is in dispute where evidence meets evidence. The provider took back what we have paid back or are paying back. */
function toDispute(event: Report['event']): DoubtReason {
  return event === 'reversed' ? 'over_refunded' : 'contradiction';
}

/** A doubt that people must resolve now. */
export function toDoubt(reason: DoubtReason, since: number, rest: { nextInquiryAt?: number; deadline?: number } = {}) {
  return { reason, since, nextInquiryAt: rest.nextInquiryAt ?? null, deadline: rest.deadline ?? null };
}

// Everything that a report can change. The rest of the row never changes, so it is not written.
function toColumns(after: Transaction) {
  const { status, version, late, failure, doubt, nextAction, updatedAt, completedAt } = after;
  const { provider, providerReference, receipt, payerPhone, attemptId, firstSentAt, approvals } = after;
  return {
    ...{ status, version, late, failure, doubt, nextAction, updatedAt, completedAt },
    ...{ provider, providerReference, receipt, payerPhone, attemptId, firstSentAt, approvals },
  };
}

function toHoldDetail({ required, reasons }: Approvals): string {
  const why = reasons.map((reason) => (reason === 'amount' ? 'its amount' : 'the first payment to this number'));
  return `Waits for ${required === 1 ? 'the approval of another person' : `${String(required)} approvals`}: ${why.join(', ')}.`;
}

/** The last word of the public event's type, or null for moves that are nobody's business but ours. */
function toPublicWord(before: Transaction, after: Transaction): string | null {
  // Who waits for approvals hears of each.
  if (before.status === 'awaiting_approval' && !isFinal(after.status)) return 'updated';
  if (after.status === 'submitting' || after.status === 'created') return null;
  if (before.status === after.status) return 'updated';
  return after.late && !before.late ? 'succeeded_late' : after.status;
}
