import { Column, Entity, Index } from 'typeorm';
import type { FailureReason, Mode, NextAction } from '#libs/provider-kit';
import {
  IdColumn,
  InstantColumn,
  JsonColumn,
  MinorUnitsColumn,
  ReferenceColumn,
  TextColumn,
} from '../database/columns.js';
import type { TransactionKind, TransactionStatus } from './transaction-states.js';

/** The person or business on the other side, as the merchant gave them; the phone in E.164. */
export interface StoredParty {
  phone: string;
  name?: string;
  firstName?: string;
  lastName?: string;
  email?: string;
  locale?: string;
  address?: string;
  city?: string;
  state?: string;
  country?: string;
  postalCode?: string;
  fields?: Record<string, string>;
}

/** Why a transaction failed. */
export interface Failure {
  code: FailureReason;
  message: string;
  providerCode: string | null;
  providerMessage: string | null;
  /** Whether the same request may succeed later. */
  retryable: boolean;
}

export type DoubtReason =
  'answer_lost' | 'worker_lost' | 'no_lookup_possible' | 'exhausted' | 'contradiction' | 'mismatch' | 'over_refunded';

/** Why we do not know, since when, and what happens next. Instants in epoch ms. */
export interface Doubt {
  reason: DoubtReason;
  since: number;
  nextInquiryAt: number | null;
  deadline: number | null;
}

/** Why a payout waits for other people: its amount, or a number that was never paid before. */
export type HoldReason = 'amount' | 'new_number';

/** What a payout that was held for other people needs of them, and who has spoken. Rules that change later change nothing of it. */
export interface Approvals {
  required: number;
  reasons: HoldReason[];
  /** Each principal once; instants in epoch ms. */
  given: { principalId: string; at: number }[];
  declined: { principalId: string; at: number } | null;
}

/** One instruction of a merchant to move money, and what became of it. */
@Entity('transactions')
@Index('transactions_by_merchant', ['merchantId', 'mode', 'id'])
@Index('transactions_by_phone', ['merchantId', 'mode', 'phone', 'id'])
@Index('transactions_by_provider_reference', ['providerReference'])
@Index('transactions_by_receipt', ['receipt'])
@Index('transactions_by_status', ['status'])
export class Transaction {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(16)
  kind!: TransactionKind;

  /** Written by `TransactionLifecycle` alone. */
  @TextColumn(20)
  status!: TransactionStatus;

  /** The proof of success came after `failed`, `cancelled` or `expired`. */
  @Column({ type: 'boolean' })
  late!: boolean;

  /** Rises with every change of the row. */
  @Column({ type: 'int' })
  version!: number;

  @MinorUnitsColumn()
  amountMinor!: bigint;

  @TextColumn(3)
  currency!: string;

  @MinorUnitsColumn()
  refundedMinor!: bigint;

  @MinorUnitsColumn({ nullable: true })
  feeMinor!: bigint | null;

  @TextColumn(128)
  reference!: string;

  @TextColumn(255, { nullable: true })
  description!: string | null;

  @TextColumn(16, { nullable: true })
  purpose!: string | null;

  /** Unified method code, such as `mpesa_ke`. */
  @TextColumn(40)
  method!: string;

  /** Who carries it; until the first attempt, who would. */
  @TextColumn(32, { nullable: true })
  provider!: string | null;

  /** The route the merchant forced, if any. */
  @TextColumn(32, { nullable: true })
  forcedProvider!: string | null;

  /** The attempt that counts now. */
  @ReferenceColumn({ nullable: true })
  attemptId!: string | null;

  /** When bytes of any attempt could first have left; null: nothing was ever sent. */
  @InstantColumn({ nullable: true })
  firstSentAt!: number | null;

  @TextColumn(255, { nullable: true })
  providerReference!: string | null;

  /** The network's receipt number. */
  @TextColumn(64, { nullable: true })
  receipt!: string | null;

  @JsonColumn()
  party!: StoredParty;

  /** E.164, for look-ups. */
  @TextColumn(20)
  phone!: string;

  /** Of a collection: the number that the provider proved to have paid, E.164; null where it named none. */
  @TextColumn(20, { nullable: true })
  payerPhone!: string | null;

  @TextColumn(2000, { nullable: true })
  returnUrl!: string | null;

  @JsonColumn({ nullable: true })
  nextAction!: NextAction | null;

  @JsonColumn({ nullable: true })
  failure!: Failure | null;

  @JsonColumn({ nullable: true })
  doubt!: Doubt | null;

  /** Null where nobody had to be asked. */
  @JsonColumn({ nullable: true })
  approvals!: Approvals | null;

  @ReferenceColumn({ nullable: true })
  parentId!: string | null;

  @ReferenceColumn({ nullable: true })
  batchId!: string | null;

  @ReferenceColumn({ nullable: true })
  paymentLinkId!: string | null;

  @JsonColumn()
  metadata!: Record<string, string>;

  /** The principal whose key made it. */
  @ReferenceColumn()
  createdBy!: string;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;

  @InstantColumn({ nullable: true })
  completedAt!: number | null;

  @InstantColumn()
  expiresAt!: number;
}
