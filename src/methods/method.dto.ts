import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsISO31661Alpha2, IsString, Length } from 'class-validator';
import type { MethodFlow } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { PageResponse } from '../http/pages.js';
import type { Health } from './method-health.js';

export class HealthBasisResponse {
  @ApiProperty({
    type: 'integer',
    description: 'The newest attempts of the last 15 minutes that tell something, at most 20.',
  })
  attempts!: number;
  @ApiProperty({
    type: 'integer',
    description: 'Those that a provider left without an answer, or did not take because it was not available.',
  })
  troubled!: number;
}

export class MethodResponse {
  @ApiProperty({ example: 'mpesa_ke' })
  code!: string;
  @ApiProperty({ enum: ['method'] })
  object!: 'method';
  @ApiProperty({ enum: ['collection', 'payout'] })
  kind!: 'collection' | 'payout';
  @ApiProperty({ description: 'ISO 3166-1 alpha-2.', example: 'KE' })
  country!: string;
  @ApiProperty({ description: 'ISO 4217.', example: 'KES' })
  currency!: string;
  @ApiProperty({ example: 'Safaricom' })
  operator!: string;
  @ApiProperty({ type: 'integer', description: 'Decimals that an amount may have.', example: 0 })
  decimals!: number;
  @ApiProperty({ type: String, nullable: true, description: 'Null where no bound is known.', example: '1.00' })
  min!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Null where no bound is known.', example: '250000.00' })
  max!: string | null;
  @ApiProperty({ type: [String], description: 'What the customer or recipient must have beside a phone.' })
  requiredFields!: string[];
  @ApiProperty({ enum: ['approve_on_phone', 'redirect', 'otp', 'direct'] })
  flow!: MethodFlow;
  @ApiProperty({
    type: [String],
    description: 'Your providers that offer it, the one we try first first.',
    example: ['mpesa'],
  })
  providers!: string[];
  @ApiProperty({
    enum: ['operational', 'degraded', 'down'],
    description:
      'From the traffic of this gateway in the last 15 minutes (see `healthBasis`; without traffic `operational`), and from whether we send to your accounts at all now: `down` while their provider does not answer us.',
  })
  health!: Health;
  @ApiProperty({ type: HealthBasisResponse, description: 'What `health` rests on.' })
  healthBasis!: HealthBasisResponse;
}

export class MethodList extends PageResponse {
  @ApiProperty({ type: [MethodResponse] })
  data!: MethodResponse[];
}

export class PredictMethodsDto {
  @ApiProperty({ description: 'E.164, or national where `country` says whose.', example: '+254708374149' })
  @IsString()
  @Length(4, 32)
  phone!: string;

  @ApiPropertyOptional({ description: 'ISO 3166-1 alpha-2.', example: 'KE' })
  @IfGiven()
  @IsISO31661Alpha2()
  country?: string;
}

export class MethodPredictionResponse {
  @ApiProperty({ enum: ['method_prediction'] })
  object!: 'method_prediction';
  @ApiProperty({ description: 'E.164.', example: '+254708374149' })
  phone!: string;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'ISO 3166-1 alpha-2, where the number tells.',
    example: 'KE',
  })
  country!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Who opened the range the number lies in; null where we do not know. Numbers are ported.',
    example: 'Safaricom',
  })
  operator!: string | null;
  @ApiProperty({
    type: [String],
    description:
      'Codes of your methods that may reach it: those of the operator, or of the whole country where it is not known.',
    example: ['mpesa_ke'],
  })
  methods!: string[];
}
