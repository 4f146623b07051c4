import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CallbackTokens } from '../callbacks/callback-tokens.js';
import { CLOCK } from '../config/config.module.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
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
  readonly callbackUrls: Readonly<Record<string, string>>;
}

/** Moves a transaction to `submitting` and stores the attempt that is about to be sent, in one database transaction. */
@Injectable()
export class AttemptClaims {
  constructor(
    private readonly lifecycle: TransactionLifecycle,
    private readonly attempts: Attempts,
    private readonly tokens: CallbackTokens,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined where the transaction was moved by somebody else meanwhile: then nothing may be sent. */
  async claim(transaction: Transaction, route: Route, previous: readonly Attempt[]): Promise<Claim | undefined> {
    const now = this.clock.now();
    const again = findResendable(previous, route);
    const attempt = again ? { ...again, sentAt: now, verdict: null } : this.attempts.open(transaction, route);
    // A deferred attempt was proven not taken, so it goes again as it was: same id, same callback path.
    let callbackUrls = again ? await this.tokens.reissue(again) : {};
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
        callbackUrls = again ? callbackUrls : await this.tokens.issue(tx, attempt, route.operation.callbackPurposes);
        await this.store(tx, attempt, again !== undefined);
        // Whoever dies now, somebody will ask what became of it.
        await this.jobs.ensure(tx, {
          kind: 'inquire',
          subjectId: attempt.id,
          runAt: now + (route.operation.inquirySchedule[0] ?? 0),
        });
      },
    });
    return reported.moved ? { transaction: reported.transaction, attempt, route, callbackUrls } : undefined;
  }

  private async store(tx: Tx, attempt: Attempt, exists: boolean): Promise<void> {
    if (!exists) return tx.insert(Attempt, [attempt]);
    await tx.manager.update(Attempt, { id: attempt.id }, { sentAt: attempt.sentAt, verdict: null });
  }
}

/** The route to take next: one whose account has not yet said no, else the one that may be asked again. */
export function chooseRoute(routes: readonly [Route, ...Route[]], previous: readonly Attempt[]): Route {
  const untried = routes.find((route) => !previous.some((attempt) => attempt.providerAccountId === route.account.id));
  const latest = previous.at(-1);
  return untried ?? routes.find((route) => route.account.id === latest?.providerAccountId) ?? routes[0];
}

function findResendable(previous: readonly Attempt[], route: Route): Attempt | undefined {
  const latest = previous.findLast((attempt) => attempt.providerAccountId === route.account.id);
  return latest?.verdict === 'deferred' ? latest : undefined;
}
