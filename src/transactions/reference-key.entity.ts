import { Entity } from 'typeorm';
import { HashKeyColumn, ReferenceColumn } from '../database/columns.js';

/** That a merchant's reference is taken, for ever. Outlives the archiving of the transaction. */
@Entity('reference_keys')
export class ReferenceKey {
  /** SHA-256 of merchant, mode, kind and reference. */
  @HashKeyColumn()
  referenceHash!: string;

  @ReferenceColumn()
  transactionId!: string;
}
