import { Entity } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashKeyColumn, ReferenceColumn } from '../database/columns.js';
import { hashOf } from '../secrets/hash.js';
import type { TransactionKind } from './transaction-states.js';

/** That a merchant's reference is taken, for ever. Outlives the archiving of the transaction. */
@Entity('reference_keys')
export class ReferenceKey {
  /** SHA-256 of merchant, mode, kind and reference. */
  @HashKeyColumn()
  referenceHash!: string;

  /** Or the payment link. */
  @ReferenceColumn()
  transactionId!: string;
}

/** What a reference belongs to, and the reference. */
export interface OwnReference {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly kind: TransactionKind | 'payment_link';
  readonly reference: string;
}

/** The key of a merchant's reference, exact to the byte. */
export function toReferenceHash({ merchantId, mode, kind, reference }: OwnReference): string {
  return hashOf('reference', merchantId, mode, kind, reference);
}
