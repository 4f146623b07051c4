import { Column, Entity, Index } from 'typeorm';
import { HashColumn, HashKeyColumn, InstantColumn, ReferenceColumn } from '../database/columns.js';

/** That a request was answered once, so that the same request again gets the same answer. */
@Entity('idempotency_records')
export class IdempotencyRecord {
  /** SHA-256 of merchant, mode and the client's key. */
  @HashKeyColumn()
  keyHash!: string;

  /** SHA-256 of the route and the canonical body. */
  @HashColumn()
  requestHash!: string;

  /** What the request made. */
  @ReferenceColumn()
  subjectId!: string;

  @Column({ type: 'int' })
  statusCode!: number;

  @Index('idempotency_records_by_age')
  @InstantColumn()
  createdAt!: number;
}
