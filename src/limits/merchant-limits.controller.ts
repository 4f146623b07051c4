import { Body, Controller, Get, Param, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { LimitsResponse, UpdateLimitsRequest } from './limits.dto.js';
import { LimitsService } from './limits.service.js';

const MERCHANT_ID = new ObjectIdPipe('mer');

/** What the platform allows each merchant at most. */
@ApiTags('Platform')
@RequireScope('platform')
@Controller('v1/merchants/:id/limits')
export class MerchantLimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get()
  @ApiOperation({
    operationId: 'getMerchantLimits',
    summary: 'Caps of a merchant',
    description: 'As the merchant sees them in live mode with `GET /v1/limits`. Scope `platform`.',
  })
  @ApiOkResponse({ type: LimitsResponse })
  @ApiProblems('not_found')
  get(@Param('id', MERCHANT_ID) id: string): Promise<LimitsResponse> {
    return this.limits.getOf(id);
  }

  @Patch()
  @ApiOperation({
    operationId: 'updateMerchantLimits',
    summary: 'Set what a merchant may pay out at most',
    description:
      'Maxima of one currency, for both modes; what you leave out stays, null lifts one. They hold at once, also where the merchant’s own cap is higher, and the merchant cannot lift them. Scope `platform`.',
  })
  @ApiOkResponse({ type: LimitsResponse })
  @ApiProblems('amount_not_exact', 'amount_granularity', 'amount_out_of_range', 'not_found')
  update(@Param('id', MERCHANT_ID) id: string, @Body() request: UpdateLimitsRequest): Promise<LimitsResponse> {
    return this.limits.updateMaxima(id, request);
  }
}
