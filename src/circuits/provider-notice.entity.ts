import { Entity, Index } from 'typeorm';
import type { Mode, Operation } from '#libs/provider-kit';
import { HashColumn, HashKeyColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** That a merchant was told of a provider's trouble, and has not been told yet that it is over. */
@Entity('provider_notices')
@Index('provider_notices_by_place', ['provider', 'mode', 'operation'])
export class ProviderNotice {
  /** Of the merchant and the place: nobody is told twice. */
  @HashKeyColumn()
  noticeHash!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(32)
  provider!: string;

  @HashColumn()
  hostHash!: string;

  @TextColumn(16)
  operation!: Operation;

  @InstantColumn()
  createdAt!: number;
}
