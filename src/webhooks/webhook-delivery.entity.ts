import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** One try to hand an event over. */
export interface DeliveryAttempt {
  at: number;
  /** Null where no answer came. */
  statusCode: number | null;
  /** The start of the answer, or why there was none. */
  answer: string;
  durationMs: number;
}

/** Why a delivery was given up. */
export const DELIVERY_FAILURES = [
  'attempts_exhausted', // the whole schedule was tried
  'endpoint_gone', //      the endpoint answered 410
  'endpoint_disabled', //  by the time of the attempt
  'endpoint_deleted', //   by the time of the attempt
  'event_deleted', //      its data is past the time that we keep events
  'test_failed', //        a test ping is one attempt
] as const;

export type DeliveryFailure = (typeof DELIVERY_FAILURES)[number];

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One event on its way to one endpoint, or to the `callbackUrl` of a payment link. */
@Entity('webhook_deliveries')
@Index('webhook_deliveries_by_merchant', ['merchantId', 'mode', 'id'])
@Index('webhook_deliveries_by_event', ['eventId'])
@Index('webhook_deliveries_by_endpoint', ['endpointId', 'id'])
export class WebhookDelivery {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  /** Or the payment link to whose `callbackUrl` it goes. */
  @ReferenceColumn()
  endpointId!: string;

  /** The event's id, which is also the `webhook-id` on the wire: the same on every try. */
  @ReferenceColumn()
  eventId!: string;

  @TextColumn(64)
  eventType!: string;

  @TextColumn(12)
  status!: DeliveryStatus;

  @JsonColumn()
  attempts!: DeliveryAttempt[];

  /** How many there were ever; `attempts` keeps the latest of them. */
  @Column({ type: 'int' })
  attemptCount!: number;

  /** How many of them belong to the present round of the schedule: a redelivery starts a new one. */
  @Column({ type: 'int' })
  roundAttempts!: number;

  /** Why it was given up; null unless `status` is `failed`. */
  @TextColumn(20, { nullable: true })
  failureReason!: DeliveryFailure | null;

  @InstantColumn({ nullable: true })
  nextAttemptAt!: number | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  deliveredAt!: number | null;
}
