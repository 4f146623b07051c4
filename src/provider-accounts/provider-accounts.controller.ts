import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { PageQuery, type Page } from '../http/pages.js';
import { AccountCredentials } from './account-credentials.js';
import {
  CreateProviderAccountRequest,
  CredentialCheckResponse,
  ProviderAccountPage,
  ProviderAccountResponse,
  UpdateProviderAccountRequest,
} from './provider-account.dto.js';
import type { ProviderAccount } from './provider-account.entity.js';
import { ProviderAccountsService } from './provider-accounts.service.js';

/** The merchant's accounts at providers, in the mode of the key. */
@ApiTags('Provider accounts')
@Controller('v1/provider-accounts')
export class ProviderAccountsController {
  constructor(
    private readonly accounts: ProviderAccountsService,
    private readonly credentials: AccountCredentials,
  ) {}

  @Post()
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Connect a provider account',
    description:
      'Payments can take it at once. The credentials are sealed, and no answer shows them again. In test mode `settings.baseUrl` can name another host, such as a simulator. Scope `providers:write`.',
  })
  @ApiCreatedResponse({ type: ProviderAccountResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'unknown_provider', 'invalid_credentials', 'url_not_allowed')
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Body() request: CreateProviderAccountRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProviderAccountResponse> {
    const account = await this.accounts.create(caller, request);
    void reply.header('location', `/v1/provider-accounts/${account.id}`);
    return this.show(account);
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List provider accounts', description: 'Newest first. Scope `read`.' })
  @ApiOkResponse({ type: ProviderAccountPage })
  @ApiProblems('invalid_request', 'unknown_field', 'invalid_cursor')
  list(@CurrentCaller() caller: MerchantCaller, @Query() query: PageQuery): Promise<Page<ProviderAccountResponse>> {
    return this.accounts.list(caller, query, (account) => this.show(account));
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
    return this.show(await this.accounts.getOwn(caller, id));
  }

  @Patch(':id')
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Change a provider account',
    description:
      'What you leave out stays. `credentials` and `settings` are each replaced as a whole: send all of them. An account cannot be deleted, because payments refer to it; `enabled: false` keeps new ones away. Scope `providers:write`.',
  })
  @ApiOkResponse({ type: ProviderAccountResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'not_found', 'conflict', 'invalid_credentials', 'url_not_allowed')
  async update(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', new ObjectIdPipe('pac')) id: string,
    @Body() changes: UpdateProviderAccountRequest,
  ): Promise<ProviderAccountResponse> {
    return this.show(await this.accounts.update(caller, id, changes));
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

  private show(account: ProviderAccount): ProviderAccountResponse {
    return ProviderAccountResponse.from(account, this.credentials.namesOf(account));
  }
}
