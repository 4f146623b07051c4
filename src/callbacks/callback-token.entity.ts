import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashKeyColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

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

  @InstantColumn()
  createdAt!: number;
}
