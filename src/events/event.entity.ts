import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, JsonColumn, LongColumn, ReferenceColumn, TextColumn } from '../database/columns.js';
import type { Evidence } from '../transactions/evidence.js';
import type { TransactionStatus } from '../transactions/transaction-states.js';

/** Of an event that merchants hear of, until the sequencer has given it a position. */
export const AWAITS_POSITION = 0;

/**
 * What happened, append-only. A line with a `type` is told to the merchant (webhooks, lists); every line about a
 * transaction is in its timeline.
 */
@Entity('events')
@Index('events_by_subject', ['subjectId', 'id'])
// With `type` in it a list of some types reads only those rows; with `id` what waits for a position comes in order.
@Index('events_by_position', ['merchantId', 'mode', 'position', 'id', 'type'])
export class EventRecord {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /**
   * Its number among the merchant's events of the mode: from 1, without gaps, given once after the commit (EventSequencer).
   * `AWAITS_POSITION` until then, null for lines that only the timeline shows. The column's default is for rows of releases
   * that knew no positions.
   */
  @LongColumn({ nullable: true, default: AWAITS_POSITION })
  position!: number | null;

  /** What it is about: a transaction, an endpoint … */
  @ReferenceColumn()
  subjectId!: string;

  /** What merchants hear, such as `collection.succeeded`; null for lines that only the timeline shows. */
  @TextColumn(64, { nullable: true })
  type!: string | null;

  /** The object as merchants saw it at that moment; null where `type` is, and once its time is over (EventRetention). */
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

/** What is told of something that is no transaction: it stands in no timeline. */
export type Notice = Pick<EventRecord, 'merchantId' | 'mode' | 'subjectId'> & {
  readonly type: string;
  readonly data: object;
  /** Where the object has one. */
  readonly version?: number;
};

/** The row of a notice. `createdAt` in epoch ms. */
export function toNoticeRow(notice: Notice, at: Pick<EventRecord, 'id' | 'createdAt'>): EventRecord & { type: string } {
  const { version = null, ...told } = notice;
  const noTransaction = { reported: null, fromStatus: null, toStatus: null, attemptId: null, evidence: null };
  return { ...at, ...told, ...noTransaction, version, position: AWAITS_POSITION };
}
