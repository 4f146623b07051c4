import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { again, DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { findOpenHint, type Attempt } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import { canLookUp, Inquiries } from './inquiries.js';
import { nextInquiryAt } from './judgement.js';
import { isOpen } from './open-matters.js';
import { ANSWER_LIFE_MS, findLastQuestion } from './questions.js';
import { Routes } from './routes.js';
import { toDoubt, TransactionLifecycle } from './transaction-lifecycle.js';
import type { Transaction } from './transaction.entity.js';
import { TransactionReader } from './transaction-reader.js';

// While the submit's answer is on its way there is nothing to ask about yet, unless a callback was faster.
const SUBMITTING_RETRY_MS = 2_000;

/** Asks a provider about an attempt, again and again by its schedule, until the matter is closed or people must look. */
@Injectable()
export class InquireHandler implements JobHandler, OnModuleInit {
  readonly kind = 'inquire';

  constructor(
    private readonly transactions: TransactionReader,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly inquiries: Inquiries,
    private readonly lifecycle: TransactionLifecycle,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(attemptId: string): Promise<JobResult> {
    const attempt = await this.attempts.find(attemptId);
    const transaction = attempt && (await this.transactions.find(attempt.transactionId));
    if (!transaction || !isOpen(transaction, attempt)) return DONE;
    const { operation } = await this.routes.ofAttempt(attempt, transaction);
    if (!canLookUp(attempt, operation)) return this.awaitWord(transaction, attempt);
    // A hint is fresh news: the schedule begins again with it.
    const from = Math.max(attempt.sentAt, findOpenHint(attempt)?.at ?? 0);
    const lastAskedAt = findLastQuestion(attempt, operation, from);
    if (lastAskedAt !== undefined) return this.awaitAnswer(transaction, attempt, lastAskedAt + ANSWER_LIFE_MS);
    const inquiry = await this.inquiries.ask(attempt, 0);
    if (inquiry.kind === 'wait') return again(inquiry.until);
    if (inquiry.kind === 'impossible') return this.awaitWord(transaction, attempt);
    if (inquiry.settled) return DONE;
    const now = this.clock.now();
    const next = nextInquiryAt(operation.inquirySchedule, from, now);
    if (next !== undefined || inquiry.notAfter !== null)
      return again(Math.min(next ?? Infinity, inquiry.notAfter ?? Infinity));
    if (inquiry.asked) return again(now + ANSWER_LIFE_MS);
    return this.giveUp(transaction, attempt);
  }

  /** The last question was asked, and its answer comes by callback, if it comes. */
  private async awaitAnswer(transaction: Transaction, attempt: Attempt, until: number): Promise<JobResult> {
    return this.clock.now() < until ? again(until) : this.giveUp(transaction, attempt);
  }

  /** Nothing to look it up by: only a callback can tell, and at the deadline people are asked. */
  private async awaitWord(transaction: Transaction, attempt: Attempt): Promise<JobResult> {
    const now = this.clock.now();
    if (transaction.status === 'submitting') return again(now + SUBMITTING_RETRY_MS);
    const { operation } = await this.routes.ofAttempt(attempt, transaction);
    const deadline = this.inquiries.findDeadline(attempt, operation);
    if (now < deadline) return again(deadline);
    await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      event: 'exhausted',
      evidence: {
        source: 'system',
        says: 'unknown',
        detail: 'The provider never gave an id to look this up by, and no word came in time.',
      },
      changes: { doubt: toDoubt('no_lookup_possible', transaction.doubt?.since ?? now, { deadline }) },
    });
    return DONE;
  }

  private async giveUp(transaction: Transaction, attempt: Attempt): Promise<JobResult> {
    const now = this.clock.now();
    const waiting = transaction.status === 'pending' || transaction.status === 'unconfirmed';
    const reason = waiting ? 'exhausted' : 'contradiction';
    await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      // After the end of a transaction, a claim that nobody confirms or denies stands against what we recorded.
      event: waiting ? 'exhausted' : 'contradicted',
      evidence: { source: 'system', says: 'unknown', detail: 'The provider gave no definite answer to any inquiry.' },
      changes: { doubt: toDoubt(reason, transaction.doubt?.since ?? now) },
    });
    return DONE;
  }
}
