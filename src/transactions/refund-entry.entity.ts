import { Column, Entity, Index } from 'typeorm';
import { IdColumn, ReferenceColumn } from '../database/columns.js';

/** That a refund stands in its collection's account. */
@Entity('refund_entries')
export class RefundEntry {
  /** The refund. */
  @IdColumn()
  transactionId!: string;

  @Index('refund_entries_by_collection')
  @ReferenceColumn()
  collectionId!: string;

  /** Whether the collection's `refundedMinor` holds its amount: until it is proven that no money moved. */
  @Column({ type: 'boolean' })
  reserved!: boolean;
}
