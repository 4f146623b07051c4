import { Inject, Injectable } from '@nestjs/common';
import { Money, type Clock } from '#libs/primitives';
import type { OperationFacts, StatusReport } from '#libs/provider-kit';
import { CLOCK, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
import { Attempt } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import { toAbsence, toSettlement, withReference, type Consequence } from './consequences.js';
import type { Evidence } from './evidence.js';
import { toStatusEvidence } from './evidence-of.js';
import { judge, nextInquiryAt, type Judgement } from './judgement.js';
import { findAnswerLife, Questions } from './questions.js';
import { Routes } from './routes.js';
import type { Route } from './routing.js';
import { toDoubt, TransactionLifecycle, type Report, type Reported } from './transaction-lifecycle.js';
import { Transaction, type Doubt, type DoubtReason } from './transaction.entity.js';
import type { TransactionStatus } from './transaction-states.js';

interface Answered {
  readonly kind: 'answered';
  readonly reported: Reported;
  readonly settled: boolean;
  /** The answer comes by callback. */
  readonly asked: boolean;
  /** When to ask again at the latest, in epoch ms. */
  readonly notAfter: number | null;
}

/** What asking came to. */
export type Inquiry =
  | Answered
  /** The provider's rate is used up: not asked. */
  | { readonly kind: 'wait'; readonly until: number }
  /** We hold nothing that the provider could look up. */
  | { readonly kind: 'impossible' };

/** Where a provider's word comes from. */
export interface Origin {
  readonly source: 'submission' | 'callback' | 'inquiry';
  /** When the question left, in epoch ms: its answer is about then, however late we come to read it. */
  readonly askedAt?: number;
  /** How far a callback was believed. */
  readonly trust?: string;
  /** Further writes of the same transaction. */
  readonly alongside?: Report['alongside'];
}

/** Asks providers what became of attempts, and reports what follows from the answers. */
@Injectable()
export class Inquiries {
  constructor(
    private readonly database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly questions: Questions,
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
    const movement = this.routes.movement(route);
    const urls = await this.questions.open(attempt, route.operation);
    const askedAt = this.clock.now();
    const report = await movement.inquire(this.attempts.toSent(attempt, transaction, route.method, urls));
    const alongside = (tx: Tx): Promise<void> => this.questions.noteAsked(tx, urls, report);
    return this.conclude(attempt.id, report, { source: 'inquiry', askedAt, alongside });
  }

  /** Reports a provider's word that came another way: with the submit's answer, or in a callback that is evidence. */
  async settle(attemptId: string, report: StatusReport, origin: Origin): Promise<Reported> {
    return (await this.conclude(attemptId, report, origin)).reported;
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
    return attempt.sentAt + (operation.inquirySchedule.at(-1) ?? 0) + findAnswerLife(operation);
  }

  // The attempt is read anew: while we asked, a callback may have left a hint that weighs in.
  private async conclude(attemptId: string, report: StatusReport, origin: Origin): Promise<Answered> {
    const attempt = await this.attempts.get(attemptId);
    const transaction = await this.load(attempt);
    const route = await this.routes.ofAttempt(attempt, transaction);
    const now = origin.askedAt ?? this.clock.now();
    // A definite word of the provider itself needs no second opinion; only an inquiry's failure may be premature.
    const facts = origin.source === 'inquiry' ? route.operation : { ...route.operation, provisionalFailureMs: 0 };
    const expected = Money.ofMinor(transaction.amountMinor, transaction.currency);
    const judgement = judge({ report, expected, hint: attempt.hint, facts, sentAt: attempt.sentAt, now });
    const consequence = this.toConsequence(judgement, report, attempt, route);
    const reported = await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId,
      evidence: toEvidence(origin, report),
      ...withReference(consequence, transaction, attempt),
      alongside: async (tx, after) => {
        await this.note(tx, attempt, judgement, after);
        await origin.alongside?.(tx, after);
      },
    });
    return {
      kind: 'answered',
      reported,
      settled: isAnswer(judgement, attempt, reported),
      asked: report.kind === 'asked',
      notAfter: judgement.kind === 'open' ? judgement.notAfter : null,
    };
  }

  private toConsequence(judgement: Judgement, report: StatusReport, attempt: Attempt, route: Route): Consequence {
    switch (judgement.kind) {
      case 'open':
        return { event: 'noted', changes: { doubt: this.toDoubt('answer_lost', attempt, route.operation) } };
      case 'contradicted':
        return { event: 'contradicted', changes: { doubt: toDoubt(judgement.reason, this.clock.now()) } };
      case 'undecidable':
        return { event: 'exhausted', changes: { doubt: toDoubt('exhausted', this.clock.now()) } };
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

/** Whether the provider could find this attempt at all. */
export function canLookUp(attempt: Pick<Attempt, 'providerReference'>, { inquireBy }: OperationFacts): boolean {
  return inquireBy === 'attemptId' || (inquireBy === 'providerReference' && attempt.providerReference !== null);
}

function toEvidence({ source, trust }: Origin, report: StatusReport): Evidence {
  const evidence = toStatusEvidence(source === 'callback' ? 'callback' : 'inquiry', report);
  return { ...evidence, source, ...(trust !== undefined && { trust }) };
}
