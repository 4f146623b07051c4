import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { PreferWait } from '../http/prefer.js';
import { Idempotent, type IdempotentRequest } from '../idempotency/idempotent-request.js';
import { AcceptedAnswers } from '../transactions/accepted-answers.js';
import { ApiCreatesTransaction } from '../transactions/api-creates-transaction.decorator.js';
import { CreateRefundDto } from './create-refund.dto.js';
import { RefundsService } from './refunds.service.js';

@ApiTags('Refunds')
@Controller('v1/refunds')
export class RefundsController {
  constructor(
    private readonly refunds: RefundsService,
    private readonly answers: AcceptedAnswers,
  ) {}

  @Post()
  @RequireScope('refunds:write')
  @ApiOperation({
    summary: 'Pay a collection back',
    description:
      'Whole or in part. Goes by the provider’s own reversal where it has one that fits, else by a payout to the number that paid; ' +
      'a reversal that is refused is followed by a payout, one in doubt never is. The amount is reserved in the collection’s `amountRefunded` at once ' +
      'and given back only when it is proven that no money moved, so refunds never come to more than was paid.',
  })
  @ApiCreatesTransaction()
  @ApiProblems(
    'amount_not_exact',
    'not_found',
    'reference_taken',
    'not_refundable',
    'payouts_stopped',
    'refund_exceeds_payment',
    'amount_out_of_range',
    'amount_granularity',
    'method_unavailable',
    'required_field_missing',
  )
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Idempotent() idempotency: IdempotentRequest,
    @PreferWait() waitSeconds: number | undefined,
    @Body() dto: CreateRefundDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const accepted = await this.refunds.create(caller, dto, idempotency);
    return this.answers.toBody(accepted, waitSeconds, reply);
  }
}
