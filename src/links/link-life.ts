import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import { PaymentLink } from './payment-link.entity.js';
import { PaymentLinkData } from './payment-link.response.js';

/** What merchants hear of a link: the last word of `payment_link.…`. */
export type LinkWord =
  'created' | 'attempt_failed' | 'paid' | 'paid_late' | 'duplicate_payment' | 'expired' | 'cancelled';

/** What may change in a link. */
export type LinkChanges = Partial<
  Pick<PaymentLink, 'status' | 'late' | 'activeTransactionId' | 'lastFailure' | 'paidBy' | 'duplicates' | 'completedAt'>
>;

/** The only writer of a link's state: the row, the event, and the messages to the merchant, in the caller's transaction. */
@Injectable()
export class LinkLife {
  constructor(
    private readonly database: Database,
    private readonly fanout: WebhookFanout,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Stores a new link and tells of it. */
  async begin(tx: Tx, link: PaymentLink): Promise<void> {
    await tx.insert(PaymentLink, [link]);
    await this.tell(tx, link, 'created');
  }

  /** The link, locked until the transaction ends: whoever changes it too stands in line. */
  async lock(tx: Tx, id: string): Promise<PaymentLink> {
    return tx.manager.findOneOrFail(PaymentLink, {
      where: { id },
      ...(this.database.kind === 'mysql' && { lock: { mode: 'pessimistic_write' } }),
    });
  }

  /** Changes a locked link and tells of it; without a word it is nobody's business. Answers the link as it is now. */
  async change(tx: Tx, locked: PaymentLink, changes: LinkChanges, word?: LinkWord): Promise<PaymentLink> {
    const moved = { ...changes, version: locked.version + 1, updatedAt: this.clock.now() };
    const { affected } = await tx.manager.update(PaymentLink, { id: locked.id, version: locked.version }, moved);
    if (affected !== 1) throw new Error(`The payment link ${locked.id} was changed without being locked.`);
    const link = { ...locked, ...moved };
    if (word !== undefined) await this.tell(tx, link, word);
    return link;
  }

  private async tell(tx: Tx, link: PaymentLink, word: LinkWord): Promise<void> {
    const { id: subjectId, merchantId, mode, version, callbackUrl } = link;
    const notice = {
      merchantId,
      mode,
      subjectId,
      type: `payment_link.${word}`,
      data: PaymentLinkData.from(link),
      version,
    };
    const event = await this.fanout.tell(tx, notice);
    if (callbackUrl !== null) await this.fanout.sendTo(tx, event, link.id);
  }
}
