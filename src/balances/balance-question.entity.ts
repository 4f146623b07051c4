import { Entity, Index } from 'typeorm';
import type { ProviderReferences } from '#libs/provider-kit';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn } from '../database/columns.js';

/** One question for the balance of an account, stored before it is asked. Its answer may come by callback, on paths of its own. */
@Entity('balance_questions')
@Index('balance_questions_by_account', ['providerAccountId', 'askedAt'])
export class BalanceQuestion {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  providerAccountId!: string;

  @InstantColumn()
  askedAt!: number;

  /** The provider's ids of the question; null until it told them, and for ever where that answer was lost. */
  @JsonColumn({ nullable: true })
  providerIds!: ProviderReferences | null;
}
