import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashColumn, IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** How a message was believed. */
export const CALLBACK_TRUSTS = ['signed', 'path', 'unsigned', 'forged', 'mismatch', 'unreadable'] as const;

export type CallbackTrustWord = (typeof CALLBACK_TRUSTS)[number];

/** A message of a provider as it came, and what became of it. */
@Entity('callbacks')
@Index('callbacks_by_digest', ['tokenHash', 'digest'], { unique: true })
@Index('callbacks_by_merchant', ['merchantId', 'mode', 'id'])
@Index('callbacks_by_attempt', ['attemptId', 'id'])
export class Callback {
  @IdColumn()
  id!: string;

  @HashColumn()
  tokenHash!: string;

  /** SHA-256 of the method, signature and body: the same message again is the same row. */
  @HashColumn()
  digest!: string;

  @TextColumn(8)
  httpMethod!: string;

  @JsonColumn()
  headers!: Record<string, string>;

  @Column({ type: 'blob' })
  body!: Uint8Array;

  @TextColumn(64)
  sourceAddress!: string;

  /** `received` until a job applied it; `unmatched`: on a path that nobody knows, or about nothing that we sent. */
  @TextColumn(12)
  state!: 'received' | 'applied' | 'unmatched';

  /** Null before it was applied. */
  @TextColumn(12, { nullable: true })
  trust!: CallbackTrustWord | null;

  /** What it caused, a sentence for people. */
  @TextColumn(255, { nullable: true })
  outcome!: string | null;

  @ReferenceColumn({ nullable: true })
  merchantId!: string | null;

  @TextColumn(4, { nullable: true })
  mode!: Mode | null;

  /** Whose path it came on; null where nobody knows the token. */
  @ReferenceColumn({ nullable: true })
  providerAccountId!: string | null;

  /** On a path that a whole account shares, null until the attempt is found that it is about. */
  @ReferenceColumn({ nullable: true })
  attemptId!: string | null;

  @InstantColumn()
  receivedAt!: number;
}
