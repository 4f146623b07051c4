import { Inject, Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { CallbackTokens, RETURN_PURPOSE } from '../callbacks/callback-tokens.js';
import { CLOCK } from '../config/config.module.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
import { PayoutControls } from '../limits/payout-controls.js';
import { Attempt } from './attempt.entity.js';
import { Attempts } from './attempts.js';
import type { Route } from './routing.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import type { Transaction } from './transaction.entity.js';

/** The right to send one attempt now, stored before any byte leaves. */
export interface Claim {
  readonly transaction: Transaction;
  readonly attempt: Attempt;
  readonly route: Route;
  /** By purpose; the customer's way back from a hosted page is one of them. */
  readonly callbackUrls: Readonly<Record<string, string>>;
}

/** Undoes a claim: somebody has pulled the switch. */
class PayoutsStoppedError extends Error {}

/** Moves a transaction to `submitting` and stores the attempt that is about to be sent, in one database transaction. */
@Injectable()
export class AttemptClaims {
  constructor(
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly tokens: CallbackTokens,
    private readonly jobs: Jobs,
    private readonly controls: PayoutControls,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * `taken` where the transaction was moved by somebody else meanwhile, `stopped` where the merchant's payouts are: then
   * nothing may be sent.
   */
  async claim(
    transaction: Transaction,
    route: Route,
    previous: readonly Attempt[],
  ): Promise<Claim | 'taken' | 'stopped'> {
    try {
      return await this.tryClaim(transaction, route, previous);
    } catch (error) {
      if (error instanceof PayoutsStoppedError) return 'stopped';
      throw error;
    }
  }

  private async tryClaim(
    transaction: Transaction,
    route: Route,
    previous: readonly Attempt[],
  ): Promise<Claim | 'taken'> {
    const now = this.clock.now();
    const again = findResendable(previous, route);
    const attempt = again ? { ...again, sentAt: now, verdict: null } : this.attempts.open(transaction, route);
    // A deferred attempt was proven not taken, so it goes again as it was: same id, same callback path.
    let callbackUrls = again ? await this.tokens.reissue(again, listPurposes(route)) : {};
    const reported = await this.lifecycle.report({
      transactionId: transaction.id,
      event: 'claimed',
      quiet: true,
      attemptId: attempt.id,
      evidence: {
        source: 'system',
        says: 'submitting',
        detail: `${again ? 'Sending again' : 'Sending'} through ${route.definition.name}.`,
      },
      changes: { attemptId: attempt.id, provider: route.definition.id, firstSentAt: transaction.firstSentAt ?? now },
      alongside: async (tx, { moved }) => {
        if (!moved) return;
        if (await this.controls.isStopped(tx, transaction)) throw new PayoutsStoppedError();
        callbackUrls = again ? callbackUrls : await this.tokens.issue(tx, attempt, listPurposes(route));
        await this.store(tx, attempt, again !== undefined);
        // Whoever dies now, somebody will ask what became of it.
        await this.jobs.ensure(tx, {
          kind: 'inquire',
          subjectId: attempt.id,
          runAt: now + (route.operation.inquirySchedule[0] ?? 0),
        });
      },
    });
    return reported.moved ? { transaction: reported.transaction, attempt, route, callbackUrls } : 'taken';
  }

  /**
   * The right to send a silent attempt once more, exactly as it was: recorded before a byte leaves, so that no crash makes
   * it three. `taken` where its turn was taken, or an answer came, meanwhile.
   */
  async claimResend(transaction: Transaction, attempt: Attempt, route: Route): Promise<Claim | 'taken' | 'stopped'> {
    const now = this.clock.now();
    const callbackUrls = await this.tokens.reissue(attempt, listPurposes(route));
    try {
      const reported = await this.lifecycle.report({
        transactionId: transaction.id,
        event: 'resent',
        onlyFrom: ['unconfirmed'],
        quiet: true,
        attemptId: attempt.id,
        evidence: {
          source: 'system',
          says: 'submitting',
          detail: `No answer came. Sending the same once more through ${route.definition.name}, which refuses duplicates.`,
        },
        alongside: async (tx, { moved }) => {
          if (!moved) return;
          if (await this.controls.isStopped(tx, transaction)) throw new PayoutsStoppedError();
          await this.noteResend(tx, attempt, now + (route.operation.inquirySchedule[0] ?? 0));
        },
      });
      return reported.moved
        ? { transaction: reported.transaction, attempt: { ...attempt, resentAt: now }, route, callbackUrls }
        : 'taken';
    } catch (error) {
      if (error instanceof ResendTakenError) return 'taken';
      if (error instanceof PayoutsStoppedError) return 'stopped';
      throw error;
    }
  }

  // The status alone would let a second worker in once the first has come back with nothing.
  private async noteResend(tx: Tx, { id }: Attempt, inquireAt: number): Promise<void> {
    const isStillSilent = { id, resentAt: IsNull(), providerReference: IsNull(), verdict: IsNull() };
    const { affected } = await tx.manager.update(Attempt, isStillSilent, { resentAt: this.clock.now() });
    if (affected !== 1) throw new ResendTakenError();
    await this.jobs.ensure(tx, { kind: 'inquire', subjectId: id, runAt: inquireAt });
  }

  private async store(tx: Tx, attempt: Attempt, exists: boolean): Promise<void> {
    if (!exists) return tx.insert(Attempt, [attempt]);
    await tx.manager.update(Attempt, { id: attempt.id }, { sentAt: attempt.sentAt, verdict: null });
  }
}

/** Takes back a database transaction whose attempt is no longer silent, or was sent again already. */
class ResendTakenError extends Error {}

/** What the attempt needs paths for: the provider's messages, and the customer whom a hosted page sends back. */
function listPurposes({ method, operation }: Route): readonly string[] {
  return method.flow === 'redirect' ? [...operation.callbackPurposes, RETURN_PURPOSE] : operation.callbackPurposes;
}

/** The route to take next: one whose account has not yet said no, else the one that may be asked again. */
export function chooseRoute(routes: readonly [Route, ...Route[]], previous: readonly Attempt[]): Route {
  const untried = routes.find((route) => !previous.some((attempt) => attempt.providerAccountId === route.account.id));
  const latest = previous.at(-1);
  return untried ?? routes.find((route) => route.account.id === latest?.providerAccountId) ?? routes[0];
}

function findResendable(previous: readonly Attempt[], route: Route): Attempt | undefined {
  const latest = previous.findLast(
    (attempt) => attempt.providerAccountId === route.account.id && attempt.operation === route.capability,
  );
  return latest?.verdict === 'deferred' ? latest : undefined;
}
