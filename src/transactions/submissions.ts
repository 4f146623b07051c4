import { Inject, Injectable, Logger } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { Money, type Clock, type Scheduler } from '#libs/primitives';
import type { Instruction, MoneyMovement, SubmissionOutcome } from '#libs/provider-kit';
import { RETURN_PURPOSE } from '../callbacks/callback-tokens.js';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
import type { Claim } from './attempt-claims.js';
import { Attempt } from './attempt.entity.js';
import { Attempts, toParty } from './attempts.js';
import { toSubmissionEvidence } from './evidence-of.js';
import { toFailure } from './failures.js';
import { Inquiries } from './inquiries.js';
import { toOutcomeOfOneOfTwo } from './resends.js';
import { toDoubt, TransactionLifecycle, type Report, type Reported } from './transaction-lifecycle.js';

const RECORD_RETRY_MS = 1_000;

/** Takes back a no to the first send: a second one is under way, or was. */
class ResentMeanwhileError extends Error {}

/** Sends a claimed attempt and reports what the provider made of it. */
@Injectable()
export class Submissions {
  private readonly logger = new Logger('Submit');

  constructor(
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly inquiries: Inquiries,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {}

  send(movement: MoneyMovement, claim: Claim, leaseEndsAt: number): Promise<SubmissionOutcome> {
    return movement.submit(this.toInstruction(claim, leaseEndsAt));
  }

  /**
   * Reports the outcome, whatever the lease says: it may carry the only id the provider will ever tell us. But a lapsed
   * lease turns "proven not sent" into doubt: somebody else may have begun.
   */
  async record(claim: Claim, given: SubmissionOutcome, leaseEndsAt: number): Promise<Reported> {
    for (;;) {
      try {
        return await this.tryRecord(claim, given, leaseEndsAt);
      } catch (error) {
        if (error instanceof ResentMeanwhileError)
          return this.tryRecord(claim, toOutcomeOfOneOfTwo(given, 'first'), leaseEndsAt);
        // A database that is away for a moment must not cost us what the provider said.
        if (this.clock.now() + RECORD_RETRY_MS >= leaseEndsAt) throw error;
        this.logger.error(
          { err: error, attempt: claim.attempt.id },
          "A provider's answer could not be stored; trying again.",
        );
        await new Promise<void>((resolve) => this.scheduler.after(RECORD_RETRY_MS, resolve));
      }
    }
  }

  private tryRecord(claim: Claim, given: SubmissionOutcome, leaseEndsAt: number): Promise<Reported> {
    const lapsed = given.kind === 'deferred' && this.clock.now() >= leaseEndsAt;
    const outcome: SubmissionOutcome = lapsed
      ? { ...given, kind: 'unknown', cause: `${given.cause}; the lease had ended` }
      : given;
    switch (outcome.kind) {
      case 'accepted':
        return this.report(claim, outcome, {
          event: 'accepted',
          changes: {
            nextAction: outcome.nextAction ?? null,
            providerReference: outcome.references.providerReference ?? null,
          },
        });
      case 'completed':
        return this.recordCompleted(claim, outcome);
      case 'deferred':
        return this.report(claim, outcome, { event: 'deferred' });
      case 'rejected':
        // The attempt is over and keeps its verdict; the transaction goes on by the other way.
        if (claim.route.leadsOn) return this.report(claim, outcome, { event: 'deferred' });
        return this.report(claim, outcome, {
          event: 'rejected',
          changes: { failure: toFailure(outcome.reason, outcome.said, outcome.providerCode) },
        });
      case 'unknown':
        return this.report(claim, outcome, {
          event: 'unknown',
          changes: { doubt: this.inquiries.toDoubt('answer_lost', claim.attempt, claim.route.operation) },
        });
    }
  }

  // Some providers answer with the final word at once.
  private async recordCompleted(
    claim: Claim,
    outcome: Extract<SubmissionOutcome, { kind: 'completed' }>,
  ): Promise<Reported> {
    await this.report(claim, outcome, {
      event: 'accepted',
      changes: { providerReference: outcome.references.providerReference ?? null },
    });
    return this.inquiries.settle(claim.attempt.id, outcome.report, { source: 'submission' });
  }

  private report(
    claim: Claim,
    outcome: SubmissionOutcome,
    report: Pick<Report, 'event' | 'changes'>,
  ): Promise<Reported> {
    const { attempt, transaction } = claim;
    return this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      evidence: toSubmissionEvidence(outcome),
      ...report,
      alongside: async (tx, after) => {
        await this.note(tx, attempt, outcome, after);
        if (outcome.kind === 'accepted') await this.askSoonAfterDoubt(tx, claim, after);
      },
    });
  }

  // While there was nothing to look it up by, the inquiry was put off to the deadline. Now there is.
  private async askSoonAfterDoubt(tx: Tx, { attempt, route }: Claim, { from }: Reported): Promise<void> {
    if (from !== 'unconfirmed') return;
    const runAt = this.clock.now() + (route.operation.inquirySchedule[0] ?? 0);
    await this.jobs.ensure(tx, { kind: 'inquire', subjectId: attempt.id, runAt });
  }

  private async note(tx: Tx, attempt: Attempt, outcome: SubmissionOutcome, { moved }: Reported): Promise<void> {
    if (outcome.kind === 'accepted' || outcome.kind === 'completed') {
      const bound = await this.attempts.bindReferences(tx, attempt, outcome.references);
      if (!bound) await this.reportTakenReference(tx, attempt);
    }
    // Where it moved nothing, somebody has declared it lost meanwhile: then it stays a matter to ask about.
    if (moved && (outcome.kind === 'deferred' || outcome.kind === 'rejected')) {
      const asItWasSent = { id: attempt.id, resentAt: attempt.resentAt ?? IsNull() };
      const { affected } = await tx.manager.update(Attempt, asItWasSent, { verdict: outcome.kind });
      if (affected !== 1) throw new ResentMeanwhileError();
    }
  }

  // Two attempts under one provider reference cannot both be right: people must look.
  private async reportTakenReference(tx: Tx, attempt: Attempt): Promise<void> {
    await this.lifecycle.reportIn(tx, {
      transactionId: attempt.transactionId,
      attemptId: attempt.id,
      event: 'contradicted',
      evidence: {
        source: 'submission',
        says: 'contradicted',
        detail: 'The provider answered with a reference that belongs to another attempt.',
      },
      changes: { doubt: toDoubt('mismatch', this.clock.now()) },
    });
  }

  private toInstruction({ transaction, attempt, route, ...claim }: Claim, sendBefore: number): Instruction {
    // By way of us: what the provider tells the merchant's page about the payment would be anybody's claim.
    const { [RETURN_PURPOSE]: returnUrl, ...callbackUrls } = claim.callbackUrls;
    return {
      attemptId: attempt.id,
      amount: Money.ofMinor(transaction.amountMinor, transaction.currency),
      party: toParty(transaction.party),
      method: route.method,
      reference: transaction.reference,
      ...(transaction.description !== null && { description: transaction.description }),
      ...(returnUrl !== undefined && { returnUrl }),
      ...(route.original && { original: route.original }),
      callbackUrls,
      sendBefore,
    };
  }
}
