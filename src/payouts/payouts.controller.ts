import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { PreferWait } from '../http/prefer.js';
import { Idempotent, type IdempotentRequest } from '../idempotency/idempotent-request.js';
import { AcceptedAnswers } from '../transactions/accepted-answers.js';
import { ApiCreatesTransaction } from '../transactions/api-creates-transaction.decorator.js';
import { PayoutsService } from './payouts.service.js';
import { CreatePayoutDto } from './create-payout.dto.js';

@ApiTags('Payouts')
@Controller('v1/payouts')
export class PayoutsController {
  constructor(
    private readonly payouts: PayoutsService,
    private readonly answers: AcceptedAnswers,
  ) {}

  @Post()
  @RequireScope('payouts:write')
  @ApiOperation({
    summary: 'Pay a recipient',
    description:
      'Stores the request durably and answers at once (or, with `Prefer: wait=N`, when it is final); then the money leaves. Watch it by webhook, by `GET /v1/transactions/{id}` ' +
      'or by its events. Repeat a request that got no answer with the same `Idempotency-Key`: it is never paid twice. Where the provider falls silent the payout is ' +
      '`unconfirmed`: do not make another one for it, we find out. ' +
      'What your approval rules hold starts as `awaiting_approval` (`PUT /v1/approval-rules`); what would go over a cap is refused (`PATCH /v1/limits`).',
  })
  @ApiCreatesTransaction()
  @ApiProblems(
    'amount_not_exact',
    'reference_taken',
    'payouts_stopped',
    'amount_out_of_range',
    'amount_granularity',
    'currency_mismatch',
    'recipient_invalid',
    'method_unavailable',
    'required_field_missing',
    'limit_exceeded',
  )
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Idempotent() idempotency: IdempotentRequest,
    @PreferWait() waitSeconds: number | undefined,
    @Body() dto: CreatePayoutDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const accepted = await this.payouts.create(caller, dto, idempotency);
    return this.answers.toBody(accepted, waitSeconds, reply);
  }
}
