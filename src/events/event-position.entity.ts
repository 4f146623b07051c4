import { Entity, PrimaryColumn } from 'typeorm';
import { ID_LENGTH } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { LongColumn } from '../database/columns.js';

/** Whose events: positions are counted for each merchant and mode by themselves. */
export interface EventStream {
  readonly merchantId: string;
  readonly mode: Mode;
}

/** How far the events of a merchant and mode are numbered. Its row is the lock that sequencers stand in line at. */
@Entity('event_positions')
export class EventPosition {
  @PrimaryColumn({ type: 'varchar', length: ID_LENGTH })
  merchantId!: string;

  @PrimaryColumn({ type: 'varchar', length: 4 })
  mode!: Mode;

  /** The highest position given so far; 0 where there is none. */
  @LongColumn()
  lastPosition!: number;

  /** The oldest that is still kept; one more than `lastPosition` where all are past their time. */
  @LongColumn()
  firstPosition!: number;
}
