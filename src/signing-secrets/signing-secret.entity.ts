import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** What a merchant's payment links sign with in a mode: the notices to their `callbackUrl`, and the way back to the shop. */
@Entity('signing_secrets')
@Index('signing_secrets_by_merchant', ['merchantId', 'mode'], { unique: true })
export class SigningSecret {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** Sealed. */
  @Column({ type: 'text' })
  sealedSecret!: string;

  /** The secret before the last rotation, sealed: it signs notices too, until `previousSecretEndsAt`. */
  @Column({ type: 'text', nullable: true })
  sealedPreviousSecret!: string | null;

  @InstantColumn({ nullable: true })
  previousSecretEndsAt!: number | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
