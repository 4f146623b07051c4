import { Column, Entity, Index } from 'typeorm';
import type { Mode, Operation, StatusReport } from '#libs/provider-kit';
import { HashColumn, IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/**
 * What an attempt asks of its provider: a refund is a reversal or a payout, whichever its route offers; a payment link may be
 * paid on the provider's own page.
 */
export type AttemptOperation = Operation;

/** What an unsigned callback claimed: a hint, until an inquiry says the same or the opposite. */
export interface CallbackHint {
  /** The callback row. */
  callbackId: string;
  says: StatusReport['kind'];
  /** False where a field that it carried differs from what we asked for. */
  matches: boolean;
  receipt: string | null;
  /** Epoch ms from which the schedule of inquiries begins again. */
  at: number;
}

/** The hint that no inquiry has answered yet, if there is one. */
export function findOpenHint(attempt: Attempt): CallbackHint | undefined {
  return attempt.hint && attempt.hint.callbackId !== attempt.answeredCallbackId ? attempt.hint : undefined;
}

/** One try of a transaction on one provider account. Its id is the provider key and never changes. */
@Entity('attempts')
@Index('attempts_by_transaction', ['transactionId', 'id'])
export class Attempt {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  transactionId!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @ReferenceColumn()
  providerAccountId!: string;

  @TextColumn(32)
  provider!: string;

  /** The default is for rows that were there before money could go out. */
  @TextColumn(12, { default: 'collections' })
  operation!: AttemptOperation;

  /** Epoch ms from which its bytes may have left. */
  @InstantColumn()
  sentAt!: number;

  /** Epoch ms of its second and last send, at providers that refuse duplicates; null where there was none. */
  @InstantColumn({ nullable: true })
  resentAt!: number | null;

  /** The last thing proven about this attempt; null while nothing is. */
  @TextColumn(16, { nullable: true })
  verdict!: 'deferred' | 'rejected' | 'failed' | 'cancelled' | 'expired' | 'succeeded' | 'reversed' | null;

  @TextColumn(255, { nullable: true })
  providerReference!: string | null;

  /** SHA-256 of account and provider reference: one reference never serves two attempts. */
  @Index('attempts_by_provider_reference', { unique: true })
  @HashColumn({ nullable: true })
  providerReferenceHash!: string | null;

  @JsonColumn({ nullable: true })
  otherReferences!: Record<string, string> | null;

  @JsonColumn({ nullable: true })
  hint!: CallbackHint | null;

  /** The callback whose hint an inquiry has answered: a newer hint is news again. */
  @ReferenceColumn({ nullable: true })
  answeredCallbackId!: string | null;

  /** Inquiries made so far. */
  @Column({ type: 'int' })
  inquiries!: number;

  /** When we last asked a question whose answer comes by callback; null: never. */
  @InstantColumn({ nullable: true })
  askedAt!: number | null;

  @InstantColumn()
  createdAt!: number;
}
