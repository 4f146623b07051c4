import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { notFound, Problem } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import { TransactionLifecycle, type Report } from '../transactions/transaction-lifecycle.js';
import { Transaction, type Approvals } from '../transactions/transaction.entity.js';
import { TransactionResponse } from '../transactions/transaction.response.js';

type Held = Transaction & { readonly approvals: Approvals };

type Word = Pick<Report, 'event' | 'alongside'> & { readonly approvals: Approvals };

/**
 * Lets other people than its creator decide about a payout that the merchant's rules hold. Each principal counts once; with
 * the last approval it is sent, with one refusal it is over.
 */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Again by the same principal changes nothing. Throws `not_found`, `own_payout` and `not_awaiting_approval`. */
  approve(caller: MerchantCaller, id: string, note: string | undefined): Promise<TransactionResponse> {
    return this.database.write(async (tx) => {
      const held = await this.getHeld(tx, caller, id);
      const { given, required } = held.approvals;
      if (given.some(({ principalId }) => principalId === caller.principalId)) return TransactionResponse.from(held);
      const approvals = { ...held.approvals, given: [...given, this.toWord(caller)] };
      const isLast = approvals.given.length >= required;
      return this.report(tx, held, toEvidence('approved', caller, note), {
        event: isLast ? 'approved' : 'updated',
        approvals,
        ...(isLast && { alongside: (inTx) => this.send(inTx, held) }),
      });
    });
  }

  /** One is enough. Again by the same principal changes nothing. Throws as `approve` does. */
  decline(caller: MerchantCaller, id: string, note: string | undefined): Promise<TransactionResponse> {
    return this.database.write(async (tx) => {
      const held = await this.getHeld(tx, caller, id);
      if (held.approvals.declined?.principalId === caller.principalId) return TransactionResponse.from(held);
      return this.report(tx, held, toEvidence('declined', caller, note), {
        event: 'declined',
        approvals: { ...held.approvals, declined: this.toWord(caller) },
      });
    });
  }

  private async report(
    tx: Tx,
    held: Held,
    evidence: Report['evidence'],
    { approvals, ...word }: Word,
  ): Promise<TransactionResponse> {
    if (held.status !== 'awaiting_approval') throw notAwaiting(held.status);
    const { moved, transaction } = await this.lifecycle.reportIn(tx, {
      transactionId: held.id,
      onlyFrom: ['awaiting_approval'],
      quiet: true,
      evidence,
      changes: { approvals },
      ...word,
    });
    // Its time ran out, or it was cancelled, a moment ago.
    if (!moved) throw notAwaiting(transaction.status);
    return TransactionResponse.from(transaction);
  }

  private send(tx: Tx, { id }: Held): Promise<void> {
    return this.jobs.ensure(tx, { kind: 'submit', subjectId: id, runAt: this.clock.now() });
  }

  private toWord({ principalId }: MerchantCaller): Approvals['given'][number] {
    return { principalId, at: this.clock.now() };
  }

  // Whoever decides holds the transaction's row: two at the same moment stand in line.
  private async getHeld(tx: Tx, { merchantId, mode, principalId }: MerchantCaller, id: string): Promise<Held> {
    const transaction = await tx.manager.findOne(Transaction, {
      where: { id, merchantId, mode },
      ...(this.database.kind === 'mysql' && { lock: { mode: 'pessimistic_write' } }),
    });
    if (!transaction) throw notFound();
    const { approvals } = transaction;
    if (!approvals) throw notAwaiting(transaction.status);
    if (transaction.createdBy === principalId) throw ownPayout();
    return { ...transaction, approvals };
  }
}

function toEvidence(
  says: 'approved' | 'declined',
  { principalId }: MerchantCaller,
  note: string | undefined,
): Report['evidence'] {
  return { source: 'merchant', says, principalId, ...(note !== undefined && { detail: note }) };
}

function notAwaiting(status: Transaction['status']): Problem {
  return new Problem(
    'not_awaiting_approval',
    `It is ${status}: only what waits for approval can be approved or declined.`,
    {
      members: { transactionStatus: status },
    },
  );
}

function ownPayout(): Problem {
  return new Problem(
    'own_payout',
    'A key of your own principal asked for this payout, so another person must decide. You can take it back with POST /v1/transactions/{id}/cancel.',
  );
}
