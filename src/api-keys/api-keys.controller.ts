import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import type { Page } from '../http/pages.js';
import {
  ApiKeyPage,
  ApiKeyResponse,
  CreateApiKeyRequest,
  CreatedApiKeyResponse,
  ListApiKeysQuery,
  RollApiKeyRequest,
} from './api-key.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { AnyCaller, RequireScope, type Caller } from './caller.js';

/** The keys of the caller's merchant and mode; for a platform key, of everyone. */
@ApiTags('API keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @RequireScope('keys:write', 'platform')
  @ApiOperation({
    summary: 'Create an API key',
    description:
      'The secret is in this answer and nowhere else. The new key has the merchant, mode and principal of the key that asks, and at most its scopes. A platform key says `merchantId` and `mode` instead, and each key that it makes is a new principal. Scope `keys:write` or `platform`.',
  })
  @ApiCreatedResponse({ type: CreatedApiKeyResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'not_found')
  async create(
    @AnyCaller() caller: Caller,
    @Body() request: CreateApiKeyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedApiKeyResponse> {
    const created = await this.keys.createFor(caller, request);
    return this.show(created, reply);
  }

  @Get()
  @RequireScope('read', 'platform')
  @ApiOperation({
    summary: 'List API keys',
    description: 'Newest first, those that were revoked too. Scope `read` or `platform`.',
  })
  @ApiOkResponse({ type: ApiKeyPage })
  @ApiProblems('invalid_request', 'unknown_field', 'invalid_cursor')
  list(@AnyCaller() caller: Caller, @Query() query: ListApiKeysQuery): Promise<Page<ApiKeyResponse>> {
    const now = this.clock.now();
    return this.keys.list(caller, query, (key) => ApiKeyResponse.from(key, now));
  }

  @Get(':id')
  @RequireScope('read', 'platform')
  @ApiOperation({ summary: 'An API key', description: 'Everything but the secret. Scope `read` or `platform`.' })
  @ApiOkResponse({ type: ApiKeyResponse })
  @ApiProblems('not_found')
  async get(@AnyCaller() caller: Caller, @Param('id', new ObjectIdPipe('key')) id: string): Promise<ApiKeyResponse> {
    return ApiKeyResponse.from(await this.keys.get(caller, id), this.clock.now());
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('keys:write', 'platform')
  @ApiOperation({
    summary: 'Revoke an API key',
    description:
      'It is refused from the next request on. Any key of your merchant and mode, your own included. Scope `keys:write` or `platform`.',
  })
  @ApiNoContentResponse()
  @ApiProblems('not_found')
  revoke(@AnyCaller() caller: Caller, @Param('id', new ObjectIdPipe('key')) id: string): Promise<void> {
    return this.keys.revoke(caller, id);
  }

  @Post(':id/roll')
  @RequireScope('keys:write', 'platform')
  @ApiOperation({
    summary: 'Roll an API key',
    description:
      'Answers a new key with the same name, scopes and principal; the old one works for `overlapHours` more. A merchant’s key can roll those of its own principal whose scopes it has. 409 for a key that was revoked or rolled before. Scope `keys:write` or `platform`.',
  })
  @ApiCreatedResponse({ type: CreatedApiKeyResponse })
  @ApiProblems('invalid_request', 'unknown_field', 'not_found', 'conflict')
  async roll(
    @AnyCaller() caller: Caller,
    @Param('id', new ObjectIdPipe('key')) id: string,
    @Body() { overlapHours }: RollApiKeyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedApiKeyResponse> {
    return this.show(await this.keys.roll(caller, id, overlapHours), reply);
  }

  private show(created: Parameters<typeof CreatedApiKeyResponse.of>[0], reply: FastifyReply): CreatedApiKeyResponse {
    // No cache between us and the caller may keep a secret.
    void reply.headers({ location: `/v1/api-keys/${created.key.id}`, 'cache-control': 'no-store' });
    return CreatedApiKeyResponse.of(created, this.clock.now());
  }
}
