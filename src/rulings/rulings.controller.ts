import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { RulingRequest, RulingResponse } from './ruling.dto.js';
import { RulingsService } from './rulings.service.js';

const TRANSACTION_ID = new ObjectIdPipe('txn');

/** What people decide where no provider can. */
@ApiTags('Review')
@Controller('v1/transactions/:id/ruling')
export class RulingsController {
  constructor(private readonly rulings: RulingsService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'Where a ruling stands',
    description: 'The proposal that waits for a second person, or `none`. Scope `read`.',
  })
  @ApiOkResponse({ type: RulingResponse })
  get(@CurrentCaller() caller: MerchantCaller, @Param('id', TRANSACTION_ID) id: string): Promise<RulingResponse> {
    return this.rulings.get(caller, id);
  }

  @Post()
  @HttpCode(200)
  @RequireScope('review:write')
  @ApiOperation({
    summary: 'Rule on a transaction in review',
    description:
      'Says whether the money moved, where evidence contradicts itself or nobody could tell by the deadline. The first principal proposes, another one confirms by sending the same outcome; both notes stay in the timeline for ever. It moves no money. Look at `POST /v1/transactions/{id}/verify` first: it shows the whole evidence. Scope `review:write`.',
  })
  @ApiOkResponse({ type: RulingResponse })
  @ApiProblems('not_in_review', 'ruling_disputed')
  rule(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', TRANSACTION_ID) id: string,
    @Body() request: RulingRequest,
  ): Promise<RulingResponse> {
    return this.rulings.rule(caller, id, request);
  }
}
