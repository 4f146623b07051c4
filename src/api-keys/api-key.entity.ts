import { Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashColumn, IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';
import type { Scope } from './scopes.js';

/** A secret that lets a program act for one merchant in one mode, or a platform key that manages merchants. */
@Entity('api_keys')
@Index('api_keys_by_merchant', ['merchantId', 'mode', 'id'])
export class ApiKey {
  @IdColumn()
  id!: string;

  /** SHA-256 of the whole key. The key itself is shown once and stored nowhere. */
  @Index('api_keys_by_hash', { unique: true })
  @HashColumn()
  keyHash!: string;

  /** The last four characters, for people to tell keys apart. */
  @TextColumn(4)
  last4!: string;

  /** Null for a platform key. */
  @ReferenceColumn({ nullable: true })
  merchantId!: string | null;

  @TextColumn(4)
  mode!: Mode;

  /** Who acts: "two persons" always means two principals. Keys made by a key inherit it. */
  @ReferenceColumn()
  principalId!: string;

  @TextColumn(120)
  name!: string;

  @JsonColumn()
  scopes!: Scope[];

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  lastUsedAt!: number | null;

  /** From this instant on the key is refused: set at once by a revocation, later by a roll with overlap. */
  @InstantColumn({ nullable: true })
  endsAt!: number | null;
}
