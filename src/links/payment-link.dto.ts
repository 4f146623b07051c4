import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsAmount, IsCurrency } from '../http/amount.decorator.js';
import { IfGiven } from '../http/if-given.js';
import { IsInstant } from '../http/instants.js';
import { PageQuery } from '../http/pages.js';
import { ONE_LINE, PartyDto } from '../transactions/movement.dto.js';
import {
  LINK_EXECUTIONS,
  LINK_LOCALES,
  LINK_STATUSES,
  type LinkExecution,
  type LinkLocale,
  type LinkStatus,
} from './payment-link.entity.js';
import { IsWebAddress } from './shop-urls.js';

const MINUTE_S = 60;
const DAY_S = 24 * 60 * MINUTE_S;

/** As long as an answer can be replayed by its Idempotency-Key. */
const LONGEST_LIFE_S = 30 * DAY_S;
export const DEFAULT_LIFE_S = 3 * DAY_S;

const RETURN_URL =
  'https, or http in test mode. `linkId`, `status`, `expires` and `signature` are added to its query; see `GET /v1/signing-secret`.';

/** Who is expected to pay. All of it may be left to the customer. */
export class LinkCustomerDto extends OmitType(PartyDto, ['phone'] as const) {
  @ApiPropertyOptional({ description: 'E.164, or national with `country`.', example: '+254708374149' })
  @IfGiven()
  @IsString()
  @Length(4, 32)
  phone?: string;
}

/** `POST /v1/payment-links`. */
export class CreatePaymentLinkDto {
  @ApiProperty({
    description: 'Your own id for it, unique for ever among your payment links.',
    minLength: 1,
    maxLength: 128,
    example: 'INV-118',
  })
  @IsString()
  @Length(1, 128)
  @Matches(ONE_LINE, { message: 'reference must be printable text on one line, without blanks at its ends' })
  reference!: string;

  @ApiProperty({
    maxLength: 255,
    description: 'What is paid for, as the customer reads it.',
    example: 'Two sacks of maize',
  })
  @IsString()
  @Length(1, 255)
  @Matches(ONE_LINE, { message: 'itemName must be printable text on one line, without blanks at its ends' })
  itemName!: string;

  @IsAmount()
  amount!: string | number;

  @IsCurrency()
  currency!: string;

  @ApiProperty({
    maxLength: 2000,
    description: `Where the customer goes once it is paid: ${RETURN_URL}`,
    example: 'https://shop.example/thanks',
  })
  @IsWebAddress()
  @MaxLength(2000)
  @IsString()
  successUrl!: string;

  @ApiProperty({
    maxLength: 2000,
    description: `Where the customer goes if it is not: ${RETURN_URL}`,
    example: 'https://shop.example/cart',
  })
  @IsWebAddress()
  @MaxLength(2000)
  @IsString()
  failureUrl!: string;

  @ApiPropertyOptional({
    maxLength: 2000,
    description:
      'This link’s own webhook: gets every event of the link, signed with your signing secret. https, or http in test mode; private addresses are refused.',
    example: 'https://shop.example/payments/118',
  })
  @IfGiven()
  @IsWebAddress()
  @MaxLength(2000)
  @IsString()
  callbackUrl?: string;

  @ApiPropertyOptional({
    maxLength: 4096,
    description: 'Your own data, echoed in answers and events.',
    example: 'cart=118',
  })
  @IfGiven()
  @IsString()
  @Length(1, 4096)
  customData?: string;

  @ApiPropertyOptional({ type: LinkCustomerDto, description: 'Who is expected to pay; fills in the form.' })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => LinkCustomerDto)
  customer?: LinkCustomerDto;

  @ApiPropertyOptional({
    type: [String],
    description: 'The methods that may be used. All of yours that fit, if you name none.',
    example: ['mpesa_ke'],
  })
  @IfGiven()
  @Matches(/^[a-z][a-z0-9_]{1,39}$/, { each: true, message: 'methods must be method codes such as mpesa_ke' })
  @ArrayMaxSize(50)
  @ArrayMinSize(1)
  @IsArray()
  methods?: string[];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: MINUTE_S,
    maximum: LONGEST_LIFE_S,
    default: DEFAULT_LIFE_S,
    description: 'How long customers can begin to pay.',
  })
  @IfGiven()
  @IsInt()
  @Min(MINUTE_S)
  @Max(LONGEST_LIFE_S)
  expiresInSeconds?: number;

  @ApiPropertyOptional({
    enum: LINK_LOCALES,
    description: 'Language of the page; the customer’s browser decides if absent.',
  })
  @IfGiven()
  @IsIn(LINK_LOCALES)
  locale?: LinkLocale;

  @ApiPropertyOptional({
    enum: LINK_EXECUTIONS,
    default: 'native',
    description:
      '`native`: our own page drives your providers. `delegated`: our page leads to the provider’s own, where the customer chooses how to pay; `methods` cannot be given then, and an account whose provider has such a page for the currency is needed.',
  })
  @IfGiven()
  @IsIn(LINK_EXECUTIONS)
  execution?: LinkExecution;
}

/** Filters of the list. Several together must all fit. */
export class ListPaymentLinksQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Your own reference, exactly.' })
  @IsOptional()
  @IsString()
  @Length(1, 128)
  reference?: string;

  @ApiPropertyOptional({ enum: LINK_STATUSES })
  @IsOptional()
  @IsIn(LINK_STATUSES)
  status?: LinkStatus;

  @ApiPropertyOptional({ format: 'date-time', description: 'Made at this instant or later.' })
  @IsOptional()
  @IsInstant()
  createdFrom?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Made before this instant.' })
  @IsOptional()
  @IsInstant()
  createdTo?: string;
}
