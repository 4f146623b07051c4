import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateBy,
} from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import { PageResponse } from '../http/pages.js';
import { EVENT_PATTERNS, isEventPattern } from './event-types.js';
import { DISABLED_REASONS, type DisabledReason, type WebhookEndpoint } from './webhook-endpoint.entity.js';

const URL_DESCRIPTION =
  'Where we POST to: https, or http in test mode. Private, loopback and reserved addresses are refused here and at every connection. Redirects are not followed.';
const EVENTS_DESCRIPTION =
  'What it listens to: event types, families such as `payout.*`, or `*` for everything. Types that come later are heard through families and `*`.';

// The address stands in each class by itself: class-validator inherits conditions such as IfGiven, so that a field which
// may be left out in a parent cannot be required in its child.
class WebhookEndpointFields {
  @ApiPropertyOptional({
    enum: EVENT_PATTERNS,
    isArray: true,
    description: `${EVENTS_DESCRIPTION} Everything, if a new endpoint says nothing.`,
    example: ['collection.*', 'payout.*'],
  })
  @IfGiven()
  @AreEventPatterns()
  @ArrayMaxSize(100)
  @ArrayMinSize(1)
  @IsArray()
  events?: string[];

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 255, description: 'For yourselves. Null clears.' })
  @IsOptional()
  @IsString()
  @MaxLength(255)
  description?: string | null;

  @ApiPropertyOptional({
    description:
      'A disabled endpoint gets nothing: neither new events nor what is still on its way to it. A new one is enabled.',
  })
  @IfGiven()
  @IsBoolean()
  enabled?: boolean;
}

/** `POST /v1/webhook-endpoints`. */
export class CreateWebhookEndpointRequest extends WebhookEndpointFields {
  @ApiProperty({ maxLength: 2000, description: URL_DESCRIPTION, example: 'https://shop.example/webhooks' })
  @IsWebAddress()
  @MaxLength(2000)
  @IsString()
  url!: string;
}

/** `PATCH /v1/webhook-endpoints/{id}`. What is left out stays. */
export class UpdateWebhookEndpointRequest extends WebhookEndpointFields {
  @ApiPropertyOptional({ maxLength: 2000, description: URL_DESCRIPTION, example: 'https://shop.example/webhooks' })
  @IfGiven()
  @IsWebAddress()
  @MaxLength(2000)
  @IsString()
  url?: string;
}

export class WebhookEndpointResponse {
  @ApiProperty({ example: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['webhook_endpoint'] })
  object!: 'webhook_endpoint';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ example: 'https://shop.example/webhooks' })
  url!: string;
  @ApiProperty({ enum: EVENT_PATTERNS, isArray: true, example: ['collection.*', 'payout.*'] })
  events!: string[];
  @ApiProperty({ type: String, nullable: true })
  description!: string | null;
  @ApiProperty()
  enabled!: boolean;
  @ApiProperty({
    enum: DISABLED_REASONS,
    type: String,
    nullable: true,
    description:
      '`merchant`: you said so. `gone`: it answered 410. `failing`: every attempt of 120 hours failed. Null while it is enabled.',
  })
  disabledReason!: DisabledReason | null;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'The first failed attempt since the last success. After half an hour `webhook_endpoint.failing` tells you, after 120 hours it is disabled.',
  })
  failingSince!: string | null;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until then messages carry a second signature, made with the secret before the rotation.',
  })
  previousSecretEndsAt!: string | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  static from(row: WebhookEndpoint): WebhookEndpointResponse {
    return {
      id: row.id,
      object: 'webhook_endpoint',
      mode: row.mode,
      url: row.url,
      events: row.events,
      description: row.description,
      enabled: row.enabled,
      disabledReason: row.disabledReason,
      failingSince: row.failingSince === null ? null : toIso(row.failingSince),
      previousSecretEndsAt: row.previousSecretEndsAt === null ? null : toIso(row.previousSecretEndsAt),
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
    };
  }
}

/** `POST /v1/webhook-endpoints/{id}/rotate-secret`. */
export class RotateSecretRequest {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 168,
    default: 24,
    description: 'How many hours the old secret still signs beside the new one. 0: it ends at once.',
  })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(168)
  overlapHours = 24;
}

/** The answer to a creation and to a rotation alone. */
export class CreatedWebhookEndpointResponse extends WebhookEndpointResponse {
  @ApiProperty({
    description: 'Signs every message (Standard Webhooks 1.0.0). Shown now and never again: keep it.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  })
  secret!: string;
}

export class WebhookEndpointPage extends PageResponse {
  @ApiProperty({ type: [WebhookEndpointResponse] })
  data!: WebhookEndpointResponse[];
}

// Only whether it is an address at all, without what the URL parser would drop silently: line ends, tabs, marks nobody sees.
// The egress guard judges where it leads, and answers 422.
function IsWebAddress(): PropertyDecorator {
  return ValidateBy({
    name: 'isWebAddress',
    validator: {
      validate: (value) => typeof value === 'string' && /^https?:\/\/[^\s\p{C}]+$/iu.test(value) && URL.canParse(value),
      defaultMessage: () => 'url must be a web address such as https://shop.example/webhooks',
    },
  });
}

function AreEventPatterns(): PropertyDecorator {
  return ValidateBy({
    name: 'areEventPatterns',
    validator: {
      validate: (value) => Array.isArray(value) && value.every(isEventPattern),
      defaultMessage: (faulty) => `${nameUnknown(faulty?.value)} is no event type, nor a pattern such as payout.* or *`,
    },
  });
}

function nameUnknown(value: unknown): string {
  const unknown: unknown = Array.isArray(value) ? value.find((item) => !isEventPattern(item)) : value;
  return JSON.stringify(unknown).slice(0, 80);
}
