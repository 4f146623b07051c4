import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Money } from '#libs/primitives';
import type { Tx } from '../database/tx.js';
import { RefundEntry } from '../transactions/refund-entry.entity.js';
import { toDoubt, TransactionLifecycle, type Report } from '../transactions/transaction-lifecycle.js';
import type { TransactionStatus } from '../transactions/transaction-states.js';
import { Transaction } from '../transactions/transaction.entity.js';

/** The ends that prove that a refund's money is not with the customer. */
const NOT_PAID: readonly TransactionStatus[] = ['failed', 'cancelled', 'expired', 'reversed'];

/**
 * Keeps a collection's account of its refunds, in the transaction of each move: what a refund took is given back when it is
 * proven that no money moved, and taken again if that proof was wrong.
 */
@Injectable()
export class RefundLedger implements OnModuleInit {
  constructor(private readonly lifecycle: TransactionLifecycle) {}

  onModuleInit(): void {
    this.lifecycle.accompany((tx, before, after) =>
      after.kind === 'refund' ? this.follow(tx, after) : this.holdBack(tx, before, after),
    );
  }

  private async follow(tx: Tx, refund: Transaction): Promise<void> {
    const entry = await tx.manager.findOneOrFail(RefundEntry, { where: { transactionId: refund.id } });
    const reserved = !NOT_PAID.includes(refund.status);
    if (entry.reserved === reserved) return;
    await tx.manager.update(RefundEntry, { transactionId: refund.id }, { reserved });
    const sign = reserved ? '+' : '-';
    // By the database's own sum: whoever reserves at the same time waits for this row, and neither sum is lost.
    await tx.manager.update(
      Transaction,
      { id: entry.collectionId },
      { refundedMinor: () => `refunded_minor ${sign} ${String(refund.amountMinor)}` },
    );
    const original = await tx.manager.findOneOrFail(Transaction, { where: { id: entry.collectionId } });
    await this.lifecycle.reportIn(tx, toReport(original, refund, reserved));
  }

  /** A collection that is not proven any more pays nobody: what was not sent yet is not sent. */
  private async holdBack(tx: Tx, before: Transaction, after: Transaction): Promise<void> {
    const isDoubted = before.status === 'succeeded' && after.status !== 'succeeded';
    if (!isDoubted || after.refundedMinor === 0n) return;
    const entries = await tx.manager.find(RefundEntry, { where: { collectionId: after.id, reserved: true } });
    for (const { transactionId } of entries) {
      await this.lifecycle.reportIn(tx, {
        transactionId,
        event: 'cancelled',
        onlyFrom: ['created'],
        quiet: true,
        evidence: {
          source: 'system',
          says: 'cancelled',
          detail: `The collection ${after.id} is ${after.status}: whether there is money to pay back must be known first.`,
        },
      });
    }
  }
}

function toReport(original: Transaction, refund: Transaction, reserved: boolean): Report {
  const amount = Money.ofMinor(refund.amountMinor, refund.currency).toString();
  // Others may have taken what the wrong proof had set free.
  const exceeds = original.refundedMinor > original.amountMinor;
  return {
    transactionId: original.id,
    event: exceeds ? 'contradicted' : 'updated',
    evidence: {
      source: 'system',
      says: reserved ? 'refund_reserved' : 'refund_released',
      detail: reserved
        ? `The refund ${refund.id} may have paid back ${amount} after all.`
        : `The refund ${refund.id} is ${refund.status}: ${amount} can be refunded again.`,
    },
    ...(exceeds && { changes: { doubt: toDoubt('over_refunded', refund.updatedAt) } }),
  };
}
