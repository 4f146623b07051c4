import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length, Matches } from 'class-validator';
import { Money } from '#libs/primitives';
import { IsAmount } from '../http/amount.decorator.js';
import { Problem } from '../http/problem.js';
import type { LowBalance } from './provider-account.entity.js';

/** A limit as it is sent. */
export class LowBalanceRequest {
  @IsAmount()
  amount!: string | number;

  @ApiProperty({ description: 'ISO 4217.', example: 'KES' })
  @Matches(/^[A-Z]{3}$/, { message: 'currency must be an ISO 4217 code such as KES' })
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

/** The limit as it is stored. Throws `amount_not_exact`, `amount_granularity` or `invalid_request`. */
export function toLowBalance({ amount: given, currency, account = null }: LowBalanceRequest): LowBalance {
  const amount = Money.parse(given, currency);
  switch (amount) {
    case 'unknown_currency':
      throw refuse('invalid_request', '/lowBalance/currency', `${currency} is no ISO 4217 currency.`);
    case 'not_exact':
      throw refuse('amount_not_exact', '/lowBalance/amount', 'Send amount as a decimal string such as "150.00".');
    case 'too_many_decimals':
      throw refuse('amount_granularity', '/lowBalance/amount', `${currency} has fewer decimals than this amount.`);
    case 'out_of_range':
      throw refuse('amount_out_of_range', '/lowBalance/amount', 'The amount is larger than any that can be held.');
    default:
      return { amount: amount.format(), currency, account };
  }
}

function refuse(
  code: 'invalid_request' | 'amount_not_exact' | 'amount_granularity' | 'amount_out_of_range',
  pointer: string,
  detail: string,
): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}
