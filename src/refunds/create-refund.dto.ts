import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import { IsAmountIfGiven } from '../http/amount.decorator.js';
import { IfGiven } from '../http/if-given.js';
import { IsMetadata } from '../http/metadata.decorator.js';
import { ONE_LINE } from '../transactions/movement.dto.js';

export class CreateRefundDto {
  @ApiProperty({
    description: 'Your own id for it, unique for ever among your refunds.',
    minLength: 1,
    maxLength: 128,
    example: 'REFUND-118',
  })
  @IsString()
  @Length(1, 128)
  @Matches(ONE_LINE, { message: 'reference must be printable text on one line, without blanks at its ends' })
  reference!: string;

  @ApiProperty({ description: 'The succeeded collection to pay back.', example: 'txn_01K9ZQ3V7F0000000000000000' })
  @IsString()
  @Matches(/^txn_[0-9A-Z]{26}$/, { message: 'transactionId must be the id of a transaction' })
  transactionId!: string;

  @IsAmountIfGiven("In the collection's currency; all that is left of it, if absent.")
  amount?: string | number;

  @ApiPropertyOptional({
    description: 'For people; providers show a part of it where they can.',
    maxLength: 255,
    example: 'Order 118 was cancelled',
  })
  @IfGiven()
  @IsString()
  @Length(1, 255)
  reason?: string;

  @IsMetadata()
  metadata?: Record<string, string>;
}
