import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsAmount, IsCurrency } from '../http/amount.decorator.js';
import { readMoney, type AmountField } from '../http/amount-reading.js';
import type { LowBalance } from './provider-account.entity.js';

/** A limit as it is sent. */
export class LowBalanceRequest {
  @IsAmount()
  amount!: string | number;

  @IsCurrency()
  currency!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 100,
    description:
      'The provider’s own name of the account that counts, as `GET /v1/balances` shows it. Without it all accounts of the currency count together.',
    example: 'Utility Account',
  })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  account?: string | null;
}

export class LowBalanceResponse {
  @ApiProperty({ description: 'Major units.', example: '50000.00' })
  amount!: string;
  @ApiProperty({ description: 'ISO 4217.', example: 'KES' })
  currency!: string;
  @ApiProperty({ type: String, nullable: true, example: 'Utility Account' })
  account!: string | null;

  static from({ amount, currency, account }: LowBalance): LowBalanceResponse {
    return { amount, currency, account };
  }
}

/** Whether it is one and the same line that a balance can fall below. */
export function isSameLimit(one: LowBalance, other: LowBalance | null): boolean {
  return one.amount === other?.amount && one.currency === other.currency && one.account === other.account;
}

const FIELD: AmountField = {
  pointers: { amount: '/lowBalance/amount', currency: '/lowBalance/currency' },
  sentences: {
    not_exact: 'Send amount as a decimal string such as "150.00".',
    out_of_range: 'The amount is larger than any that can be held.',
  },
};

/** The limit as it is stored. Throws the problem that says what is wrong with its amount. */
export function toLowBalance({ amount, currency, account = null }: LowBalanceRequest): LowBalance {
  return { amount: readMoney(amount, currency, FIELD).format(), currency, account };
}
