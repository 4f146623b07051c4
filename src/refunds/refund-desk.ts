import { Injectable } from '@nestjs/common';
import { Money } from '#libs/primitives';
import type { BatchTx } from '../database/batch-tx.js';
import { forUpdate, wholeRowsWith, type LookUp } from '../database/statements.js';
import { EventRecord } from '../events/event.entity.js';
import { Problem } from '../http/problem.js';
import { PayoutAdmission, type Control } from '../limits/payout-admission.js';
import type { AdmissionDesk, Applicant, Verdict } from '../transactions/admission.js';
import { RefundEntry } from '../transactions/refund-entry.entity.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import { Transaction } from '../transactions/transaction.entity.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';

/**
 * Admits refunds: no more than is left of a collection that succeeded, whatever else is asked at the same moment. Each
 * collection is locked while its refunds are judged, and what they take is noted in its row in the same transaction.
 */
@Injectable()
export class RefundDesk implements AdmissionDesk<Control> {
  constructor(
    private readonly lifecycle: TransactionLifecycle,
    private readonly webhooks: WebhookFanout,
    private readonly payouts: PayoutAdmission,
  ) {}

  /** The switch of payouts alone: of a collection only what is read under its lock counts. */
  toLookUp(merchantIds: readonly string[]): LookUp<Control> {
    return this.payouts.toLookUp(merchantIds);
  }

  async admit(batch: BatchTx, applicants: readonly Applicant[], found: readonly Control[]): Promise<Verdict[]> {
    const refunds = applicants.map(({ transaction }) => transaction);
    const [originals, listeners] = await batch.findWithin(
      forUpdate(wholeRowsWith(Transaction, 'id', toSortedIds(refunds))),
      this.webhooks.toListeners(refunds.map(({ merchantId }) => merchantId)),
    );
    const byId = new Map(originals.map((original) => [original.id, original]));
    const events: EventRecord[] = [];
    const verdicts = refunds.map((refund): Verdict => {
      const original = byId.get(refund.parentId ?? '');
      const problem = this.payouts.findStop(found, refund) ?? findObstacle(refund, original);
      if (problem || !original) return { kind: 'refused', problem: problem ?? notRefundable('gone') };
      const reserved = reserve(original, refund);
      byId.set(original.id, reserved);
      events.push(this.toReservationEvent(reserved, refund));
      return { kind: 'admitted', transaction: refund };
    });
    const admitted = refunds.filter((_, index) => verdicts[index]?.kind === 'admitted');
    await this.store(batch, admitted);
    await batch.insert(EventRecord, events);
    await this.webhooks.announceTo(batch, events, listeners);
    return verdicts;
  }

  private async store(batch: BatchTx, refunds: readonly Transaction[]): Promise<void> {
    for (const { parentId, amountMinor } of refunds) {
      const where = { id: parentId ?? '' };
      batch.addTo(Transaction, { where, add: { refundedMinor: amountMinor, version: 1n } });
    }
    await batch.insert(
      RefundEntry,
      refunds.map(({ id, parentId }) => ({ transactionId: id, collectionId: parentId ?? '', reserved: true })),
    );
  }

  private toReservationEvent(
    original: Transaction,
    { id, amountMinor, currency, createdBy }: Transaction,
  ): EventRecord {
    return this.lifecycle.toUpdateEvent(original, {
      source: 'merchant',
      says: 'refund_requested',
      detail: `The refund ${id} takes ${Money.ofMinor(amountMinor, currency).toString()}.`,
      principalId: createdBy,
    });
  }
}

function findObstacle(refund: Transaction, original: Transaction | undefined): Problem | undefined {
  if (original?.kind !== 'collection') return notRefundable(original?.kind ?? 'gone');
  if (original.status !== 'succeeded') return notRefundable(original.status);
  const left = original.amountMinor - original.refundedMinor;
  if (refund.amountMinor <= left) return undefined;
  const text = Money.ofMinor(left, original.currency).toString();
  const detail = `${text} are left of it. What open refunds take counts until they are proven to have failed.`;
  return new Problem('refund_exceeds_payment', detail, {
    members: { left: Money.ofMinor(left, original.currency).format() },
    errors: [{ pointer: '/amount', code: 'refund_exceeds_payment', detail }],
  });
}

function notRefundable(found: string): Problem {
  const detail = `Only a collection that has succeeded can be refunded; this is ${found}. To pay somebody, use POST /v1/payouts.`;
  return new Problem('not_refundable', detail, {
    errors: [{ pointer: '/transactionId', code: 'not_refundable', detail }],
  });
}

function reserve(original: Transaction, { amountMinor, createdAt }: Transaction): Transaction {
  return {
    ...original,
    refundedMinor: original.refundedMinor + amountMinor,
    version: original.version + 1,
    updatedAt: createdAt,
  };
}

// In one order, as everybody who locks several.
function toSortedIds(refunds: readonly Transaction[]): string[] {
  return [...new Set(refunds.map(({ parentId }) => parentId ?? ''))].sort();
}
