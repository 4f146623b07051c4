import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import qrCode from 'qrcode';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import type { Page } from '../http/pages.js';
import { IdempotentIfGiven, type IdempotentRequest } from '../idempotency/idempotent-request.js';
import { LinkCreationService } from './link-creation.service.js';
import { LinkTokens } from './link-tokens.js';
import { CreatePaymentLinkDto, ListPaymentLinksQuery } from './payment-link.dto.js';
import type { PaymentLink } from './payment-link.entity.js';
import { PaymentLinkData, PaymentLinkPage, PaymentLinkResponse } from './payment-link.response.js';
import { PaymentLinksService } from './payment-links.service.js';

const LINK_ID = new ObjectIdPipe('lnk');

@ApiTags('Payment links')
@Controller('v1/payment-links')
export class PaymentLinksController {
  constructor(
    private readonly links: PaymentLinksService,
    private readonly creation: LinkCreationService,
    private readonly tokens: LinkTokens,
  ) {}

  @Post()
  @RequireScope('links:write')
  @ApiOperation({
    summary: 'Create a payment link',
    description:
      'One thing to be paid once, on a page of ours: send your customer to `url`. Every attempt is a collection of yours with `paymentLinkId`; at most one is under way. Hear of it by `payment_link.*` events. Scope `links:write`.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: '1 to 255 printable ASCII characters of your own: the same request again gets the same answer.',
  })
  @ApiCreatedResponse({
    type: PaymentLinkResponse,
    headers: {
      Location: { description: 'Where to read it.', schema: { type: 'string' } },
      'Idempotent-Replayed': {
        description: '`true` where this is the answer of an earlier equal request.',
        schema: { type: 'string' },
      },
    },
  })
  @ApiProblems(
    'amount_not_exact',
    'reference_taken',
    'amount_out_of_range',
    'amount_granularity',
    'recipient_invalid',
    'method_unavailable',
    'url_not_allowed',
  )
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @IdempotentIfGiven() idempotency: IdempotentRequest | undefined,
    @Body() dto: CreatePaymentLinkDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentLinkResponse> {
    const { link, data, replayed } = await this.creation.create(caller, dto, idempotency);
    void reply.header('location', `/v1/payment-links/${link.id}`);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return PaymentLinkResponse.withUrl(data, this.tokens.toUrl(link));
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List payment links', description: 'Newest first. Scope `read`.' })
  @ApiOkResponse({ type: PaymentLinkPage })
  @ApiProblems()
  list(
    @CurrentCaller() caller: MerchantCaller,
    @Query() query: ListPaymentLinksQuery,
  ): Promise<Page<PaymentLinkResponse>> {
    return this.links.list(caller, query, (link) => this.shape(link));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'A payment link', description: 'One link by its id, as it is now. Scope `read`.' })
  @ApiOkResponse({ type: PaymentLinkResponse })
  @ApiProblems('not_found')
  async get(@CurrentCaller() caller: MerchantCaller, @Param('id', LINK_ID) id: string): Promise<PaymentLinkResponse> {
    return this.shape(await this.links.get(caller, id));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequireScope('links:write')
  @ApiOperation({
    summary: 'Cancel a payment link',
    description:
      'Nobody can begin to pay any more. A prompt that is already on a phone cannot be taken back: money that still comes makes the link `paid`, with `late`, and is told as `payment_link.paid_late`. Scope `links:write`.',
  })
  @ApiOkResponse({ type: PaymentLinkResponse })
  @ApiProblems('not_found', 'not_cancellable')
  async cancel(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', LINK_ID) id: string,
  ): Promise<PaymentLinkResponse> {
    return this.shape(await this.links.cancel(caller, id, caller.principalId));
  }

  @Get(':id/qr.svg')
  @RequireScope('read')
  @Header('content-type', 'image/svg+xml')
  @ApiOperation({
    operationId: 'getPaymentLinkQrCode',
    summary: 'Its QR code',
    description: 'The address of its page as a QR code, in SVG. Scope `read`.',
  })
  @ApiProduces('image/svg+xml')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems('not_found')
  async getQrCode(@CurrentCaller() caller: MerchantCaller, @Param('id', LINK_ID) id: string): Promise<string> {
    const link = await this.links.get(caller, id);
    return qrCode.toString(this.tokens.toUrl(link), { type: 'svg', errorCorrectionLevel: 'M' });
  }

  private shape(link: PaymentLink): PaymentLinkResponse {
    return PaymentLinkResponse.withUrl(PaymentLinkData.from(link), this.tokens.toUrl(link));
  }
}
