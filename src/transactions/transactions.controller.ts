import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { PageQuery, type Page } from '../http/pages.js';
import {
  TransactionEventPage,
  TransactionPage,
  VerificationResponse,
  type TransactionEventResponse,
} from './evidence.response.js';
import { ListTransactionsQuery } from './list-transactions.query.js';
import { OneTimeCodeRequest } from './one-time-code.dto.js';
import { OneTimeCodesService } from './one-time-codes.service.js';
import { TransactionResponse } from './transaction.response.js';
import { TransactionsService } from './transactions.service.js';

const TRANSACTION_ID = new ObjectIdPipe('txn');

@ApiTags('Transactions')
@Controller('v1/transactions')
export class TransactionsController {
  constructor(
    private readonly transactions: TransactionsService,
    private readonly oneTimeCodes: OneTimeCodesService,
  ) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List transactions', description: 'Newest first.' })
  @ApiOkResponse({ type: TransactionPage })
  @ApiProblems('invalid_request', 'unknown_field', 'invalid_cursor')
  list(
    @CurrentCaller() caller: MerchantCaller,
    @Query() query: ListTransactionsQuery,
  ): Promise<Page<TransactionResponse>> {
    return this.transactions.list(caller, query);
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a transaction', description: 'Its state of this moment, by its id.' })
  @ApiOkResponse({ type: TransactionResponse })
  @ApiProblems('not_found')
  get(@CurrentCaller() caller: MerchantCaller, @Param('id', TRANSACTION_ID) id: string): Promise<TransactionResponse> {
    return this.transactions.get(caller, id);
  }

  @Get(':id/events')
  @RequireScope('read')
  @ApiOperation({
    summary: 'Read its timeline',
    description: 'Every transition with its evidence, newest first. Append-only.',
  })
  @ApiOkResponse({ type: TransactionEventPage })
  @ApiProblems('not_found', 'invalid_request', 'unknown_field', 'invalid_cursor')
  listEvents(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
    @Query() query: PageQuery,
  ): Promise<Page<TransactionEventResponse>> {
    return this.transactions.listEvents(caller, id, query);
  }

  @Post(':id/verify')
  @HttpCode(200)
  @RequireScope('read')
  @ApiOperation({
    summary: 'Ask the provider now',
    description:
      'Asks the provider, applies its answer, and shows everything that was said about this transaction and whether it agrees.',
  })
  @ApiOkResponse({ type: VerificationResponse })
  @ApiProblems('not_found')
  verify(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
  ): Promise<VerificationResponse> {
    return this.transactions.verify(caller, id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequireScope('collections:write', 'payouts:write', 'refunds:write')
  @ApiOperation({
    summary: 'Cancel before it is sent',
    description:
      'While `awaiting_approval` or `created`; afterwards 409 `not_cancellable`. With the scope that made it: `collections:write`, `payouts:write` or `refunds:write`.',
  })
  @ApiOkResponse({ type: TransactionResponse })
  @ApiProblems('not_found', 'not_cancellable')
  cancel(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
  ): Promise<TransactionResponse> {
    return this.transactions.cancel(caller, id);
  }

  @Post(':id/otp')
  @HttpCode(200)
  @RequireScope('collections:write')
  @ApiOperation({
    summary: 'Hand on a one-time code',
    description:
      'While `nextAction` is `enter_otp`. Answers with the transaction as the provider left it: usually still `pending`, with nothing more to do. Where the provider does not answer, it stays as it is and the provider is asked; the same code may be sent again, for it confirms one payment only.',
  })
  @ApiOkResponse({ type: TransactionResponse })
  @ApiProblems('not_found', 'otp_not_expected', 'otp_refused', 'unavailable')
  submitOtp(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
    @Body() { otp }: OneTimeCodeRequest,
  ): Promise<TransactionResponse> {
    return this.oneTimeCodes.submit(caller, id, otp);
  }
}
