import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { EventPageResponse, EventResponse, ListEventsQuery, toTypes } from './event.dto.js';
import { EventLog } from './event-log.js';

const EVENT_ID = new ObjectIdPipe('evt');

/** Everything that merchants are told, in order: for whoever was away. */
@ApiTags('Events')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly log: EventLog) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List events',
    description:
      'What your webhook endpoints are told, oldest first, in the order of `position`: without gaps, and nothing is ever inserted behind you. Keep `nextCursor`, send it as `after`, and you miss nothing, however long you were away, for 90 days at least. Scope `read`.',
  })
  @ApiOkResponse({ type: EventPageResponse })
  @ApiProblems('invalid_cursor')
  async list(
    @CurrentCaller() caller: MerchantCaller,
    @Query() { after, limit, type, transactionId }: ListEventsQuery,
  ): Promise<EventPageResponse> {
    const types = toTypes(type);
    const filters = { ...(types && { types }), ...(transactionId !== undefined && { transactionId }) };
    return EventPageResponse.from(await this.log.list(caller, after, limit, filters));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'An event', description: 'One event by its id. Scope `read`.' })
  @ApiOkResponse({ type: EventResponse })
  async get(@CurrentCaller() caller: MerchantCaller, @Param('id', EVENT_ID) id: string): Promise<EventResponse> {
    return EventResponse.from(await this.log.get(caller, id));
  }
}
