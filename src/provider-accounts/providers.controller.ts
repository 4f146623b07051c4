import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import type { Page } from '../http/pages.js';
import { listDefinitions } from '../providers/registry.js';
import { ProviderList, ProviderResponse } from './provider.dto.js';

/** What can be connected, and what each provider wants to know for it. */
@ApiTags('Provider accounts')
@Controller('v1/providers')
export class ProvidersController {
  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List providers',
    description:
      'Every provider that this gateway can speak to, with the forms of its credentials and settings. What you can use right now is in `GET /v1/methods`. Scope `read`.',
  })
  @ApiOkResponse({ type: ProviderList })
  @ApiProblems()
  list(): Page<ProviderResponse> {
    return {
      data: listDefinitions().map((definition) => ProviderResponse.from(definition)),
      hasMore: false,
      nextCursor: null,
    };
  }
}
