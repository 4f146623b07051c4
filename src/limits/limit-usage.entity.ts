import { Entity, Index } from 'typeorm';
import { HashKeyColumn, IdColumn, InstantColumn, JsonColumn, MinorUnitsColumn } from '../database/columns.js';

/** What was taken of a window that a cap counts. */
@Entity('limit_usage')
export class LimitUsage {
  /** SHA-256 of merchant, mode, currency, cap, whose it is (a phone, a key, a batch) and the beginning of the window. */
  @HashKeyColumn()
  usageHash!: string;

  @MinorUnitsColumn()
  usedMinor!: bigint;

  @Index('limit_usage_by_end')
  @InstantColumn()
  endsAt!: number;
}

/** Where a payout was counted, to be given back if no money moves. */
@Entity('limit_reservations')
export class LimitReservation {
  @IdColumn()
  transactionId!: string;

  @JsonColumn()
  usageHashes!: string[];

  /** The end of its longest window: afterwards there is nothing to give back. */
  @Index('limit_reservations_by_end')
  @InstantColumn()
  endsAt!: number;
}
