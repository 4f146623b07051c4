import type { BatchTx } from '../database/batch-tx.js';
import { rowsWith } from '../database/statements.js';
import { Problem } from '../http/problem.js';
import { ClaimRaceError, type AcceptClaim } from '../transactions/accept-request.js';
import { LinkAttempt } from '../transactions/link-attempt.entity.js';
import { PaymentLink } from './payment-link.entity.js';

type Seen = Pick<PaymentLink, 'id' | 'status' | 'version' | 'attempts' | 'activeTransactionId' | 'expiresAt'>;

const SEEN = ['id', 'status', 'version', 'attempts', 'activeTransactionId', 'expiresAt'] as const;

/**
 * The one place that a link has for a payment under way. Taken in the commit that accepts the collection: two tabs, two
 * clicks or two processes in the same moment get one collection between them.
 */
export class LinkClaim implements AcceptClaim {
  readonly key: string;
  private seen: Seen | undefined;

  constructor(
    private readonly linkId: string,
    private readonly transactionId: string,
    private readonly now: number,
  ) {
    this.key = `payment link ${linkId}`;
  }

  async judge(batch: BatchTx): Promise<Problem | undefined> {
    const [rows] = await batch.find(rowsWith(PaymentLink, 'id', [this.linkId], SEEN));
    this.seen = rows[0];
    if (this.seen?.status !== 'active' || this.seen.expiresAt <= this.now)
      return new Problem('conflict', 'This link cannot be paid any more.');
    if (this.seen.activeTransactionId === null) return undefined;
    return new Problem('conflict', 'A payment of this link is under way.');
  }

  write(batch: BatchTx): void {
    if (!this.seen) throw new Error(`The payment link ${this.linkId} was not looked at.`);
    const { id, version, attempts } = this.seen;
    const changes = {
      version: version + 1,
      attempts: attempts + 1,
      activeTransactionId: this.transactionId,
      lastTransactionId: this.transactionId,
      updatedAt: this.now,
    };
    batch.updateOne(PaymentLink, { changes, where: { id, version } }, () => new ClaimRaceError());
    void batch.insert(LinkAttempt, [{ transactionId: this.transactionId, paymentLinkId: id }]);
  }
}
