import { Column, Entity, Index } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** Every kind of work that must happen. The subject's id is all a job carries. */
export type JobKind =
  | 'submit' //           a transaction
  | 'inquire' //          an attempt
  | 'expire' //           a transaction
  | 'expire_link' //      a payment link
  | 'apply_callback' //   a stored callback
  | 'deliver_webhook' //  a webhook delivery
  | 'send_email' //       an e-mail
  | 'announce_emails' //  an event whose e-mails are still to be written
  | 'recover_webhooks' // a recovery of an endpoint
  | 'sequence_events' //  all events that wait for a position
  | 'retire_events' //    all events past their time
  | 'retire_emails' //    all e-mails past their time
  | 'refresh_balance' //  a provider account
  | 'purge_idempotency'; // the table of idempotency records

/**
 * Work that must happen, written in the transaction that makes it necessary and deleted when it is done.
 * The row is the truth; a driver only wakes workers. One row for each kind and subject.
 */
@Entity('jobs')
@Index('jobs_by_subject', ['kind', 'subjectId'], { unique: true })
export class Job {
  @IdColumn()
  id!: string;

  @TextColumn(32)
  kind!: JobKind;

  @ReferenceColumn()
  subjectId!: string;

  /** Not before this instant. While leased, the end of the lease: a dead worker's job falls due by itself. */
  @Index('jobs_by_run_at')
  @InstantColumn()
  runAt!: number;

  /** How often it was started. */
  @Column({ type: 'int' })
  attempts!: number;

  /** Whose turn it is; null while nobody works on it. */
  @ReferenceColumn({ nullable: true })
  leaseToken!: string | null;

  @InstantColumn()
  createdAt!: number;
}
