import { Body, Controller, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { RequireScope } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { PageQuery, type Page } from '../http/pages.js';
import { CreateMerchantRequest, MerchantPage, MerchantResponse, UpdateAnyMerchantRequest } from './merchant.dto.js';
import { MerchantsService } from './merchants.service.js';

/** All merchants, for the platform. */
@ApiTags('Platform')
@RequireScope('platform')
@Controller('v1/merchants')
export class MerchantsController {
  constructor(private readonly merchants: MerchantsService) {}

  @Post()
  @ApiOperation({
    summary: 'Create a merchant',
    description: 'It is active at once. Give it a key with `POST /v1/api-keys`. Scope `platform`.',
  })
  @ApiCreatedResponse({ type: MerchantResponse })
  @ApiProblems('invalid_request', 'unknown_field')
  async create(
    @Body() request: CreateMerchantRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MerchantResponse> {
    const merchant = await this.merchants.create(request);
    void reply.header('location', `/v1/merchants/${merchant.id}`);
    return MerchantResponse.from(merchant);
  }

  @Get()
  @ApiOperation({ summary: 'List merchants', description: 'Newest first. Scope `platform`.' })
  @ApiOkResponse({ type: MerchantPage })
  @ApiProblems('invalid_request', 'unknown_field', 'invalid_cursor')
  list(@Query() query: PageQuery): Promise<Page<MerchantResponse>> {
    return this.merchants.list(query, (merchant) => MerchantResponse.from(merchant));
  }

  @Get(':id')
  @ApiOperation({ summary: 'A merchant', description: 'One merchant by its id. Scope `platform`.' })
  @ApiOkResponse({ type: MerchantResponse })
  @ApiProblems('not_found')
  async get(@Param('id', new ObjectIdPipe('mer')) id: string): Promise<MerchantResponse> {
    return MerchantResponse.from(await this.merchants.get(id));
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change or suspend a merchant',
    description:
      'What you leave out stays; null clears. With `status: suspended` every key of the merchant answers 403 from the next request on; transactions under way are still brought to their end. Scope `platform`.',
  })
  @ApiOkResponse({ type: MerchantResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'not_found')
  async update(
    @Param('id', new ObjectIdPipe('mer')) id: string,
    @Body() changes: UpdateAnyMerchantRequest,
  ): Promise<MerchantResponse> {
    return MerchantResponse.from(await this.merchants.update(id, changes));
  }
}
