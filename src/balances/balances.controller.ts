import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import type { Page } from '../http/pages.js';
import { BalanceList, RefreshBalancesRequest, type BalanceResponse } from './balance.dto.js';
import { BalancesService } from './balances.service.js';

@ApiTags('Balances')
@Controller('v1/balances')
export class BalancesController {
  constructor(private readonly balances: BalancesService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List balances',
    description:
      'What your enabled provider accounts hold, as their providers told it last, with its age. Accounts that tell no balance are left out. Nobody is asked now; see the refresh. All on one page. Scope `read`.',
  })
  @ApiOkResponse({ type: BalanceList })
  @ApiProblems()
  async list(@CurrentCaller() caller: MerchantCaller): Promise<Page<BalanceResponse>> {
    return { data: await this.balances.list(caller), hasMore: false, nextCursor: null };
  }

  @Post('refresh')
  @HttpCode(202)
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Refresh balances',
    description:
      'Has the providers asked now, for one account or all. Some answer within minutes: follow `refresh` in the list. An account has one refresh at a time; while it is under way the same one is answered. A provider that does not answer is asked three times, then the refresh has `failed`; what was known stays, with its age. Scope `providers:write`.',
  })
  @ApiAcceptedResponse({ type: BalanceList })
  @ApiProblems('invalid_request', 'unknown_field', 'not_found', 'conflict')
  async refresh(
    @CurrentCaller() caller: MerchantCaller,
    @Body() { providerAccountId }: RefreshBalancesRequest,
  ): Promise<Page<BalanceResponse>> {
    const data = await this.balances.refresh(caller, providerAccountId);
    return { data, hasMore: false, nextCursor: null };
  }
}
