import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { PayoutSwitchResponse, StopPayoutsRequest } from './payout-switch.dto.js';
import { PayoutSwitchService } from './payout-switch.service.js';

/** The kill switch of payouts. */
@ApiTags('Payout rules')
@Controller('v1/payouts')
export class PayoutSwitchController {
  constructor(private readonly payouts: PayoutSwitchService) {}

  @Get('switch')
  @RequireScope('read')
  @ApiOperation({
    operationId: 'getPayoutSwitch',
    summary: 'Whether payouts are stopped',
    description: 'Since when, by whom and why, for your merchant and this mode. Scope `read`.',
  })
  @ApiOkResponse({ type: PayoutSwitchResponse })
  @ApiProblems()
  get(@CurrentCaller() caller: MerchantCaller): Promise<PayoutSwitchResponse> {
    return this.payouts.get(caller);
  }

  @Post('stop')
  @HttpCode(200)
  @RequireScope('payouts:write', 'payouts:approve', 'keys:write')
  @ApiOperation({
    operationId: 'stopPayouts',
    summary: 'Stop all payouts now',
    description:
      'For your merchant and this mode, refunds included. When it answers, nothing more is handed to a provider: what was taken waits in `created` (and expires there when its time runs out), new requests are refused with 409 `payouts_stopped`, and what a provider already has is asked about until its end. Approvals can go on. Stopping twice keeps the first reason. Event `payouts.stopped`.',
  })
  @ApiOkResponse({ type: PayoutSwitchResponse })
  @ApiProblems('invalid_request', 'unknown_field')
  stop(@CurrentCaller() caller: MerchantCaller, @Body() { reason }: StopPayoutsRequest): Promise<PayoutSwitchResponse> {
    return this.payouts.stop(caller, reason);
  }

  @Post('start')
  @HttpCode(200)
  @RequireScope('payouts:approve', 'keys:write')
  @ApiOperation({
    operationId: 'startPayouts',
    summary: 'Let payouts go again',
    description:
      'Wakes what waits. Whoever may only make payouts cannot start them again: scope `payouts:approve` or `keys:write`. Event `payouts.started`.',
  })
  @ApiOkResponse({ type: PayoutSwitchResponse })
  @ApiProblems()
  start(@CurrentCaller() caller: MerchantCaller): Promise<PayoutSwitchResponse> {
    return this.payouts.start(caller);
  }
}
