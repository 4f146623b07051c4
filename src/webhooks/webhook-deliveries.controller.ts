import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import type { Page } from '../http/pages.js';
import { RedeliveryService } from './redelivery.service.js';
import { ListWebhookDeliveriesQuery, WebhookDeliveryPage, WebhookDeliveryResponse } from './webhook-delivery.dto.js';
import { WebhookListsService } from './webhook-lists.service.js';

const DELIVERY_ID = new ObjectIdPipe('dlv');

/** What became of every message. */
@ApiTags('Webhooks')
@Controller('v1/webhook-deliveries')
export class WebhookDeliveriesController {
  constructor(
    private readonly lists: WebhookListsService,
    private readonly redeliveries: RedeliveryService,
  ) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List webhook deliveries',
    description: 'One for each event and endpoint, newest first, with every attempt and the next. Scope `read`.',
  })
  @ApiOkResponse({ type: WebhookDeliveryPage })
  list(
    @CurrentCaller() caller: MerchantCaller,
    @Query() query: ListWebhookDeliveriesQuery,
  ): Promise<Page<WebhookDeliveryResponse>> {
    return this.lists.listDeliveries(caller, query, (row) => WebhookDeliveryResponse.from(row));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'A webhook delivery', description: 'One delivery by its id. Scope `read`.' })
  @ApiOkResponse({ type: WebhookDeliveryResponse })
  async get(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', DELIVERY_ID) id: string,
  ): Promise<WebhookDeliveryResponse> {
    return WebhookDeliveryResponse.from(await this.lists.getDelivery(caller, id));
  }

  @Post(':id/redeliver')
  @HttpCode(202)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Send a message again',
    description:
      'Now, with the same `webhook-id`, a new timestamp and a new round of up to ten attempts, whatever became of it before. 409 where its endpoint is disabled or deleted. Scope `webhooks:write`.',
  })
  @ApiAcceptedResponse({ type: WebhookDeliveryResponse })
  @ApiProblems('conflict')
  async redeliver(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', DELIVERY_ID) id: string,
  ): Promise<WebhookDeliveryResponse> {
    return WebhookDeliveryResponse.from(await this.redeliveries.redeliver(caller, id));
  }
}
