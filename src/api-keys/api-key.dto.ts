import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import { PageQuery, PageResponse } from '../http/pages.js';
import type { ApiKey } from './api-key.entity.js';
import type { CreatedApiKey } from './api-keys.service.js';
import { SCOPES, type Scope } from './scopes.js';

const MODES = ['test', 'live'] as const;
const STATUSES = ['active', 'ending', 'revoked'] as const;

/** `POST /v1/api-keys`. */
export class CreateApiKeyRequest {
  @ApiProperty({ maxLength: 120, description: 'For people: who or what uses the key.', example: 'Web shop' })
  @IsString()
  @MaxLength(120)
  @Matches(/\S/, { message: 'name must not be blank' })
  name!: string;

  @ApiProperty({ enum: SCOPES, isArray: true, description: 'At most those of the key that asks.', example: ['read'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SCOPES.length)
  @IsIn(SCOPES, { each: true })
  scopes!: Scope[];

  @ApiPropertyOptional({ description: 'Platform keys only, and required there: whose key it is.' })
  @IfGiven()
  @IsString()
  @MaxLength(30)
  merchantId?: string;

  @ApiPropertyOptional({ enum: MODES, description: 'Platform keys only, and required there.' })
  @IfGiven()
  @IsIn(MODES)
  mode?: Mode;
}

/** `POST /v1/api-keys/{id}/roll`. */
export class RollApiKeyRequest {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 168,
    default: 24,
    description: 'How many hours the old key still works. 0: it is refused at once.',
  })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(168)
  overlapHours = 24;
}

/** `GET /v1/api-keys`. */
export class ListApiKeysQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Platform keys only: the keys of one merchant.' })
  @IsOptional()
  @IsString()
  @MaxLength(30)
  merchantId?: string;
}

export class ApiKeyResponse {
  @ApiProperty({ example: 'key_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['api_key'] })
  object!: 'api_key';
  @ApiProperty()
  name!: string;
  @ApiProperty({ description: 'The last four characters of the key.' })
  last4!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Null for a platform key.' })
  merchantId!: string | null;
  @ApiProperty({ enum: MODES })
  mode!: Mode;
  @ApiProperty({ description: 'Who acts with it. Two persons are two principals.' })
  principalId!: string;
  @ApiProperty({ enum: SCOPES, isArray: true })
  scopes!: Scope[];
  @ApiProperty({ enum: STATUSES, description: '`ending`: rolled, and valid until `endsAt`.' })
  status!: 'active' | 'ending' | 'revoked';
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'To the minute.' })
  lastUsedAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'From then on it is refused.' })
  endsAt!: string | null;

  static from(row: ApiKey, now: number): ApiKeyResponse {
    return {
      id: row.id,
      object: 'api_key',
      name: row.name,
      last4: row.last4,
      merchantId: row.merchantId,
      mode: row.mode,
      principalId: row.principalId,
      scopes: row.scopes,
      status: toStatus(row.endsAt, now),
      createdAt: toIso(row.createdAt),
      lastUsedAt: row.lastUsedAt === null ? null : toIso(row.lastUsedAt),
      endsAt: row.endsAt === null ? null : toIso(row.endsAt),
    };
  }
}

export class CreatedApiKeyResponse extends ApiKeyResponse {
  @ApiProperty({ description: 'The key itself. Keep it now: it is never shown again.', example: 'mlp_test_…' })
  secret!: string;

  static of({ key, secret }: CreatedApiKey, now: number): CreatedApiKeyResponse {
    return { ...ApiKeyResponse.from(key, now), secret };
  }
}

export class ApiKeyPage extends PageResponse {
  @ApiProperty({ type: [ApiKeyResponse] })
  data!: ApiKeyResponse[];
}

function toStatus(endsAt: number | null, now: number): ApiKeyResponse['status'] {
  if (endsAt === null) return 'active';
  return endsAt <= now ? 'revoked' : 'ending';
}
