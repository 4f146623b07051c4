import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

export const DISABLED_REASONS = ['merchant', 'gone', 'failing'] as const;

export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** Where a merchant wants to hear of events. */
@Entity('webhook_endpoints')
@Index('webhook_endpoints_by_merchant', ['merchantId', 'mode', 'id'])
export class WebhookEndpoint {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(2000)
  url!: string;

  /** Patterns such as `collection.*`, `payout.failed` or `*`. */
  @JsonColumn()
  events!: string[];

  @TextColumn(255, { nullable: true })
  description!: string | null;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  /** Why it is not enabled: the merchant said so, it answered 410, or it failed for too long. Null while it is. */
  @TextColumn(12, { nullable: true })
  disabledReason!: DisabledReason | null;

  /** The signing secret, sealed. */
  @Column({ type: 'text' })
  sealedSecret!: string;

  /** The secret before the last rotation, sealed: it signs too, until `previousSecretEndsAt`. */
  @Column({ type: 'text', nullable: true })
  sealedPreviousSecret!: string | null;

  @InstantColumn({ nullable: true })
  previousSecretEndsAt!: number | null;

  /** The first of the failed attempts since the last success; null while all is well. */
  @InstantColumn({ nullable: true })
  failingSince!: number | null;

  /** The merchant was told that it fails. */
  @Column({ type: 'boolean', default: false })
  failingAnnounced!: boolean;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
