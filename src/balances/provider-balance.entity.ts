import { Column, Entity, PrimaryColumn } from 'typeorm';
import { ID_LENGTH } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';
import type { LowBalance } from '../provider-accounts/provider-account.entity.js';

/** Money in one of the provider's own accounts. */
export interface StoredBalance {
  /** The provider's name of it. */
  account: string;
  /** Major units, with the currency's decimals. */
  available: string;
  currency: string;
}

/** How a refresh stands. */
export const REFRESH_STATES = ['in_progress', 'succeeded', 'failed'] as const;

/** What we know of the money in a provider account, and how the last refresh of it stands. Made with the first refresh. */
@Entity('provider_balances')
export class ProviderBalance {
  @PrimaryColumn({ type: 'varchar', length: ID_LENGTH })
  providerAccountId!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** Null until the provider told for the first time. */
  @JsonColumn({ nullable: true })
  balances!: StoredBalance[] | null;

  /** When the answer reached us. */
  @InstantColumn({ nullable: true })
  asOf!: number | null;

  /** When the question was asked that `balances` answers: an older answer that comes late never replaces a newer one. */
  @InstantColumn({ nullable: true })
  answersFrom!: number | null;

  /** The `lowBalance` of the account that it was below when we last knew, and that the merchant was told of; else null. */
  @JsonColumn({ nullable: true })
  belowLimit!: LowBalance | null;

  @TextColumn(12)
  refresh!: (typeof REFRESH_STATES)[number];

  @InstantColumn()
  startedAt!: number;

  @InstantColumn({ nullable: true })
  finishedAt!: number | null;

  /** How often the provider was asked in this refresh. */
  @Column({ type: 'int' })
  questions!: number;

  /** Until then we wait for an answer; then it is asked again, or the refresh has failed. */
  @InstantColumn()
  nextAskAt!: number;

  /** Why the last question has no answer, a sentence for people. */
  @TextColumn(255, { nullable: true })
  trouble!: string | null;
}
