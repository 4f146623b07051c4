import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApprovalRulesResponse, PutApprovalRulesRequest } from './approval-rules.dto.js';
import { ApprovalRulesService } from './approval-rules.service.js';

/** Which payouts other people must agree to. */
@ApiTags('Payout rules')
@Controller('v1/approval-rules')
export class ApprovalRulesController {
  constructor(private readonly rules: ApprovalRulesService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    operationId: 'getApprovalRules',
    summary: 'Which payouts wait for approval',
    description: 'The rules of your merchant in this mode. Scope `read`.',
  })
  @ApiOkResponse({ type: ApprovalRulesResponse })
  @ApiProblems()
  async get(@CurrentCaller() caller: MerchantCaller): Promise<ApprovalRulesResponse> {
    return ApprovalRulesResponse.from(await this.rules.get(caller));
  }

  @Put()
  @RequireScope('keys:write')
  @ApiOperation({
    operationId: 'putApprovalRules',
    summary: 'Say which payouts wait for approval',
    description:
      'Replaces all rules. They hold for payouts that are asked for from now on; those that wait already keep what they need. A payout that a rule holds is `awaiting_approval`, with `approvals` saying why and for how many; leave it time with `expiresInSeconds`. Give people who approve keys of their own with `payouts:approve`: two keys of one principal are one person. Scope `keys:write`.',
  })
  @ApiOkResponse({ type: ApprovalRulesResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'amount_not_exact', 'amount_granularity', 'amount_out_of_range')
  async put(
    @CurrentCaller() caller: MerchantCaller,
    @Body() request: PutApprovalRulesRequest,
  ): Promise<ApprovalRulesResponse> {
    return ApprovalRulesResponse.from(await this.rules.put(caller, request));
  }
}
