import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashColumn, IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** From where on a merchant wants to be warned. */
export interface LowBalance {
  /** Major units, with the currency's decimals. */
  amount: string;
  currency: string;
  /** The provider's name of the account that counts; null: all of the currency together. */
  account: string | null;
}

/** A merchant's own account at a provider, in one mode. */
@Entity('provider_accounts')
@Index('provider_accounts_by_merchant', ['merchantId', 'mode', 'priority', 'id'])
export class ProviderAccount {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** A definition's id, such as `mpesa`. */
  @TextColumn(32)
  provider!: string;

  /** The credentials as one sealed JSON object. */
  @Column({ type: 'text' })
  sealedCredentials!: string;

  @JsonColumn()
  settings!: Record<string, unknown>;

  /** The token hash of the path that its provider reports to; null where none was given out. */
  @HashColumn({ nullable: true })
  callbackTokenHash!: string | null;

  /** Routing takes the lowest first. */
  @Column({ type: 'int' })
  priority!: number;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  @JsonColumn({ nullable: true })
  lowBalance!: LowBalance | null;

  /** Rises with every change, so that connected adapters know when they are stale. */
  @Column({ type: 'int' })
  version!: number;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
