import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';
import type { Evidence } from '../transactions/evidence.js';
import type { TransactionStatus } from '../transactions/transaction-states.js';

/**
 * What happened, append-only. A line with a `type` is told to the merchant (webhooks, lists); every line about a
 * transaction is in its timeline.
 */
@Entity('events')
@Index('events_by_subject', ['subjectId', 'id'])
export class EventRecord {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** What it is about: a transaction, an endpoint … */
  @ReferenceColumn()
  subjectId!: string;

  /** What merchants hear, such as `collection.succeeded`; null for lines that only the timeline shows. */
  @TextColumn(64, { nullable: true })
  type!: string | null;

  /** The object as merchants saw it at that moment; null where `type` is. */
  @JsonColumn({ nullable: true })
  data!: object | null;

  /** Transactions: the event of the state table, or `noted` for evidence that moves nothing. */
  @TextColumn(20, { nullable: true })
  reported!: string | null;

  @TextColumn(20, { nullable: true })
  fromStatus!: TransactionStatus | null;

  @TextColumn(20, { nullable: true })
  toStatus!: TransactionStatus | null;

  /** Transactions: the version after this line. */
  @Column({ type: 'int', nullable: true })
  version!: number | null;

  @ReferenceColumn({ nullable: true })
  attemptId!: string | null;

  @JsonColumn({ nullable: true })
  evidence!: Evidence | null;

  @InstantColumn()
  createdAt!: number;
}
