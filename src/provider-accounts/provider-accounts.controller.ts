import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { PageQuery, type Page } from '../http/pages.js';
import { AccountAnswers } from './account-answers.js';
import { AccountCredentials } from './account-credentials.js';
import { AccountWebhooks } from './account-webhooks.js';
import {
  CreateProviderAccountRequest,
  CredentialCheckResponse,
  ProviderAccountPage,
  ProviderAccountResponse,
  RotateWebhookUrlRequest,
  UpdateProviderAccountRequest,
} from './provider-account.dto.js';
import { ProviderAccountsService } from './provider-accounts.service.js';

/** The merchant's accounts at providers, in the mode of the key. */
@ApiTags('Provider accounts')
@Controller('v1/provider-accounts')
export class ProviderAccountsController {
  constructor(
    private readonly accounts: ProviderAccountsService,
    private readonly credentials: AccountCredentials,
    private readonly webhooks: AccountWebhooks,
    private readonly answers: AccountAnswers,
  ) {}

  @Post()
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Connect a provider account',
    description:
      'Payments can take it at once. The credentials are sealed, and no answer shows them again. In test mode `settings.baseUrl` can name another host, such as a simulator. Scope `providers:write`.',
  })
  @ApiCreatedResponse({ type: ProviderAccountResponse })
  @ApiProblems(
    'invalid_request',
    'unknown_field',
    'unknown_provider',
    'invalid_credentials',
    'url_not_allowed',
    'amount_not_exact',
    'amount_granularity',
    'amount_out_of_range',
  )
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Body() request: CreateProviderAccountRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProviderAccountResponse> {
    const account = await this.accounts.create(caller, request);
    void reply.header('location', `/v1/provider-accounts/${account.id}`);
    return this.answers.toBody(account);
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List provider accounts', description: 'Newest first. Scope `read`.' })
  @ApiOkResponse({ type: ProviderAccountPage })
  @ApiProblems('invalid_request', 'unknown_field', 'invalid_cursor')
  async list(
    @CurrentCaller() caller: MerchantCaller,
    @Query() query: PageQuery,
  ): Promise<Page<ProviderAccountResponse>> {
    return this.answers.toPage(await this.accounts.list(caller, query));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a provider account', description: 'Everything but the credentials. Scope `read`.' })
  @ApiOkResponse({ type: ProviderAccountResponse })
  @ApiProblems('not_found')
  async get(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', new ObjectIdPipe('pac')) id: string,
  ): Promise<ProviderAccountResponse> {
    return this.answers.toBody(await this.accounts.getOwn(caller, id));
  }

  @Patch(':id')
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Change a provider account',
    description:
      'What you leave out stays. `credentials` and `settings` are each replaced as a whole: send all of them. An account cannot be deleted, because payments refer to it; `enabled: false` keeps new ones away. Scope `providers:write`.',
  })
  @ApiOkResponse({ type: ProviderAccountResponse })
  @ApiProblems(
    'invalid_request',
    'unknown_field',
    'not_found',
    'conflict',
    'invalid_credentials',
    'url_not_allowed',
    'amount_not_exact',
    'amount_granularity',
    'amount_out_of_range',
  )
  async update(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', new ObjectIdPipe('pac')) id: string,
    @Body() changes: UpdateProviderAccountRequest,
  ): Promise<ProviderAccountResponse> {
    return this.answers.toBody(await this.accounts.update(caller, id, changes));
  }

  @Post(':id/check')
  @HttpCode(200)
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Try the credentials',
    description:
      'Asks the provider whether it knows them. Moves no money and changes nothing. Scope `providers:write`.',
  })
  @ApiOkResponse({ type: CredentialCheckResponse })
  @ApiProblems('not_found')
  async check(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', new ObjectIdPipe('pac')) id: string,
  ): Promise<CredentialCheckResponse> {
    return CredentialCheckResponse.from(await this.credentials.check(await this.accounts.getOwn(caller, id)));
  }

  @Post(':id/rotate-webhook-url')
  @HttpCode(200)
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Change the webhook URL',
    description:
      'For providers that report everything of an account to one URL, entered by you (Moneroo). Answers the account with its new `webhookUrl`; the old one goes on for `overlapHours`, while you enter the new one there. Scope `providers:write`.',
  })
  @ApiOkResponse({ type: ProviderAccountResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'not_found', 'conflict')
  async rotateWebhookUrl(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', new ObjectIdPipe('pac')) id: string,
    @Body() { overlapHours }: RotateWebhookUrlRequest,
  ): Promise<ProviderAccountResponse> {
    return this.answers.toBody(await this.webhooks.rotate(caller, id, overlapHours));
  }
}
