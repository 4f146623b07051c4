import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, Max, Min, ValidateIf, ValidateNested } from 'class-validator';
import { Money } from '#libs/primitives';
import { IsAmount, IsCurrency } from '../http/amount.decorator.js';
import type { ApprovalRules } from '../limits/payout-control.entity.js';

const MOST_APPROVALS = 5;

const ApiApprovals = (): PropertyDecorator =>
  ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MOST_APPROVALS,
    description: 'How many principals must agree, the creator not among them.',
    example: 1,
  });

const ApiNewNumber = (): PropertyDecorator =>
  ApiProperty({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: MOST_APPROVALS,
    description:
      'How many approvals the first payment to a number needs: to one that no payout of yours has reached in this mode. Null: none.',
    example: 1,
  });

/** From which amount on others must agree. */
export class AmountRuleDto {
  @IsCurrency()
  currency!: string;

  @IsAmount()
  amount!: string | number;

  @ApiApprovals()
  @IsInt()
  @Min(1)
  @Max(MOST_APPROVALS)
  approvals!: number;
}

/** `PUT /v1/approval-rules`: replaces all of them. */
export class PutApprovalRulesRequest {
  @ApiProperty({
    type: [AmountRuleDto],
    maxItems: 50,
    description:
      'Payouts of this amount and above wait. Several steps for a currency are fine: of the rules that apply the strictest counts.',
  })
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => AmountRuleDto)
  amounts!: AmountRuleDto[];

  @ApiNewNumber()
  @ValidateIf((_, value: unknown) => value !== null)
  @IsInt()
  @Min(1)
  @Max(MOST_APPROVALS)
  firstPaymentToNewNumber!: number | null;
}

export class AmountRuleResponse {
  @ApiProperty({ example: 'KES' })
  currency!: string;
  @ApiProperty({ example: '50000.00' })
  amount!: string;
  @ApiApprovals()
  approvals!: number;
}

export class ApprovalRulesResponse {
  @ApiProperty({ enum: ['approval_rules'] })
  object!: 'approval_rules';
  @ApiProperty({ type: [AmountRuleResponse] })
  amounts!: AmountRuleResponse[];
  @ApiNewNumber()
  firstPaymentToNewNumber!: number | null;

  static from({ amounts, newNumberApprovals }: ApprovalRules): ApprovalRulesResponse {
    return {
      object: 'approval_rules',
      amounts: amounts.map(({ currency, fromMinor, approvals }) => ({
        currency,
        amount: Money.ofMinor(fromMinor, currency).format(),
        approvals,
      })),
      firstPaymentToNewNumber: newNumberApprovals,
    };
  }
}
