import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import {
  HashColumn,
  IdColumn,
  InstantColumn,
  JsonColumn,
  MinorUnitsColumn,
  ReferenceColumn,
  TextColumn,
} from '../database/columns.js';
import type { Failure, StoredParty } from '../transactions/transaction.entity.js';

export const LINK_STATUSES = ['active', 'paid', 'failed', 'expired', 'cancelled'] as const;

export type LinkStatus = (typeof LINK_STATUSES)[number];

/** `native`: our page drives the providers. `delegated`: a provider's own page does. */
export const LINK_EXECUTIONS = ['native', 'delegated'] as const;

export type LinkExecution = (typeof LINK_EXECUTIONS)[number];

export const LINK_LOCALES = ['fr', 'en'] as const;

export type LinkLocale = (typeof LINK_LOCALES)[number];

/** Who is expected to pay, as far as the merchant knows; the phone in E.164. */
export type LinkCustomer = Partial<Omit<StoredParty, 'fields'>>;

/** One thing to be paid once, on a page of ours, by whoever has the address. */
@Entity('payment_links')
@Index('payment_links_by_merchant', ['merchantId', 'mode', 'id'])
@Index('payment_links_by_token', ['tokenHash'], { unique: true })
export class PaymentLink {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** Written by `LinkLife` alone. */
  @TextColumn(12)
  status!: LinkStatus;

  /** The money came after the link had expired or was cancelled. */
  @Column({ type: 'boolean' })
  late!: boolean;

  /** Rises with every change of the row. */
  @Column({ type: 'int' })
  version!: number;

  @TextColumn(128)
  reference!: string;

  @TextColumn(255)
  itemName!: string;

  @MinorUnitsColumn()
  amountMinor!: bigint;

  @TextColumn(3)
  currency!: string;

  @TextColumn(2000)
  successUrl!: string;

  @TextColumn(2000)
  failureUrl!: string;

  /** Where the merchant wants to hear of this link, beside his endpoints. */
  @TextColumn(2000, { nullable: true })
  callbackUrl!: string | null;

  /** The merchant's own, echoed. */
  @Column({ type: 'text', nullable: true })
  customData!: string | null;

  @JsonColumn({ nullable: true })
  customer!: LinkCustomer | null;

  /** The methods that may be used; null: all that fit. */
  @JsonColumn({ nullable: true })
  methods!: string[] | null;

  /** The language of the page; null: the customer's browser decides. */
  @TextColumn(2, { nullable: true })
  locale!: LinkLocale | null;

  @TextColumn(12)
  execution!: LinkExecution;

  /** SHA-256 of the token in the page's address. */
  @HashColumn()
  tokenHash!: string;

  /** The token, sealed: the merchant may see the address again. */
  @Column({ type: 'text' })
  sealedToken!: string;

  /** How often a customer tried to pay. */
  @Column({ type: 'int' })
  attempts!: number;

  /** The collection that is not decided yet. While there is one, no other can begin. */
  @ReferenceColumn({ nullable: true })
  activeTransactionId!: string | null;

  /** The latest collection, decided or not. */
  @ReferenceColumn({ nullable: true })
  lastTransactionId!: string | null;

  /** Why the latest collection that failed did. */
  @JsonColumn({ nullable: true })
  lastFailure!: Failure | null;

  /** The collection that paid it. */
  @ReferenceColumn({ nullable: true })
  paidBy!: string | null;

  /** Collections that succeeded although it was paid. */
  @JsonColumn()
  duplicates!: string[];

  /** The principal whose key made it. */
  @ReferenceColumn()
  createdBy!: string;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;

  @InstantColumn()
  expiresAt!: number;

  /** When it was paid, expired or cancelled. */
  @InstantColumn({ nullable: true })
  completedAt!: number | null;
}
