import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

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

  /** Routing takes the lowest first. */
  @Column({ type: 'int' })
  priority!: number;

  @Column({ type: 'boolean' })
  enabled!: boolean;

  /** Rises with every change, so that connected adapters know when they are stale. */
  @Column({ type: 'int' })
  version!: number;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
