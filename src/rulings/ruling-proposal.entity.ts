import { Column, Entity } from 'typeorm';
import { IdColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** What people can rule. */
export const RULING_OUTCOMES = ['succeeded', 'failed'] as const;

export type RulingOutcome = (typeof RULING_OUTCOMES)[number];

/**
 * What the first of two persons said about a transaction in review. One for each transaction: it counts while the
 * transaction is still at the version they looked at, and gives way to the next proposal afterwards.
 */
@Entity('ruling_proposals')
export class RulingProposal {
  /** The transaction's. */
  @IdColumn()
  transactionId!: string;

  /** The transaction's version that was judged. */
  @Column({ type: 'int' })
  version!: number;

  @TextColumn(12)
  outcome!: RulingOutcome;

  @TextColumn(500)
  note!: string;

  @ReferenceColumn()
  principalId!: string;

  @InstantColumn()
  proposedAt!: number;
}
