import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import type { Tx } from '../database/tx.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { isFinal } from '../transactions/transaction-states.js';
import { LinkLife } from './link-life.js';
import type { PaymentLink } from './payment-link.entity.js';

/** Keeps each link true to its collections: in the database transaction that moves a collection, the link moves too. */
@Injectable()
export class LinkFollower implements OnModuleInit {
  constructor(
    private readonly lifecycle: TransactionLifecycle,
    private readonly life: LinkLife,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.lifecycle.accompany((tx, before, after) => this.follow(tx, before, after));
  }

  private async follow(tx: Tx, { status: from }: Transaction, transaction: Transaction): Promise<void> {
    const { paymentLinkId, status } = transaction;
    if (paymentLinkId === null || status === from || (status !== 'created' && !isFinal(status))) return;
    const link = await this.life.lock(tx, paymentLinkId);
    if (status === 'created') return this.noteDeferred(tx, link, transaction);
    if (status === 'succeeded') await this.notePaid(tx, link, transaction);
    else await this.noteUnpaid(tx, link, transaction);
  }

  private async notePaid(tx: Tx, link: PaymentLink, { id }: Transaction): Promise<void> {
    // It paid before, came into doubt, and is proven again.
    if (link.paidBy === id || link.duplicates.includes(id)) return;
    const undecided = link.activeTransactionId === id ? null : link.activeTransactionId;
    if (link.paidBy !== null) {
      const changes = { activeTransactionId: undecided, duplicates: [...link.duplicates, id] };
      await this.life.change(tx, link, changes, 'duplicate_payment');
      return;
    }
    const late = link.status !== 'active';
    const paid = { status: 'paid', late, paidBy: id, activeTransactionId: undecided } as const;
    const completedAt = this.clock.now();
    await this.life.change(tx, link, { ...paid, completedAt }, late ? 'paid_late' : 'paid');
    if (undecided !== null) await this.callOff(tx, undecided);
  }

  private async noteUnpaid(tx: Tx, link: PaymentLink, { id, status, failure }: Transaction): Promise<void> {
    if (link.paidBy === id && status !== 'reversed') return this.notePaidNever(tx, link, failure);
    if (link.activeTransactionId !== id) return;
    const changes = { activeTransactionId: null, lastFailure: failure };
    // Of a link that was paid meanwhile nobody wants to hear that another attempt failed.
    await this.life.change(tx, link, changes, link.paidBy === null ? 'attempt_failed' : undefined);
  }

  /** What was taken for its payment is ruled to have been none. Another one may have paid it meanwhile. */
  private async notePaidNever(tx: Tx, link: PaymentLink, lastFailure: PaymentLink['lastFailure']): Promise<void> {
    const [paidBy = null, ...duplicates] = link.duplicates;
    if (paidBy !== null) {
      await this.life.change(tx, link, { paidBy, duplicates });
      return;
    }
    const changes = { status: 'failed', late: false, paidBy, lastFailure } as const;
    await this.life.change(tx, link, { ...changes, completedAt: this.clock.now() }, 'attempt_failed');
  }

  /** Proven not sent, and about to be sent again: not for a link that is over meanwhile. */
  private async noteDeferred(tx: Tx, link: PaymentLink, { id }: Transaction): Promise<void> {
    if (link.status !== 'active') await this.callOff(tx, id);
  }

  /** The link was paid by an earlier attempt, or is over: what was not sent yet must not be sent any more. */
  private async callOff(tx: Tx, transactionId: string): Promise<void> {
    await this.lifecycle.reportIn(tx, {
      transactionId,
      event: 'cancelled',
      onlyFrom: ['created'],
      quiet: true,
      evidence: { source: 'system', says: 'cancelled', detail: 'Its payment link was over before it was sent.' },
    });
  }
}
