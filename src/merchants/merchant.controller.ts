import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { MerchantResponse, UpdateMerchantRequest } from './merchant.dto.js';
import { MerchantsService } from './merchants.service.js';

/** The merchant that the key belongs to. */
@ApiTags('Merchant')
@Controller('v1/merchant')
export class MerchantController {
  constructor(private readonly merchants: MerchantsService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    operationId: 'getOwnMerchant',
    summary: 'Your merchant',
    description: 'The merchant that your API key belongs to. Scope `read`.',
  })
  @ApiOkResponse({ type: MerchantResponse })
  @ApiProblems()
  async get(@CurrentCaller() caller: MerchantCaller): Promise<MerchantResponse> {
    return MerchantResponse.from(await this.merchants.get(caller.merchantId));
  }

  @Patch()
  @RequireScope('keys:write')
  @ApiOperation({
    operationId: 'updateOwnMerchant',
    summary: 'Change your merchant',
    description:
      'Name, looks and addresses, for both modes at once. What you leave out stays; null clears. Scope `keys:write`, as for everything that decides how others may act in your name.',
  })
  @ApiOkResponse({ type: MerchantResponse })
  @ApiProblems('invalid_request', 'unknown_field')
  async update(
    @CurrentCaller() caller: MerchantCaller,
    @Body() changes: UpdateMerchantRequest,
  ): Promise<MerchantResponse> {
    return MerchantResponse.from(await this.merchants.update(caller.merchantId, changes));
  }
}
