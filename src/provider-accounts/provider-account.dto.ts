import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import { PageResponse } from '../http/pages.js';
import type { CheckResult } from './account-credentials.js';
import { LowBalanceRequest, LowBalanceResponse } from './low-balance.dto.js';
import type { ProviderAccount } from './provider-account.entity.js';
import type { AccountFields } from './provider-accounts.service.js';

const CREDENTIALS = {
  type: 'object',
  additionalProperties: true,
  writeOnly: true,
  description:
    'As the provider’s `credentials` form in `GET /v1/providers` says. Sealed at rest and never shown again.',
} as const;
const SETTINGS = {
  type: 'object',
  additionalProperties: true,
  description: 'As the provider’s `settings` form in `GET /v1/providers` says. `baseUrl` in test mode only.',
} as const;
const PRIORITY = {
  type: 'integer',
  minimum: 0,
  maximum: 10_000,
  description: 'Routing tries the lowest first.',
} as const;
const LOW_BALANCE = {
  type: LowBalanceRequest,
  nullable: true,
  description:
    'From where on you want to be warned by `provider.balance_low`, once for each crossing. The balance is looked at every 15 minutes then. Null: never.',
} as const;
const CHECK_STATUSES = ['ok', 'refused', 'unreachable'] as const;

/** `POST /v1/provider-accounts`. */
export class CreateProviderAccountRequest {
  @ApiProperty({ description: 'The `id` of one of `GET /v1/providers`.', example: 'mpesa' })
  @IsString()
  @MaxLength(32)
  provider!: string;

  @ApiProperty(CREDENTIALS)
  @IsObject()
  credentials!: AccountFields;

  @ApiPropertyOptional({ ...SETTINGS, default: {} })
  @IfGiven()
  @IsObject()
  settings: AccountFields = {};

  @ApiPropertyOptional({ ...PRIORITY, default: 100 })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(10_000)
  priority = 100;

  @ApiPropertyOptional({ type: Boolean, default: true, description: 'Whether new payments may take it.' })
  @IfGiven()
  @IsBoolean()
  enabled = true;

  @ApiPropertyOptional(LOW_BALANCE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => LowBalanceRequest)
  lowBalance?: LowBalanceRequest | null;
}

/** `PATCH /v1/provider-accounts/{id}`. */
export class UpdateProviderAccountRequest {
  @ApiPropertyOptional({ ...CREDENTIALS, description: `${CREDENTIALS.description} Replaces all stored ones.` })
  @IfGiven()
  @IsObject()
  credentials?: AccountFields;

  @ApiPropertyOptional({ ...SETTINGS, description: `${SETTINGS.description} Replaces all stored ones.` })
  @IfGiven()
  @IsObject()
  settings?: AccountFields;

  @ApiPropertyOptional(PRIORITY)
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(10_000)
  priority?: number;

  @ApiPropertyOptional({
    description: 'False: no new payment takes it. What is under way is still brought to its end.',
  })
  @IfGiven()
  @IsBoolean()
  enabled?: boolean;

  @ApiPropertyOptional(LOW_BALANCE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => LowBalanceRequest)
  lowBalance?: LowBalanceRequest | null;
}

/** `POST /v1/provider-accounts/{id}/rotate-webhook-url`. */
export class RotateWebhookUrlRequest {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 168,
    default: 24,
    description: 'How many hours the old URL still takes messages. 0: it ends at once.',
  })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(168)
  overlapHours = 24;
}

export class ProviderAccountResponse {
  @ApiProperty({ example: 'pac_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['provider_account'] })
  object!: 'provider_account';
  @ApiProperty({ example: 'mpesa' })
  provider!: string;
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({
    type: [String],
    description: 'The names of the credentials that are stored.',
    example: ['consumerKey'],
  })
  credentialsSet!: string[];
  @ApiProperty({ type: 'object', additionalProperties: true, example: { shortcode: '174379', type: 'paybill' } })
  settings!: AccountFields;
  @ApiProperty({
    type: String,
    format: 'uri',
    nullable: true,
    description:
      'Enter it as the webhook of your account at the provider. Who knows it can send nothing that is believed without the webhook secret. Null where each payment brings its own.',
    example: null,
  })
  webhookUrl!: string | null;
  @ApiProperty({ type: 'integer' })
  priority!: number;
  @ApiProperty()
  enabled!: boolean;
  @ApiProperty({ type: LowBalanceResponse, nullable: true })
  lowBalance!: LowBalanceResponse | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  static from(
    row: ProviderAccount,
    { credentialsSet, webhookUrl }: Pick<ProviderAccountResponse, 'credentialsSet' | 'webhookUrl'>,
  ): ProviderAccountResponse {
    return {
      id: row.id,
      object: 'provider_account',
      provider: row.provider,
      mode: row.mode,
      credentialsSet,
      settings: row.settings,
      webhookUrl,
      priority: row.priority,
      enabled: row.enabled,
      lowBalance: row.lowBalance && LowBalanceResponse.from(row.lowBalance),
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
    };
  }
}

export class ProviderAccountPage extends PageResponse {
  @ApiProperty({ type: [ProviderAccountResponse] })
  data!: ProviderAccountResponse[];
}

export class CredentialCheckResponse {
  @ApiProperty({ enum: CHECK_STATUSES, description: '`unreachable` says nothing about the credentials.' })
  status!: CheckResult['status'];
  @ApiProperty({ type: String, nullable: true, description: 'What the provider said, where it said more.' })
  detail!: string | null;
  @ApiProperty({ format: 'date-time' })
  checkedAt!: string;

  static from({ status, detail, checkedAt }: CheckResult): CredentialCheckResponse {
    return { status, detail, checkedAt: toIso(checkedAt) };
  }
}
