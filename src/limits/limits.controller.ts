import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { LimitsResponse, UpdateLimitsRequest } from './limits.dto.js';
import { LimitsService } from './limits.service.js';

/** What a merchant's payouts may come to. */
@ApiTags('Payout rules')
@Controller('v1/limits')
export class LimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    operationId: 'getLimits',
    summary: 'Caps and what is used of them',
    description:
      'The caps on your payouts of this mode, by currency, the platform’s maxima above them, and what this hour and this day have used. Refunds are not counted: what was collected bounds them. Scope `read`.',
  })
  @ApiOkResponse({ type: LimitsResponse })
  @ApiProblems()
  get(@CurrentCaller() caller: MerchantCaller): Promise<LimitsResponse> {
    return this.limits.get(caller);
  }

  @Patch()
  @RequireScope('keys:write')
  @ApiOperation({
    operationId: 'updateLimits',
    summary: 'Set caps',
    description:
      'Caps of one currency; what you leave out stays, null lifts a cap. A payout that would go over one is refused with `limit_exceeded` before anything is stored. Hours and days are clock hours and calendar days in UTC, by the instant at which the payout is asked for. A currency is counted from its first cap on. A payout that provably moved no money is given back to its hour and day; one in doubt counts as spent. Scope `keys:write`: whoever may pay out cannot lift a cap with that scope alone.',
  })
  @ApiOkResponse({ type: LimitsResponse })
  @ApiProblems('amount_not_exact', 'amount_granularity', 'amount_out_of_range', 'limit_above_maximum')
  update(@CurrentCaller() caller: MerchantCaller, @Body() request: UpdateLimitsRequest): Promise<LimitsResponse> {
    return this.limits.update(caller, request);
  }
}
