import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { TransactionResponse } from '../transactions/transaction.response.js';
import { DecisionRequest } from './approvals.dto.js';
import { ApprovalsService } from './approvals.service.js';

const TRANSACTION_ID = new ObjectIdPipe('txn');

/** What other people decide before money goes out. */
@ApiTags('Payout rules')
@RequireScope('payouts:approve')
@Controller('v1/transactions/:id')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  @Post('approve')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'approveTransaction',
    summary: 'Agree to a payout',
    description:
      'For a payout that waits in `awaiting_approval`. Never by the principal that asked for it, and each principal counts once: the same call again changes nothing. With the last approval it is sent. Scope `payouts:approve`.',
  })
  @ApiOkResponse({ type: TransactionResponse })
  @ApiProblems('own_payout', 'not_awaiting_approval')
  approve(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
    @Body() { note }: DecisionRequest,
  ): Promise<TransactionResponse> {
    return this.approvals.approve(caller, id, note);
  }

  @Post('decline')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'declineTransaction',
    summary: 'Refuse a payout',
    description:
      'For a payout that waits in `awaiting_approval`: it is `cancelled`, whoever agreed before. Never by the principal that asked for it, which can cancel it. Scope `payouts:approve`.',
  })
  @ApiOkResponse({ type: TransactionResponse })
  @ApiProblems('own_payout', 'not_awaiting_approval')
  decline(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
    @Body() { note }: DecisionRequest,
  ): Promise<TransactionResponse> {
    return this.approvals.decline(caller, id, note);
  }
}
