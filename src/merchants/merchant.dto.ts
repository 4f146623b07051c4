import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsIn, IsOptional, IsString, IsUrl, Matches, MaxLength } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import { PageResponse } from '../http/pages.js';
import type { Merchant } from './merchant.entity.js';

const LOCALES = ['fr', 'en'] as const;
const STATUSES = ['active', 'suspended'] as const;

/** What a merchant may leave out. Null clears where a field can be empty. */
abstract class MerchantFields {
  @ApiPropertyOptional({ enum: LOCALES, description: 'Of mails and pages where the customer’s own is not known.' })
  @IfGiven()
  @IsIn(LOCALES)
  locale?: 'fr' | 'en';

  @ApiPropertyOptional({ type: String, nullable: true, description: '`#rrggbb`.', example: '#0a7d5a' })
  @IsOptional()
  @Matches(/^#[0-9a-f]{6}$/i, { message: 'colour must look like #0a7d5a' })
  colour?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 500, description: 'https only: pages show it.' })
  @IsOptional()
  @MaxLength(500)
  @IsUrl({ protocols: ['https'], require_protocol: true }, { message: 'logoUrl must be an https address' })
  logoUrl?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 254, description: 'Where notices to you go.' })
  @IsOptional()
  @MaxLength(254)
  @IsEmail()
  notificationEmail?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 500, description: 'Where customers find help.' })
  @IsOptional()
  @MaxLength(500)
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true }, { message: 'supportUrl must be a web address' })
  supportUrl?: string | null;
}

/** `PATCH /v1/merchant`. Fields that are left out stay. */
export class UpdateMerchantRequest extends MerchantFields {
  @ApiPropertyOptional({ maxLength: 120, description: 'As customers see it.', example: 'Duka la Achieng' })
  @IfGiven()
  @IsString()
  @MaxLength(120)
  @Matches(/\S/, { message: 'name must not be blank' })
  name?: string;
}

/** `POST /v1/merchants`. */
export class CreateMerchantRequest extends MerchantFields {
  @ApiProperty({ maxLength: 120, description: 'As customers see it.', example: 'Duka la Achieng' })
  @IsString()
  @MaxLength(120)
  @Matches(/\S/, { message: 'name must not be blank' })
  name!: string;
}

/** `PATCH /v1/merchants/{id}`. */
export class UpdateAnyMerchantRequest extends UpdateMerchantRequest {
  @ApiPropertyOptional({
    enum: STATUSES,
    description: 'A suspended merchant’s keys answer 403 from the next request on. What is under way is finished.',
  })
  @IfGiven()
  @IsIn(STATUSES)
  status?: 'active' | 'suspended';
}

export class MerchantResponse {
  @ApiProperty({ example: 'mer_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['merchant'] })
  object!: 'merchant';
  @ApiProperty()
  name!: string;
  @ApiProperty({ enum: LOCALES })
  locale!: string;
  @ApiProperty({ enum: STATUSES })
  status!: 'active' | 'suspended';
  @ApiProperty({ type: String, nullable: true })
  colour!: string | null;
  @ApiProperty({ type: String, nullable: true })
  logoUrl!: string | null;
  @ApiProperty({ type: String, nullable: true })
  notificationEmail!: string | null;
  @ApiProperty({ type: String, nullable: true })
  supportUrl!: string | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  static from(row: Merchant): MerchantResponse {
    return {
      id: row.id,
      object: 'merchant',
      name: row.name,
      locale: row.locale,
      status: row.status,
      colour: row.colour,
      logoUrl: row.logoUrl,
      notificationEmail: row.notificationEmail,
      supportUrl: row.supportUrl,
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
    };
  }
}

export class MerchantPage extends PageResponse {
  @ApiProperty({ type: [MerchantResponse] })
  data!: MerchantResponse[];
}
