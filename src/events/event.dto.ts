import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, Matches, MaxLength, ValidateBy } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { toIso } from '../http/instants.js';
import { PageQuery } from '../http/pages.js';
import { EVENT_PATTERNS, EVENT_TYPES, isEventPattern, matchesType } from '../webhooks/event-types.js';
import type { EventPage } from './event-log.js';
import type { EventRecord } from './event.entity.js';

/** `GET /v1/events`. */
export class ListEventsQuery extends PickType(PageQuery, ['limit'] as const) {
  @ApiPropertyOptional({
    description:
      'The id of the last event you have, or the `nextCursor` of the page before. Without it the list begins with the oldest event that is kept.',
    example: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K',
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  after?: string;

  @ApiPropertyOptional({
    type: String,
    description: `Event types and families, separated by commas: ${EVENT_PATTERNS.slice(1, 3).join(', ')} …`,
    example: 'collection.*,payout.failed',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @AreEventPatterns()
  type?: string[];

  @ApiPropertyOptional({
    description: 'Only what is about this transaction.',
    example: 'txn_01KA3X6V0C8Q5R9B2D4F6H8J0K',
  })
  @IsOptional()
  @Matches(/^txn_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'transactionId must be the id of a transaction (txn_…)' })
  transactionId?: string;
}

/** An event as its webhook told it, with its id and its place in the order. */
export class EventResponse {
  @ApiProperty({ description: 'Also the `webhook-id` on the wire.', example: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['event'] })
  object!: 'event';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'Its number among your events of this mode: 1, 2, 3 … without gaps. It never changes.',
    example: 118,
  })
  position!: number;
  @ApiProperty({ enum: EVENT_TYPES, type: String, example: 'collection.succeeded' })
  type!: string;
  @ApiProperty({ format: 'date-time', description: 'When it happened, as in the webhook.' })
  timestamp!: string;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The object as it was then, as in the webhook.',
  })
  data!: object;

  static from(row: EventRecord): EventResponse {
    return {
      id: row.id,
      object: 'event',
      mode: row.mode,
      position: row.position ?? 0,
      type: row.type ?? '',
      timestamp: toIso(row.createdAt),
      data: row.data ?? {},
    };
  }
}

export class EventPageResponse {
  @ApiProperty({ type: [EventResponse], description: 'Oldest first. With `type` a page may be short, even empty.' })
  data!: EventResponse[];
  @ApiProperty({ description: 'Whether newer ones may be there now.' })
  hasMore!: boolean;
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'An id: send it as `after` for what comes next, now or, where `hasMore` is false, later. Null where there is nothing yet.',
    example: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K',
  })
  nextCursor!: string | null;

  static from({ events, hasMore, next }: EventPage): EventPageResponse {
    return { data: events.map((event) => EventResponse.from(event)), hasMore, nextCursor: next };
  }
}

/** The exact types that patterns stand for, or undefined where they stand for all. */
export function toTypes(patterns: readonly string[] | undefined): readonly string[] | undefined {
  if (patterns === undefined || patterns.includes('*')) return undefined;
  return EVENT_TYPES.filter((type) => matchesType(patterns, type));
}

function AreEventPatterns(): PropertyDecorator {
  return ValidateBy({
    name: 'areEventPatterns',
    validator: {
      validate: (value) => Array.isArray(value) && value.length <= 100 && value.every(isEventPattern),
      defaultMessage: () => 'type must be event types or families such as payout.*, separated by commas',
    },
  });
}
