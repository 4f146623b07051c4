import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { IsInstant } from '../http/instants.js';
import { PageQuery } from '../http/pages.js';
import { TRANSACTION_STATUSES, type TransactionKind, type TransactionStatus } from './transaction-states.js';

/** Filters of the list. Several together must all fit. */
export class ListTransactionsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['collection', 'payout', 'refund'] })
  @IsOptional()
  @IsIn(['collection', 'payout', 'refund'])
  kind?: TransactionKind;

  @ApiPropertyOptional({ enum: [...TRANSACTION_STATUSES] })
  @IsOptional()
  @IsIn([...TRANSACTION_STATUSES])
  status?: TransactionStatus;

  @ApiPropertyOptional({ description: 'Your own reference, exactly.' })
  @IsOptional()
  @IsString()
  @Length(1, 128)
  reference?: string;

  @ApiPropertyOptional({ example: 'mpesa_ke' })
  @IsOptional()
  @IsString()
  @Length(1, 40)
  method?: string;

  @ApiPropertyOptional({ example: 'mpesa' })
  @IsOptional()
  @IsString()
  @Length(1, 32)
  provider?: string;

  @ApiPropertyOptional({ description: "The provider's own id, exactly." })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  providerReference?: string;

  @ApiPropertyOptional({ description: "The network's receipt number, exactly." })
  @IsOptional()
  @IsString()
  @Length(1, 64)
  receipt?: string;

  @ApiPropertyOptional({ description: 'E.164 (write the plus as %2B).', example: '+254708374149' })
  @IsOptional()
  @Matches(/^[+ ]?\d{7,15}$/, { message: 'phone must be an E.164 number such as +254708374149' })
  phone?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 30)
  batchId?: string;

  @ApiPropertyOptional({ description: 'Tries to pay this payment link.', example: 'lnk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  @IsOptional()
  @IsString()
  @Length(1, 30)
  paymentLinkId?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Made at this instant or later.' })
  @IsOptional()
  @IsInstant()
  createdFrom?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Made before this instant.' })
  @IsOptional()
  @IsInstant()
  createdTo?: string;
}
