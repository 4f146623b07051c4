import { Column, Entity, Index } from 'typeorm';
import type { Mode, ProviderReferences } from '#libs/provider-kit';
import { HashKeyColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** An unguessable path that one provider was given for one attempt and purpose. */
@Entity('callback_tokens')
export class CallbackToken {
  /** SHA-256 of the token. */
  @HashKeyColumn()
  tokenHash!: string;

  /** The token, sealed: an identical re-send needs the identical URL. */
  @Column({ type: 'text' })
  sealedToken!: string;

  /** Null for a path that a whole provider account shares. */
  @Index('callback_tokens_by_attempt')
  @ReferenceColumn({ nullable: true })
  attemptId!: string | null;

  @ReferenceColumn()
  providerAccountId!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(32)
  purpose!: string;

  /** The question for a balance whose answer comes here; null for every other path. */
  @Index('callback_tokens_by_balance_question')
  @ReferenceColumn({ nullable: true })
  balanceQuestionId!: string | null;

  /** The provider's ids of the question that this path was made for, once it told us; null for every other path. */
  @JsonColumn({ nullable: true })
  asked!: ProviderReferences | null;

  /** Epoch ms from which it counts as a path that we never gave out; null: it stays. */
  @InstantColumn({ nullable: true })
  endsAt!: number | null;

  @InstantColumn()
  createdAt!: number;
}
