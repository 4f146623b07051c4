import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { toIso } from '../http/instants.js';
import { PageQuery, PageResponse } from '../http/pages.js';
import {
  DELIVERY_FAILURES,
  DELIVERY_STATUSES,
  type DeliveryAttempt,
  type DeliveryFailure,
  type DeliveryStatus,
  type WebhookDelivery,
} from './webhook-delivery.entity.js';

/** Filters of the list. Several together must all fit. */
export class ListWebhookDeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ example: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  @IsOptional()
  @Matches(/^whk_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'endpointId must be the id of a webhook endpoint (whk_…)' })
  endpointId?: string;

  @ApiPropertyOptional({ example: 'lnk_01KA3X6V0C8Q5R9B2D4F6H8J0K', description: 'Those to its `callbackUrl`.' })
  @IsOptional()
  @Matches(/^lnk_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'linkId must be the id of a payment link (lnk_…)' })
  linkId?: string;

  @ApiPropertyOptional({ example: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  @IsOptional()
  @Matches(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'eventId must be the id of an event (evt_…)' })
  eventId?: string;

  @ApiPropertyOptional({ enum: DELIVERY_STATUSES })
  @IsOptional()
  @IsIn(DELIVERY_STATUSES)
  status?: DeliveryStatus;
}

export class DeliveryAttemptResponse {
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({ type: 'integer', nullable: true, description: 'Null where no answer came.', example: 500 })
  statusCode!: number | null;
  @ApiProperty({ description: 'The first 16 kB of the answer, or why there was none.' })
  answer!: string;
  @ApiProperty({ type: 'integer', example: 214 })
  durationMs!: number;

  static from(attempt: DeliveryAttempt): DeliveryAttemptResponse {
    const { at, statusCode, answer, durationMs } = attempt;
    return { at: toIso(at), statusCode, answer, durationMs };
  }
}

export class WebhookDeliveryResponse {
  @ApiProperty({ example: 'dlv_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['webhook_delivery'] })
  object!: 'webhook_delivery';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null where it goes to the `callbackUrl` of a payment link.',
    example: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K',
  })
  endpointId!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The payment link to whose `callbackUrl` it goes; null where it goes to an endpoint.',
  })
  linkId!: string | null;
  @ApiProperty({ description: 'Also the `webhook-id` on the wire.', example: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  eventId!: string;
  @ApiProperty({ example: 'collection.succeeded' })
  eventType!: string;
  @ApiProperty({ enum: DELIVERY_STATUSES })
  status!: DeliveryStatus;
  @ApiProperty({
    enum: DELIVERY_FAILURES,
    type: String,
    nullable: true,
    description: 'Why it was given up. Null unless it was.',
  })
  failureReason!: DeliveryFailure | null;
  @ApiProperty({ type: [DeliveryAttemptResponse], description: 'The latest 25, oldest first.' })
  attempts!: DeliveryAttemptResponse[];
  @ApiProperty({ type: 'integer', description: 'How many there were ever.' })
  attemptCount!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null where none will follow.' })
  nextAttemptAt!: string | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the endpoint first took it.' })
  deliveredAt!: string | null;

  static from(row: WebhookDelivery): WebhookDeliveryResponse {
    return {
      id: row.id,
      object: 'webhook_delivery',
      mode: row.mode,
      endpointId: isOfLink(row) ? null : row.endpointId,
      linkId: isOfLink(row) ? row.endpointId : null,
      eventId: row.eventId,
      eventType: row.eventType,
      status: row.status,
      failureReason: row.failureReason,
      attempts: row.attempts.map((attempt) => DeliveryAttemptResponse.from(attempt)),
      attemptCount: row.attemptCount,
      nextAttemptAt: row.nextAttemptAt === null ? null : toIso(row.nextAttemptAt),
      createdAt: toIso(row.createdAt),
      deliveredAt: row.deliveredAt === null ? null : toIso(row.deliveredAt),
    };
  }
}

export class WebhookDeliveryPage extends PageResponse {
  @ApiProperty({ type: [WebhookDeliveryResponse] })
  data!: WebhookDeliveryResponse[];
}

/** What a `test.ping` carries. */
export class PingResponse {
  @ApiProperty({ enum: ['ping'] })
  object!: 'ping';
  @ApiProperty({ description: 'The endpoint that is tried out.', example: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  endpointId!: string;
}

function isOfLink({ endpointId }: WebhookDelivery): boolean {
  return endpointId.startsWith('lnk_');
}
