import { Entity, PrimaryColumn } from 'typeorm';
import { ID_LENGTH } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { InstantColumn, JsonColumn } from '../database/columns.js';
import type { CapsByCurrency } from './caps.js';

/** From which amount on others must agree. Minor units as text: JSON has no bigint. */
export interface AmountRule {
  currency: string;
  fromMinor: string;
  approvals: number;
}

/** Which payouts wait for other people, and for how many. */
export interface ApprovalRules {
  amounts: AmountRule[];
  /** Approvals that the first payment to a number needs; null: none. */
  newNumberApprovals: number | null;
}

/** That somebody pulled the switch. */
export interface Stop {
  /** Epoch ms. */
  at: number;
  principalId: string;
  reason: string;
}

/** Whose payouts: test and live have rules of their own. */
export interface ControlOwner {
  readonly merchantId: string;
  readonly mode: Mode;
}

/**
 * The rules that a merchant's payouts of a mode stand under. Its row is also the lock under which payouts are counted; a
 * merchant without rules has none.
 */
@Entity('payout_controls')
export class PayoutControl {
  @PrimaryColumn({ type: 'varchar', length: ID_LENGTH })
  merchantId!: string;

  @PrimaryColumn({ type: 'varchar', length: 4 })
  mode!: Mode;

  /** The merchant's own caps. */
  @JsonColumn()
  limits!: CapsByCurrency;

  /** The platform's, which the merchant cannot lift. */
  @JsonColumn()
  maxima!: CapsByCurrency;

  @JsonColumn()
  approvalRules!: ApprovalRules;

  /** Null while payouts may be sent. */
  @JsonColumn({ nullable: true })
  stopped!: Stop | null;

  @InstantColumn()
  updatedAt!: number;
}
