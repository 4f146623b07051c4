import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import type { Page } from '../http/pages.js';
import { RedeliveryService } from './redelivery.service.js';
import { ListWebhookDeliveriesQuery, WebhookDeliveryPage, WebhookDeliveryResponse } from './webhook-delivery.dto.js';
import { WebhookListsService } from './webhook-lists.service.js';
import { RedeliverRequest, WebhookRecoveryResponse } from './webhook-recovery.dto.js';
import { WebhookRecoveriesService } from './webhook-recoveries.service.js';

const DELIVERY_ID = new ObjectIdPipe('dlv');

/** What became of every message. */
@ApiTags('Webhooks')
@Controller('v1/webhook-deliveries')
export class WebhookDeliveriesController {
  constructor(
    private readonly lists: WebhookListsService,
    private readonly redeliveries: RedeliveryService,
    private readonly recoveries: WebhookRecoveriesService,
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

  @Post('redeliver')
  @HttpCode(202)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Send failed messages again',
    description:
      'Every delivery to the endpoint that was given up, of events of that time and type: a new round of up to ten attempts each, at most 100 messages a second. Look at its progress with `GET /v1/webhook-recoveries/{id}`. One at a time for an endpoint. Scope `webhooks:write`.',
  })
  @ApiAcceptedResponse({ type: WebhookRecoveryResponse })
  @ApiProblems('conflict', 'not_found')
  async redeliverFailed(
    @CurrentCaller() caller: MerchantCaller,
    @Body() request: RedeliverRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookRecoveryResponse> {
    const recovery = await this.recoveries.start(caller, request.endpointId, request.toSelection());
    void reply.header('location', `/v1/webhook-recoveries/${recovery.id}`);
    return WebhookRecoveryResponse.from(recovery);
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
