import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { IsInstant, toIso } from '../http/instants.js';
import { EVENT_PATTERNS } from './event-types.js';
import {
  RECOVERY_SELECTIONS,
  RECOVERY_STATUSES,
  type RecoverySelection,
  type RecoveryStatus,
  type WebhookRecovery,
} from './webhook-recovery.entity.js';

/** Which deliveries a recovery starts anew. Instants in epoch ms. */
export interface RecoveryChoice {
  readonly selection: RecoverySelection;
  readonly since: number;
  readonly until: number | null;
  readonly eventType: string | null;
  /** The field that said `since`, as an RFC 6901 pointer. */
  readonly sinceField: string;
}

/** `POST /v1/webhook-endpoints/{id}/recover`. */
export class RecoverRequest {
  @ApiProperty({
    format: 'date-time',
    description: 'Events from this instant on; at most 90 days ago.',
    example: '2026-01-31T08:00:00Z',
  })
  @IsInstant()
  since!: string;

  toSelection(): RecoveryChoice {
    return {
      selection: 'undelivered',
      since: Date.parse(this.since),
      until: null,
      eventType: null,
      sinceField: '/since',
    };
  }
}

/** `POST /v1/webhook-deliveries/redeliver`. */
export class RedeliverRequest {
  @ApiProperty({ example: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  @Matches(/^whk_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'endpointId must be the id of a webhook endpoint (whk_…)' })
  endpointId!: string;

  @ApiPropertyOptional({ enum: ['failed'], default: 'failed' })
  @IfGiven()
  @IsIn(['failed'])
  status = 'failed' as const;

  @ApiProperty({
    format: 'date-time',
    description: 'Events made at this instant or later; at most 90 days ago.',
    example: '2026-01-31T08:00:00Z',
  })
  @IsInstant()
  createdFrom!: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Events made before this instant.' })
  @IfGiven()
  @IsInstant()
  createdTo?: string;

  @ApiPropertyOptional({ enum: EVENT_PATTERNS, example: 'collection.*' })
  @IfGiven()
  @IsIn(EVENT_PATTERNS, { message: 'eventType must be an event type or a family such as payout.*' })
  eventType?: string;

  toSelection(): RecoveryChoice {
    return {
      selection: 'failed',
      since: Date.parse(this.createdFrom),
      until: this.createdTo === undefined ? null : Date.parse(this.createdTo),
      eventType: this.eventType ?? null,
      sinceField: '/createdFrom',
    };
  }
}

/** How far a recovery has come. */
export class WebhookRecoveryResponse {
  @ApiProperty({ example: 'rcv_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['webhook_recovery'] })
  object!: 'webhook_recovery';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ example: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  endpointId!: string;
  @ApiProperty({
    enum: RECOVERY_SELECTIONS,
    description: '`undelivered`: all that the endpoint has not taken. `failed`: deliveries that were given up.',
  })
  selection!: RecoverySelection;
  @ApiProperty({
    enum: RECOVERY_STATUSES,
    description: '`completed`: everything is on its way. `stopped`: the endpoint was disabled or removed meanwhile.',
  })
  status!: RecoveryStatus;
  @ApiProperty({ format: 'date-time' })
  since!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  until!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'collection.*' })
  eventType!: string | null;
  @ApiProperty({ type: 'integer', description: 'How many events there are to look at; grows while new ones come.' })
  total!: number;
  @ApiProperty({ type: 'integer', description: 'How many of them were looked at.' })
  scanned!: number;
  @ApiProperty({ type: 'integer', description: 'How many deliveries were started, or started anew.' })
  requeued!: number;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;

  static from(row: WebhookRecovery): WebhookRecoveryResponse {
    return {
      id: row.id,
      object: 'webhook_recovery',
      mode: row.mode,
      endpointId: row.endpointId,
      selection: row.selection,
      status: row.status,
      since: toIso(row.since),
      until: row.until === null ? null : toIso(row.until),
      eventType: row.eventType,
      total: row.lastPosition - row.startPosition,
      scanned: row.scannedPosition - row.startPosition,
      requeued: row.requeued,
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
      completedAt: row.completedAt === null ? null : toIso(row.completedAt),
    };
  }
}
