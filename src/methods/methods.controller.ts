import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import type { Page } from '../http/pages.js';
import { MethodList, MethodPredictionResponse, PredictMethodsDto, type MethodResponse } from './method.dto.js';
import { MethodsService } from './methods.service.js';

@ApiTags('Methods')
@Controller('v1/methods')
export class MethodsController {
  constructor(private readonly methods: MethodsService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List methods',
    description:
      'What you can use now: the methods of your enabled provider accounts in the mode of the key, with their limits and how they have been doing. All on one page. Scope `read`.',
  })
  @ApiOkResponse({ type: MethodList })
  @ApiProblems()
  async list(@CurrentCaller() caller: MerchantCaller): Promise<Page<MethodResponse>> {
    return { data: await this.methods.list(caller), hasMore: false, nextCursor: null };
  }

  @Post('predict')
  @HttpCode(200)
  @RequireScope('read')
  @ApiOperation({
    summary: 'Guess the methods of a phone',
    description:
      'Country and operator of a number as its digits tell, and which of your methods may reach it. A hint, to preselect in a form: numbers are ported, and only the network knows. Scope `read`.',
  })
  @ApiOkResponse({ type: MethodPredictionResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'recipient_invalid')
  predict(@CurrentCaller() caller: MerchantCaller, @Body() dto: PredictMethodsDto): Promise<MethodPredictionResponse> {
    return this.methods.predict(caller, dto);
  }
}
