import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { Idempotent, type IdempotentRequest } from '../idempotency/idempotent-request.js';
import { TransactionResponse } from '../transactions/transaction.response.js';
import { CollectionsService } from './collections.service.js';
import { CreateCollectionDto } from './create-collection.dto.js';

@ApiTags('Collections')
@Controller('v1/collections')
export class CollectionsController {
  constructor(private readonly collections: CollectionsService) {}

  @Post()
  @RequireScope('collections:write')
  @ApiOperation({
    summary: 'Ask a customer to pay',
    description:
      'Stores the request durably and answers at once; the prompt follows. Watch it by webhook, by `GET /v1/transactions/{id}` ' +
      'or by its events. Repeat a request that got no answer with the same `Idempotency-Key`: it is never sent twice.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: true,
    description: '1 to 255 printable ASCII characters of your own.',
  })
  @ApiCreatedResponse({
    type: TransactionResponse,
    headers: {
      Location: { description: 'Where to read it.', schema: { type: 'string' } },
      'Idempotent-Replayed': {
        description: '`true` where this is the answer of an earlier equal request.',
        schema: { type: 'string' },
      },
    },
  })
  @ApiProblems(
    'invalid_request',
    'unknown_field',
    'amount_not_exact',
    'malformed_json',
    'idempotency_key_required',
    'invalid_idempotency_key',
    'reference_taken',
    'phone_busy',
    'repeat_amount_too_soon',
    'phone_blocked',
    'body_too_large',
    'unsupported_media_type',
    'idempotency_key_reused',
    'amount_out_of_range',
    'amount_granularity',
    'currency_mismatch',
    'recipient_invalid',
    'method_unavailable',
    'required_field_missing',
  )
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Idempotent() idempotency: IdempotentRequest,
    @Body() dto: CreateCollectionDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const accepted = await this.collections.create(caller, dto, idempotency);
    const { transaction } = accepted;
    if ('id' in transaction) void reply.header('location', `/v1/transactions/${transaction.id}`);
    if (accepted.kind === 'replayed') void reply.status(accepted.statusCode).header('idempotent-replayed', 'true');
    return transaction;
  }
}
