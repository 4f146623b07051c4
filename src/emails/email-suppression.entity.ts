import { Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashColumn, IdColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

export const SUPPRESSION_REASONS = [
  'bounced', //      a mail server said for good that there is no such mailbox: nothing is sent there any more
  'unsubscribed', // its owner wants no more notices; receipts of their own payments still go there
] as const;

export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** An address that a merchant's mails do not go to, until the merchant lifts it. */
@Entity('email_suppressions')
@Index('email_suppressions_by_merchant', ['merchantId', 'mode', 'id'])
@Index('email_suppressions_once', ['addressHash', 'reason'], { unique: true })
export class EmailSuppression {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(254)
  address!: string;

  /** Of merchant, mode and address: see `toAddressHash`. */
  @HashColumn()
  addressHash!: string;

  @TextColumn(12)
  reason!: SuppressionReason;

  /** What the mail server said. */
  @TextColumn(500, { nullable: true })
  detail!: string | null;

  @InstantColumn()
  createdAt!: number;
}
