import { Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashKeyColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';
import type { Subject } from './realtime-session.js';

/** What opens one WebSocket, once: for browsers, which cannot send `Authorization` with it. Its row goes when it is used. */
@Entity('realtime_tickets')
export class RealtimeTicket {
  /** SHA-256 of the ticket. */
  @HashKeyColumn()
  ticketHash!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** The key that it was issued to; null for the ticket of a payment page. */
  @ReferenceColumn({ nullable: true })
  keyId!: string | null;

  /** All that it may subscribe to; null for everything of the merchant. A payment page's names its one link. */
  @JsonColumn({ nullable: true })
  narrowed!: readonly Subject[] | null;

  @Index('realtime_tickets_by_end')
  @InstantColumn()
  endsAt!: number;
}
