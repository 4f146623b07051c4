import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { MoneyMovement, SubmissionOutcome } from '#libs/provider-kit';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { notFound, Problem, retryLater } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import type { Attempt } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import { toSubmissionEvidence } from './evidence-of.js';
import type { Evidence } from './evidence.js';
import { Inquiries } from './inquiries.js';
import { Routes } from './routes.js';
import type { Route } from './routing.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { TransactionReader } from './transaction-reader.js';
import { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

// The customer waits with the code in hand; a little longer for a place in the provider's rate is fine.
const PATIENCE_MS = 5_000;
const RETRY_MS = 30_000;

/** Whose transaction waits for the code. */
export type CodeOwner = Pick<MerchantCaller, 'merchantId' | 'mode'>;

/**
 * Hands a customer's one-time code on to the provider. The code confirms a movement that exists already, so sending it twice
 * cannot move money twice; silence leaves the transaction as it is, and the provider is asked.
 */
@Injectable()
export class OneTimeCodesService {
  private readonly logger = new Logger('OneTimeCodes');

  constructor(
    private readonly transactions: TransactionReader,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly inquiries: Inquiries,
    private readonly lifecycle: TransactionLifecycle,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `otp_not_expected`, `otp_refused`, or `unavailable` where it was proven not to be taken. */
  async submit(caller: CodeOwner, id: string, otp: string): Promise<TransactionResponse> {
    const transaction = await this.getOwn(caller, id);
    const isExpected = transaction.status === 'pending' && transaction.nextAction?.type === 'enter_otp';
    if (!isExpected || transaction.attemptId === null) throw notExpected(transaction);
    const attempt = await this.attempts.get(transaction.attemptId);
    const route = await this.routes.ofAttempt(attempt, transaction);
    const movement = this.connect(route);
    if (!movement.submitOtp) throw notExpected(transaction);
    const waitMs = await this.routes.waitForTurn(route, PATIENCE_MS);
    if (waitMs > 0) throw retryLater('unavailable', 'The provider takes no more requests for a moment.', waitMs);
    const sent = this.attempts.toSent(attempt, transaction, route.method, {});
    await this.conclude(attempt, route, await movement.submitOtp(sent, otp));
    return TransactionResponse.from(await this.getOwn(caller, id));
  }

  private async conclude(attempt: Attempt, route: Route, outcome: SubmissionOutcome): Promise<void> {
    switch (outcome.kind) {
      case 'completed':
        await this.inquiries.settle(attempt.id, outcome.report, { source: 'submission' });
        return;
      case 'accepted':
        await this.note(attempt, {
          evidence: toSubmissionEvidence(outcome),
          askAt: this.firstInquiry(route),
          taken: true,
        });
        return;
      case 'unknown':
        await this.note(attempt, { evidence: toSubmissionEvidence(outcome), askAt: this.clock.now() });
        return;
      case 'rejected':
        return this.refuse(attempt, outcome);
      case 'deferred':
        throw retryLater(
          'unavailable',
          'The provider did not take the code; it may be sent again.',
          outcome.retryAfterMs ?? RETRY_MS,
        );
    }
  }

  /** A refused code ends nothing by itself; but it may have been the last that the provider takes, so we ask. */
  private async refuse(attempt: Attempt, outcome: Extract<SubmissionOutcome, { kind: 'rejected' }>): Promise<never> {
    const evidence: Evidence = {
      ...toSubmissionEvidence(outcome),
      says: 'pending',
      detail: 'The provider refused the one-time code.',
    };
    await this.note(attempt, { evidence, askAt: this.clock.now() });
    if (outcome.reason !== 'wrong_pin')
      throw retryLater('unavailable', 'The provider refuses this account for now; the code was not taken.', RETRY_MS);
    throw new Problem(
      'otp_refused',
      'The provider refused the code. Ask the customer for the newest one and send that.',
    );
  }

  /** Whatever a code comes to, the provider's status decides: asked no later than `askAt`. */
  private async note(
    attempt: Attempt,
    { evidence, askAt, taken = false }: { evidence: Evidence; askAt: number; taken?: boolean },
  ): Promise<void> {
    await this.lifecycle.report({
      transactionId: attempt.transactionId,
      attemptId: attempt.id,
      event: 'noted',
      evidence,
      alongside: async (tx, { transaction: { id, version } }) => {
        // Taken: there is nothing left for the customer to enter.
        if (taken) await tx.manager.update(Transaction, { id, version }, { nextAction: null });
        await this.jobs.ensure(tx, { kind: 'inquire', subjectId: attempt.id, runAt: askAt });
      },
    });
  }

  private firstInquiry({ operation }: Route): number {
    return this.clock.now() + (operation.inquirySchedule[0] ?? 0);
  }

  private connect(route: Route): MoneyMovement {
    try {
      return this.routes.movement(route);
    } catch (error) {
      this.logger.error({ err: error, account: route.account.id }, 'A provider account cannot be connected.');
      throw retryLater('unavailable', 'The provider account cannot be connected; check its credentials.', RETRY_MS);
    }
  }

  private async getOwn({ merchantId, mode }: CodeOwner, id: string): Promise<Transaction> {
    const row = await this.transactions.find(id);
    if (row?.merchantId !== merchantId || row.mode !== mode) throw notFound();
    return row;
  }
}

function notExpected({ status }: Transaction): Problem {
  return new Problem(
    'otp_not_expected',
    `It is ${status} and waits for no code. Read it: nextAction says what it waits for.`,
    {
      members: { transactionStatus: status },
    },
  );
}
