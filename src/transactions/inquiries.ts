import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { OperationFacts, StatusReport } from '#libs/provider-kit';
import { CLOCK, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
import { Attempt, type CallbackHint } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import type { Evidence } from './evidence.js';
import { toStatusEvidence } from './evidence-of.js';
import { toFailure } from './failures.js';
import { judge, nextInquiryAt, type Judgement } from './judgement.js';
import { Routes } from './routes.js';
import type { Route } from './routing.js';
import {
  toDoubt,
  TransactionLifecycle,
  type Report,
  type Reported,
  type TransactionChanges,
} from './transaction-lifecycle.js';
import { Transaction, type Doubt, type DoubtReason } from './transaction.entity.js';
import type { TransactionEventName, TransactionStatus } from './transaction-states.js';

/** What asking came to. */
export type Inquiry =
  | {
      readonly kind: 'answered';
      readonly reported: Reported;
      readonly settled: boolean;
      readonly notAfter: number | null;
    }
  /** The provider's rate is used up: not asked. */
  | { readonly kind: 'wait'; readonly until: number }
  /** We hold nothing that the provider could look up. */
  | { readonly kind: 'impossible' };

/** Asks providers what became of attempts, and reports what follows from the answers. */
@Injectable()
export class Inquiries {
  constructor(
    private readonly database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Asks about one attempt now, waiting at most `maxWaitMs` for a place in the account's rate. */
  async ask(attempt: Attempt, maxWaitMs: number): Promise<Inquiry> {
    const transaction = await this.load(attempt);
    const route = await this.routes.ofAttempt(attempt, transaction);
    if (!canLookUp(attempt, route.operation)) return { kind: 'impossible' };
    const waitMs = await this.routes.waitForTurn(route, maxWaitMs);
    if (waitMs > 0) return { kind: 'wait', until: this.clock.now() + waitMs };
    const movement = this.routes.movement(route, transaction.kind);
    const report = await movement.inquire(this.attempts.toSent(attempt, transaction, route.method, {}));
    return this.conclude(attempt.id, report, 'inquiry');
  }

  /** Reports a provider's definite word that came another way: with the submit's answer, or in a signed callback. */
  async settle(
    attemptId: string,
    report: StatusReport,
    source: 'submission' | 'callback',
  ): Promise<Reported | undefined> {
    const inquiry = await this.conclude(attemptId, report, source);
    return inquiry.kind === 'answered' ? inquiry.reported : undefined;
  }

  /** The doubt of an attempt whose fate we do not know: when we ask again, and when people will be asked. */
  toDoubt(reason: DoubtReason, attempt: Attempt, operation: OperationFacts): Doubt {
    const now = this.clock.now();
    const nextAt = canLookUp(attempt, operation)
      ? nextInquiryAt(operation.inquirySchedule, attempt.sentAt, now)
      : undefined;
    return toDoubt(reason, now, { nextInquiryAt: nextAt, deadline: this.findDeadline(attempt, operation) });
  }

  /** Epoch ms at which an attempt that nobody can tell about goes to people. */
  findDeadline(attempt: Attempt, operation: OperationFacts): number {
    if (!canLookUp(attempt, operation))
      return attempt.sentAt + (operation.promptLifeMs ?? 0) + this.settings.unconfirmedMs;
    return attempt.sentAt + (operation.inquirySchedule.at(-1) ?? 0);
  }

  // The attempt is read anew: while we asked, a callback may have left a hint that weighs in.
  private async conclude(
    attemptId: string,
    report: StatusReport,
    source: 'submission' | 'callback' | 'inquiry',
  ): Promise<Inquiry> {
    const attempt = await this.attempts.get(attemptId);
    const transaction = await this.load(attempt);
    const route = await this.routes.ofAttempt(attempt, transaction);
    const now = this.clock.now();
    // A definite word of the provider itself needs no second opinion; only an inquiry's failure may be premature.
    const facts = source === 'inquiry' ? route.operation : { ...route.operation, provisionalFailureMs: 0 };
    const judgement = judge({ report, hint: attempt.hint, facts, sentAt: attempt.sentAt, now });
    const consequence = this.toConsequence(judgement, report, attempt, route);
    const reported = await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId,
      evidence: toEvidence(source, report),
      ...withReference(consequence, transaction, attempt),
      alongside: (tx, after) => this.note(tx, attempt, judgement, after),
    });
    return {
      kind: 'answered',
      reported,
      settled: isAnswer(judgement, attempt, reported),
      notAfter: judgement.kind === 'open' ? judgement.notAfter : null,
    };
  }

  private toConsequence(
    judgement: Judgement,
    report: StatusReport,
    attempt: Attempt,
    route: Route,
  ): Pick<Report, 'event' | 'changes'> {
    switch (judgement.kind) {
      case 'open':
        return { event: 'noted', changes: { doubt: this.toDoubt('answer_lost', attempt, route.operation) } };
      case 'contradicted':
        return { event: 'contradicted', changes: { doubt: toDoubt(judgement.reason, this.clock.now()) } };
      case 'absent':
        return toAbsence(route.operation);
      case 'settled':
        return toSettlement(judgement.event, report, attempt);
    }
  }

  private async note(tx: Tx, attempt: Attempt, judgement: Judgement, after: Reported): Promise<void> {
    const answered = isAnswer(judgement, attempt, after);
    await tx.manager.update(
      Attempt,
      { id: attempt.id },
      {
        inquiries: () => 'inquiries + 1',
        ...(answered && judgement.kind === 'settled' && { verdict: judgement.event }),
        // Proven never taken: it may go again, as the same attempt.
        ...(answered && judgement.kind === 'absent' && { verdict: 'deferred' }),
        ...(answered && attempt.hint && { answeredCallbackId: attempt.hint.callbackId }),
      },
    );
    const goesAgain = after.moved && after.transaction.status === 'created';
    if (goesAgain)
      await this.jobs.ensure(tx, { kind: 'submit', subjectId: attempt.transactionId, runAt: this.clock.now() });
  }

  private load(attempt: Attempt): Promise<Transaction> {
    return this.database.read.findOneOrFail(Transaction, { where: { id: attempt.transactionId } });
  }
}

const IN_FLIGHT: readonly TransactionStatus[] = ['submitting', 'unconfirmed', 'pending'];

/** Whether the matter is closed. A word that moves nothing while the attempt is still in flight (absent, though accepted) is not. */
function isAnswer(judgement: Judgement, attempt: Attempt, { moved, transaction }: Reported): boolean {
  if (judgement.kind === 'open') return false;
  return moved || transaction.attemptId !== attempt.id || !IN_FLIGHT.includes(transaction.status);
}

// Where the submit's answer was lost, a callback taught us the reference: merchants see it with the next move.
function withReference(
  consequence: Pick<Report, 'event' | 'changes'>,
  transaction: Transaction,
  attempt: Attempt,
): Pick<Report, 'event' | 'changes'> {
  if (attempt.providerReference === null || attempt.id !== transaction.attemptId) return consequence;
  return { ...consequence, changes: { ...consequence.changes, providerReference: attempt.providerReference } };
}

/** Whether the provider could find this attempt at all. */
export function canLookUp(attempt: Pick<Attempt, 'providerReference'>, { inquireBy }: OperationFacts): boolean {
  return inquireBy === 'attemptId' || (inquireBy === 'providerReference' && attempt.providerReference !== null);
}

function toAbsence(operation: OperationFacts): Pick<Report, 'event' | 'changes'> {
  const mayGoAgain = operation.dedupe === 'idempotent' || operation.dedupe === 'queryable';
  return mayGoAgain
    ? { event: 'absentRetry' }
    : { event: 'absentFinal', changes: { failure: toFailure('provider_unavailable') } };
}

function toSettlement(
  event: TransactionEventName,
  report: StatusReport,
  attempt: Attempt,
): Pick<Report, 'event' | 'changes'> {
  if (event === 'succeeded') return { event, changes: toSuccess(report, attempt.hint) };
  const failure = 'reason' in report ? toFailure(report.reason, report.said, report.providerCode) : undefined;
  return { event, changes: failure ? { failure } : {} };
}

// The query proves the payment and carries no receipt; the callback that agrees with it does.
function toSuccess(report: StatusReport, hint: CallbackHint | null): TransactionChanges {
  const own = report.kind === 'succeeded' ? report.receipt : undefined;
  const receipt = own ?? (hint?.matches && hint.says === 'succeeded' ? (hint.receipt ?? undefined) : undefined);
  return receipt === undefined ? {} : { receipt };
}

function toEvidence(source: 'submission' | 'callback' | 'inquiry', report: StatusReport): Evidence {
  return { ...toStatusEvidence(source === 'callback' ? 'callback' : 'inquiry', report), source };
}
