import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { MoneyMovement, SubmissionOutcome } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { again, DONE, type JobHandler, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { LEASE_MS } from '../jobs/job-store.js';
import { PROVIDER_REQUEST_TIMEOUT_MS } from '../providers/provider-ports.js';
import { listDefinitions } from '../providers/registry.js';
import { AttemptClaims, chooseRoute, type Claim } from './attempt-claims.js';
import { Attempts } from './attempts.js';
import { toLapse } from './expire.handler.js';
import { toFailure } from './failures.js';
import { Inquiries } from './inquiries.js';
import { checkLeaseTiming } from './lease-timing.js';
import { Routes } from './routes.js';
import type { Route } from './routing.js';
import { Submissions } from './submissions.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import type { Transaction } from './transaction.entity.js';
import { TransactionReader } from './transaction-reader.js';

// After "proven not taken": soon at first, then patiently, until the transaction's own time runs out.
const RETRY_MS = [2_000, 5_000, 10_000, 20_000, 30_000];

/**
 * Sends a transaction to its provider. The attempt is stored before any byte leaves; whatever dies after that point
 * leaves doubt, which an inquiry or a callback resolves, never a second send.
 */
@Injectable()
export class SubmitHandler implements JobHandler, OnModuleInit {
  readonly kind = 'submit';
  private readonly logger = new Logger('Submit');

  constructor(
    private readonly transactions: TransactionReader,
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly claims: AttemptClaims,
    private readonly submissions: Submissions,
    private readonly inquiries: Inquiries,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    checkLeaseTiming({ leaseMs: LEASE_MS, requestTimeoutMs: PROVIDER_REQUEST_TIMEOUT_MS }, listDefinitions());
    this.runner.register(this);
  }

  async run(transactionId: string, turn: JobTurn): Promise<JobResult> {
    const transaction = await this.transactions.find(transactionId);
    if (transaction?.status === 'submitting') return this.resolveLostWorker(transaction);
    if (transaction?.status !== 'created') return DONE;
    if (this.clock.now() >= transaction.expiresAt) return this.lapse(transactionId);
    const routing = await this.routes.findFor(transaction);
    if (routing.kind === 'refused') return this.refuse(transaction, routing.problem.detail);
    return this.send(transaction, routing.routes, turn);
  }

  private async send(
    transaction: Transaction,
    routes: readonly [Route, ...Route[]],
    turn: JobTurn,
  ): Promise<JobResult> {
    const previous = await this.attempts.list(transaction.id);
    const route = chooseRoute(routes, previous);
    const movement = this.connect(route, transaction);
    if (!movement)
      return this.refuse(transaction, 'The stored credentials of the provider account do not open or do not fit.');
    const waitMs = await this.routes.waitForTurn(route, 0);
    if (waitMs > 0) return again(this.clock.now() + waitMs);
    const claim = await this.claims.claim(transaction, route, previous);
    if (!claim) return DONE;
    const given = await this.submissions.send(movement, claim, turn.leaseEndsAt);
    const outcome = this.withFailover(given, routes, claim);
    const { transaction: after } = await this.submissions.record(claim, outcome, turn.leaseEndsAt);
    return after.status === 'created' ? again(this.clock.now() + findRetryDelay(outcome, turn)) : DONE;
  }

  private connect(route: Route, transaction: Transaction): MoneyMovement | undefined {
    try {
      return this.routes.movement(route, transaction.kind);
    } catch (error) {
      this.logger.error({ err: error, account: route.account.id }, 'A provider account cannot be connected.');
      return undefined;
    }
  }

  /** A proven "not available" opens the way to another account, if there is one that has not been tried. */
  private withFailover(outcome: SubmissionOutcome, routes: readonly Route[], claim: Claim): SubmissionOutcome {
    const unavailable = outcome.kind === 'rejected' && outcome.reason === 'provider_unavailable';
    const another = routes.some((route) => route.account.id !== claim.route.account.id);
    return unavailable && another
      ? { kind: 'deferred', cause: 'the provider is not available', said: outcome.said }
      : outcome;
  }

  /** A worker stored the attempt and then fell silent: it may have sent it. */
  private async resolveLostWorker(transaction: Transaction): Promise<JobResult> {
    const attempt = transaction.attemptId === null ? undefined : await this.attempts.find(transaction.attemptId);
    const operation = attempt && (await this.routes.ofAttempt(attempt, transaction)).operation;
    await this.lifecycle.report({
      transactionId: transaction.id,
      event: 'unknown',
      ...(attempt && { attemptId: attempt.id }),
      evidence: {
        source: 'system',
        says: 'unknown',
        detail: 'The worker that was sending it stopped before it could tell.',
      },
      changes: attempt && operation ? { doubt: this.inquiries.toDoubt('worker_lost', attempt, operation) } : {},
    });
    return DONE;
  }

  // The expire job may have found it in flight and gone; what was deferred after that ends here.
  private async lapse(transactionId: string): Promise<JobResult> {
    await this.lifecycle.report(toLapse(transactionId));
    return DONE;
  }

  private async refuse(transaction: Transaction, detail: string): Promise<JobResult> {
    await this.lifecycle.report({
      transactionId: transaction.id,
      event: 'refused',
      evidence: { source: 'system', says: 'failed', detail },
      changes: { failure: toFailure('provider_unavailable') },
    });
    return DONE;
  }
}

function findRetryDelay(outcome: SubmissionOutcome, { startedBefore }: JobTurn): number {
  const asked = outcome.kind === 'deferred' ? (outcome.retryAfterMs ?? 0) : 0;
  return Math.max(asked, RETRY_MS[Math.min(startedBefore, RETRY_MS.length - 1)] ?? 0);
}
