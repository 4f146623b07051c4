import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsIn, IsISO31661Alpha2, IsString, Length, Matches, MaxLength } from 'class-validator';
import { IsAmount, IsCurrency } from '../http/amount.decorator.js';
import { IfGiven } from '../http/if-given.js';
import { IsMetadata } from '../http/metadata.decorator.js';

/** Printable, on one line, not blank at either end. */
export const ONE_LINE = /^[^\p{C}\p{Zl}\p{Zp}\s](?:[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Zl}\p{Zp}\s])?$/u;

/** The person or business on the other side. */
export class PartyDto {
  @ApiProperty({
    description: 'E.164, or national where `country` or the method says whose.',
    example: '+254708374149',
  })
  @IsString()
  @Length(4, 32)
  phone!: string;

  @ApiPropertyOptional({ maxLength: 120 })
  @IfGiven()
  @IsString()
  @Length(1, 120)
  name?: string;

  @ApiPropertyOptional({ maxLength: 100 })
  @IfGiven()
  @IsString()
  @Length(1, 100)
  firstName?: string;

  @ApiPropertyOptional({ maxLength: 100 })
  @IfGiven()
  @IsString()
  @Length(1, 100)
  lastName?: string;

  @ApiPropertyOptional({ format: 'email', maxLength: 254 })
  @IfGiven()
  @IsEmail()
  @MaxLength(254)
  email?: string;

  @ApiPropertyOptional({ enum: ['fr', 'en'], description: 'Language of what we send to them.' })
  @IfGiven()
  @IsIn(['fr', 'en'])
  locale?: string;

  @ApiPropertyOptional({ maxLength: 200 })
  @IfGiven()
  @IsString()
  @Length(1, 200)
  address?: string;

  @ApiPropertyOptional({ maxLength: 100 })
  @IfGiven()
  @IsString()
  @Length(1, 100)
  city?: string;

  @ApiPropertyOptional({ maxLength: 100 })
  @IfGiven()
  @IsString()
  @Length(1, 100)
  state?: string;

  @ApiPropertyOptional({ description: 'ISO 3166-1 alpha-2.', example: 'KE' })
  @IfGiven()
  @IsISO31661Alpha2()
  country?: string;

  @ApiPropertyOptional({ maxLength: 20 })
  @IfGiven()
  @IsString()
  @Length(1, 20)
  postalCode?: string;
}

/** What every request to move money says, whichever way the money goes. */
export class CreateMovementDto {
  @ApiProperty({
    description: 'Your own id for it, unique for ever among those of its kind.',
    minLength: 1,
    maxLength: 128,
    example: 'INV-118',
  })
  @IsString()
  @Length(1, 128)
  @Matches(ONE_LINE, { message: 'reference must be printable text on one line, without blanks at its ends' })
  reference!: string;

  @IsAmount()
  amount!: string | number;

  @IsCurrency()
  currency!: string;

  @ApiProperty({ description: 'A method of yours; see GET /v1/methods.', example: 'mpesa_ke' })
  @Matches(/^[a-z][a-z0-9_]{1,39}$/, { message: 'method must be a method code such as mpesa_ke' })
  method!: string;

  @ApiPropertyOptional({
    description: 'For people; providers show a part of it where they can.',
    maxLength: 255,
    example: 'Order 118',
  })
  @IfGiven()
  @IsString()
  @Length(1, 255)
  description?: string;

  @IsMetadata()
  metadata?: Record<string, string>;

  @ApiPropertyOptional({ description: 'Forces a provider among those that offer the method.', example: 'mpesa' })
  @IfGiven()
  @Matches(/^[a-z][a-z0-9-]{1,31}$/, { message: 'provider must be a provider id such as mpesa' })
  provider?: string;
}
