import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { PreferWait } from '../http/prefer.js';
import { Idempotent, type IdempotentRequest } from '../idempotency/idempotent-request.js';
import { AcceptedAnswers } from '../transactions/accepted-answers.js';
import { ApiCreatesTransaction } from '../transactions/api-creates-transaction.decorator.js';
import { CollectionsService } from './collections.service.js';
import { CreateCollectionDto } from './create-collection.dto.js';

@ApiTags('Collections')
@Controller('v1/collections')
export class CollectionsController {
  constructor(
    private readonly collections: CollectionsService,
    private readonly answers: AcceptedAnswers,
  ) {}

  @Post()
  @RequireScope('collections:write')
  @ApiOperation({
    summary: 'Ask a customer to pay',
    description:
      'Stores the request durably and answers at once (or, with `Prefer: wait=N`, when it is final or you have something to do); the prompt follows. Watch it by webhook, by `GET /v1/transactions/{id}` ' +
      'or by its events. Repeat a request that got no answer with the same `Idempotency-Key`: it is never sent twice.',
  })
  @ApiCreatesTransaction()
  @ApiProblems(
    'amount_not_exact',
    'reference_taken',
    'phone_busy',
    'repeat_amount_too_soon',
    'phone_blocked',
    'amount_out_of_range',
    'provider_unavailable',
    'amount_granularity',
    'currency_mismatch',
    'recipient_invalid',
    'method_unavailable',
    'required_field_missing',
  )
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Idempotent() idempotency: IdempotentRequest,
    @PreferWait() waitSeconds: number | undefined,
    @Body() dto: CreateCollectionDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const accepted = await this.collections.create(caller, dto, idempotency);
    return this.answers.toBody(accepted, waitSeconds, reply);
  }
}
