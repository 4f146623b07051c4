import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { PageQuery, type Page } from '../http/pages.js';
import {
  CreatedWebhookEndpointResponse,
  CreateWebhookEndpointRequest,
  RotateSecretRequest,
  UpdateWebhookEndpointRequest,
  WebhookEndpointPage,
  WebhookEndpointResponse,
} from './webhook-endpoint.dto.js';
import { TestPings } from './test-pings.js';
import { WebhookDeliveryResponse } from './webhook-delivery.dto.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookListsService } from './webhook-lists.service.js';
import { RecoverRequest, WebhookRecoveryResponse } from './webhook-recovery.dto.js';
import { WebhookRecoveriesService } from './webhook-recoveries.service.js';

const ENDPOINT_ID = new ObjectIdPipe('whk');

/** Where a merchant wants to hear of events. */
@ApiTags('Webhooks')
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly lists: WebhookListsService,
    private readonly pings: TestPings,
    private readonly recoveries: WebhookRecoveriesService,
  ) {}

  @Post()
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Add a webhook endpoint',
    description:
      'It gets every matching event of the key’s mode from now on, signed as Standard Webhooks 1.0.0 says. The answer shows the signing `secret`, this once. At most 20 in a mode. Scope `webhooks:write`.',
  })
  @ApiCreatedResponse({ type: CreatedWebhookEndpointResponse })
  @ApiProblems('url_not_allowed', 'conflict')
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Body() request: CreateWebhookEndpointRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedWebhookEndpointResponse> {
    const { endpoint, secret } = await this.endpoints.create(caller, request);
    void reply.header('location', `/v1/webhook-endpoints/${endpoint.id}`);
    return { ...WebhookEndpointResponse.from(endpoint), secret };
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List webhook endpoints', description: 'Newest first. Scope `read`.' })
  @ApiOkResponse({ type: WebhookEndpointPage })
  list(@CurrentCaller() caller: MerchantCaller, @Query() query: PageQuery): Promise<Page<WebhookEndpointResponse>> {
    return this.lists.listEndpoints(caller, query, (row) => WebhookEndpointResponse.from(row));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({
    summary: 'A webhook endpoint',
    description: 'One endpoint by its id, without its secret. Scope `read`.',
  })
  @ApiOkResponse({ type: WebhookEndpointResponse })
  async get(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', ENDPOINT_ID) id: string,
  ): Promise<WebhookEndpointResponse> {
    return WebhookEndpointResponse.from(await this.lists.getEndpoint(caller, id));
  }

  @Patch(':id')
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Change a webhook endpoint',
    description:
      'What you leave out stays. A new `url` also holds for messages that are on their way; new `events` hold for events from now on. An endpoint that was disabled, whatever the reason, is enabled again with `enabled: true`. Scope `webhooks:write`.',
  })
  @ApiOkResponse({ type: WebhookEndpointResponse })
  @ApiProblems('url_not_allowed')
  async update(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', ENDPOINT_ID) id: string,
    @Body() changes: UpdateWebhookEndpointRequest,
  ): Promise<WebhookEndpointResponse> {
    return WebhookEndpointResponse.from(await this.endpoints.update(caller, id, changes));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Rotate the signing secret',
    description:
      'Answers a new `secret`, this once. For `overlapHours` every message carries two signatures, one of each secret, so that your receiver can change over without losing a message. Scope `webhooks:write`.',
  })
  @ApiOkResponse({ type: CreatedWebhookEndpointResponse })
  @ApiProblems()
  async rotateSecret(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', ENDPOINT_ID) id: string,
    @Body() { overlapHours }: RotateSecretRequest,
  ): Promise<CreatedWebhookEndpointResponse> {
    const { endpoint, secret } = await this.endpoints.rotateSecret(caller, id, overlapHours);
    return { ...WebhookEndpointResponse.from(endpoint), secret };
  }

  @Post(':id/test')
  @HttpCode(200)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Send a test message',
    description:
      'Sends a signed `test.ping` now, waits for your receiver’s answer (15 seconds at most), and returns the delivery with its attempt. It is sent whatever the endpoint listens to, also while it is disabled, and is not tried again. Scope `webhooks:write`.',
  })
  @ApiOkResponse({ type: WebhookDeliveryResponse })
  @ApiProblems()
  async test(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', ENDPOINT_ID) id: string,
  ): Promise<WebhookDeliveryResponse> {
    return WebhookDeliveryResponse.from(await this.pings.send(caller, id));
  }

  @Post(':id/recover')
  @HttpCode(202)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Send what it missed',
    description:
      'Every event since then that the endpoint listens to and has not taken: given up, still waiting for its next try, or never sent because the endpoint was disabled or did not exist. Each with its own `webhook-id`, at most 100 a second, in the order of events, while new events go on beside it. Look at its progress with `GET /v1/webhook-recoveries/{id}`. One at a time for an endpoint. Scope `webhooks:write`.',
  })
  @ApiAcceptedResponse({ type: WebhookRecoveryResponse })
  @ApiProblems('conflict')
  async recover(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', ENDPOINT_ID) id: string,
    @Body() request: RecoverRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookRecoveryResponse> {
    const recovery = await this.recoveries.start(caller, id, request.toSelection());
    void reply.header('location', `/v1/webhook-recoveries/${recovery.id}`);
    return WebhookRecoveryResponse.from(recovery);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Remove a webhook endpoint',
    description:
      'Its secret is gone with it, and messages on their way to it are given up. Past deliveries stay in the list. Scope `webhooks:write`.',
  })
  @ApiNoContentResponse()
  async remove(@CurrentCaller() caller: MerchantCaller, @Param('id', ENDPOINT_ID) id: string): Promise<void> {
    await this.endpoints.remove(caller, id);
  }
}
