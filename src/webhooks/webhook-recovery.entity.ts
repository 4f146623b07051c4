import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, LongColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

export const RECOVERY_STATUSES = [
  'running', //
  'completed', //
  'stopped', // the endpoint was disabled or deleted meanwhile
] as const;

export type RecoveryStatus = (typeof RECOVERY_STATUSES)[number];

/** `undelivered`: all that the endpoint did not take, also what it was never sent. `failed`: what was given up. */
export const RECOVERY_SELECTIONS = ['undelivered', 'failed'] as const;

export type RecoverySelection = (typeof RECOVERY_SELECTIONS)[number];

/** One walk along a merchant's events that starts deliveries to an endpoint anew. */
@Entity('webhook_recoveries')
@Index('webhook_recoveries_by_endpoint', ['endpointId', 'status', 'id'])
export class WebhookRecovery {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @ReferenceColumn()
  endpointId!: string;

  @TextColumn(12)
  selection!: RecoverySelection;

  @TextColumn(12)
  status!: RecoveryStatus;

  /** Events from this instant on. */
  @InstantColumn()
  since!: number;

  /** Events before this instant; null for all. */
  @InstantColumn({ nullable: true })
  until!: number | null;

  /** A type or family that it is narrowed to. */
  @TextColumn(64, { nullable: true })
  eventType!: string | null;

  /** The position before the first that is looked at. */
  @LongColumn()
  startPosition!: number;

  /** Everything up to here is done. */
  @LongColumn()
  scannedPosition!: number;

  /** Where the events ended when it was last looked. */
  @LongColumn()
  lastPosition!: number;

  /** How many deliveries were started or started anew. */
  @Column({ type: 'int' })
  requeued!: number;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;

  @InstantColumn({ nullable: true })
  completedAt!: number | null;
}
