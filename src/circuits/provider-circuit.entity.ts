import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { ID_LENGTH } from '#libs/primitives';
import type { Mode, Operation } from '#libs/provider-kit';
import { HashColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/**
 * What all processes know of a circuit: one kind of money movement over one provider account. Made when it opens for the
 * first time. Open and past `retryAt` means that one call may try whether the provider is back.
 */
@Entity('provider_circuits')
@Index('provider_circuits_by_state', ['state', 'provider', 'mode'])
export class ProviderCircuit {
  @PrimaryColumn({ type: 'varchar', length: ID_LENGTH })
  providerAccountId!: string;

  @PrimaryColumn({ type: 'varchar', length: 16 })
  operation!: Operation;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(32)
  provider!: string;

  /** Of the base URL: accounts that talk to one host share its fate. */
  @HashColumn()
  hostHash!: string;

  @TextColumn(8)
  state!: 'open' | 'closed';

  /** While open: nothing is sent before this instant. */
  @InstantColumn()
  retryAt!: number;

  /** Somebody tries whether the provider is back, and has until then; 0 where nobody does. */
  @InstantColumn()
  trialEndsAt!: number;

  /** How often in a row it opened: the rests grow with it. */
  @Column({ type: 'int' })
  openings!: number;

  /** When it opened, or last closed. */
  @InstantColumn()
  since!: number;

  @InstantColumn()
  updatedAt!: number;
}
