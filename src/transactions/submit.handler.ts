import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { toService } from '../circuits/outcome-health.js';
import type { Served } from '../circuits/circuit-breaker.js';
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
import { findResendAt, toOutcomeOfOneOfTwo } from './resends.js';
import { Routes } from './routes.js';
import type { Route, SomeRoutes } from './routing.js';
import { Submissions } from './submissions.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import type { Transaction } from './transaction.entity.js';
import { TransactionReader } from './transaction-reader.js';

// After "proven not taken": soon at first, then patiently, until the transaction's own time runs out.
const RETRY_MS = [2_000, 5_000, 10_000, 20_000, 30_000];

// Whoever starts payouts again wakes what waits; this is for what he missed.
const STOPPED_MS = 5 * 60_000;

/** How one try takes the right to send, and then sends. */
interface Sending {
  readonly claim: () => Promise<Claim | 'taken' | 'stopped'>;
  readonly send: (claim: Claim) => Promise<Served<JobResult>>;
}

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
    if (transaction?.status === 'submitting') return this.resolveLostWorker(transaction, turn);
    if (transaction?.status === 'unconfirmed') return this.resend(transaction, turn);
    if (transaction?.status !== 'created') return DONE;
    if (this.clock.now() >= transaction.expiresAt) return this.lapse(transactionId);
    const routing = await this.routes.findFor(transaction);
    if (routing.kind === 'refused') return this.refuse(transaction, routing.problem.detail);
    // It stays as it is, and can be cancelled, until a provider is back or its time is up.
    if (routing.kind === 'resting') return this.comeBack(routing.until, turn);
    return this.route(transaction, routing.routes, turn);
  }

  private async route(transaction: Transaction, routes: SomeRoutes, turn: JobTurn): Promise<JobResult> {
    const previous = await this.attempts.list(transaction.id);
    const route = chooseRoute(routes, previous);
    const movement = this.connect(route);
    if (!movement)
      return this.refuse(transaction, 'The stored credentials of the provider account do not open or do not fit.');
    return this.sendInTurn(route, turn, {
      claim: () => this.claims.claim(transaction, route, previous),
      send: (claim) => this.send(movement, claim, routes, turn),
    });
  }

  /** Claims and sends once the account's rate and its circuit let it through; otherwise comes back when they may. */
  private async sendInTurn(route: Route, turn: JobTurn, { claim, send }: Sending): Promise<JobResult> {
    const waitMs = await this.routes.waitForTurn(route, 0);
    if (waitMs > 0) return again(this.clock.now() + waitMs);
    const passage = await this.routes.passCircuit<JobResult>(route, async () => {
      const claimed = await claim();
      if (claimed === 'taken') return { service: 'tells_nothing', value: DONE };
      if (claimed === 'stopped') return { service: 'tells_nothing', value: again(this.clock.now() + STOPPED_MS) };
      return send(claimed);
    });
    return passage.kind === 'passed' ? passage.value : this.comeBack(passage.until, turn);
  }

  private comeBack(atTheEarliest: number, turn: JobTurn): JobResult {
    return again(Math.max(atTheEarliest, this.clock.now() + findPatience(turn)));
  }

  private async send(
    movement: MoneyMovement,
    claim: Claim,
    routes: readonly Route[],
    turn: JobTurn,
  ): Promise<Served<JobResult>> {
    const given = await this.submissions.send(movement, claim, turn.leaseEndsAt);
    const outcome = this.withFailover(given, routes, claim);
    const { transaction } = await this.submissions.record(claim, outcome, turn.leaseEndsAt);
    const goesAgain = transaction.status === 'created';
    const value = goesAgain
      ? again(this.clock.now() + findRetryDelay(outcome, turn))
      : await this.awaitResend(transaction, claim.attempt.id);
    return { service: toService(given), value };
  }

  /** Comes back where the provider lets a silent attempt be sent once more. */
  private async awaitResend(transaction: Transaction, attemptId: string): Promise<JobResult> {
    if (transaction.status !== 'unconfirmed') return DONE;
    const attempt = await this.attempts.get(attemptId);
    const { operation } = await this.routes.ofAttempt(attempt, transaction);
    const resendAt = findResendAt(attempt, transaction, operation);
    return resendAt === undefined ? DONE : again(resendAt);
  }

  /** The one identical re-send. Whatever comes of it but a yes, doubt stays: the first one may have been taken. */
  private async resend(transaction: Transaction, turn: JobTurn): Promise<JobResult> {
    const attempt = transaction.attemptId === null ? undefined : await this.attempts.find(transaction.attemptId);
    const route = attempt && (await this.routes.ofAttempt(attempt, transaction));
    const resendAt = attempt && route && findResendAt(attempt, transaction, route.operation);
    if (!attempt || !route || resendAt === undefined || this.clock.now() >= transaction.expiresAt) return DONE;
    if (this.clock.now() < resendAt) return again(resendAt);
    const movement = this.connect(route);
    if (!movement) return DONE;
    return this.sendInTurn(route, turn, {
      claim: () => this.claims.claimResend(transaction, attempt, route),
      send: async (claim) => {
        const given = await this.submissions.send(movement, claim, turn.leaseEndsAt);
        await this.submissions.record(claim, toOutcomeOfOneOfTwo(given, 'second'), turn.leaseEndsAt);
        return { service: toService(given), value: DONE };
      },
    });
  }

  private connect(route: Route): MoneyMovement | undefined {
    try {
      return this.routes.movement(route);
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
  private async resolveLostWorker(transaction: Transaction, { afterLapse }: JobTurn): Promise<JobResult> {
    const attempt = transaction.attemptId === null ? undefined : await this.attempts.find(transaction.attemptId);
    // Whoever hastens a job takes its lease away, and the worker that had it goes on: it is lost when its time is up.
    const aliveUntil = afterLapse || !attempt ? 0 : (attempt.resentAt ?? attempt.sentAt) + LEASE_MS;
    if (this.clock.now() < aliveUntil) return again(aliveUntil);
    const operation = attempt && (await this.routes.ofAttempt(attempt, transaction)).operation;
    const { transaction: after } = await this.lifecycle.report({
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
    return attempt ? this.awaitResend(after, attempt.id) : DONE;
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

function findRetryDelay(outcome: SubmissionOutcome, turn: JobTurn): number {
  const asked = outcome.kind === 'deferred' ? (outcome.retryAfterMs ?? 0) : 0;
  return Math.max(asked, findPatience(turn));
}

function findPatience({ startedBefore }: JobTurn): number {
  return RETRY_MS[Math.min(startedBefore, RETRY_MS.length - 1)] ?? 0;
}
