import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import type { Page } from '../http/pages.js';
import { CallbackPage, CallbackResponse, ListCallbacksQuery } from './callback.dto.js';
import { CallbackLog } from './callback-log.js';

const CALLBACK_ID = new ObjectIdPipe('clb');

/** What providers told us, and what we made of it. */
@ApiTags('Provider callbacks')
@Controller('v1/callbacks')
export class CallbackLogController {
  constructor(private readonly log: CallbackLog) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List provider callbacks',
    description:
      'Every message that a provider sent about your payments: as it came, how it was authenticated, what it caused. Newest first. Scope `read`.',
  })
  @ApiOkResponse({ type: CallbackPage })
  @ApiProblems()
  list(@CurrentCaller() caller: MerchantCaller, @Query() query: ListCallbacksQuery): Promise<Page<CallbackResponse>> {
    return this.log.list(caller, query);
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'A provider callback', description: 'One message by its id. Scope `read`.' })
  @ApiOkResponse({ type: CallbackResponse })
  @ApiProblems()
  get(@CurrentCaller() caller: MerchantCaller, @Param('id', CALLBACK_ID) id: string): Promise<CallbackResponse> {
    return this.log.get(caller, id);
  }

  @Post(':id/replay')
  @HttpCode(202)
  @RequireScope('providers:write')
  @ApiOperation({
    summary: 'Apply a stored callback again',
    description:
      'Reads the message as if it came now, for instance after its provider account was repaired. Safe at any time: it is weighed like the first time and can never move money. Scope `providers:write`.',
  })
  @ApiAcceptedResponse({ type: CallbackResponse })
  @ApiProblems()
  replay(@CurrentCaller() caller: MerchantCaller, @Param('id', CALLBACK_ID) id: string): Promise<CallbackResponse> {
    return this.log.replay(caller, id);
  }
}
