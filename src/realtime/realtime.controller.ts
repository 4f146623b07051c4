import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiExtension,
  ApiOperation,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { Problem } from '../http/problem.js';
import { CreateRealtimeTicketRequest, RealtimeTicketResponse } from './realtime-ticket.dto.js';
import { RealtimeTickets } from './realtime-tickets.js';

// What clients say and what they hear: docs/realtime.md.
const SENDS = ['subscribe', 'unsubscribe', 'ping'];
const RECEIVES = ['subscribed', 'event', 'caught_up', 'unsubscribed', 'pong', 'error'];

class OpenRealtimeQuery {
  @ApiPropertyOptional({ description: 'In place of `Authorization`, for browsers: from `POST /v1/realtime-tickets`.' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  ticket?: string;
}

/** Events as they happen. The sockets themselves are opened by RealtimeServer, before any route is looked for. */
@ApiTags('Real time')
@Controller('v1')
export class RealtimeController {
  constructor(private readonly tickets: RealtimeTickets) {}

  @Post('realtime-tickets')
  @RequireScope('read')
  @ApiOperation({
    summary: 'Get a ticket for a socket',
    description:
      'Lets a browser open one WebSocket within 60 seconds without seeing your API key. With `subscriptions` the socket can listen to those alone. Revoking the key ends the socket too. Scope `read`.',
  })
  @ApiCreatedResponse({ type: RealtimeTicketResponse })
  @ApiProblems('not_found')
  async create(
    @CurrentCaller() caller: MerchantCaller,
    @Body() { subscriptions }: CreateRealtimeTicketRequest,
  ): Promise<RealtimeTicketResponse> {
    return RealtimeTicketResponse.from(await this.tickets.issue(caller, subscriptions));
  }

  @Get('realtime')
  @RequireScope('read')
  @ApiOperation({
    summary: 'Open a WebSocket',
    description: `A WebSocket (RFC 6455) that tells events as they happen, in the order of \`position\`. Text frames, one JSON object each.

You say \`{"type":"subscribe","id":"a","to":"merchant"}\`, or \`"to":"transaction"\`, \`"link"\` or \`"batch"\` with \`"subject":"txn_…"\`; \`after\` with the id of the last event you have resumes there, and nothing is lost or told twice. Also \`{"type":"unsubscribe","id":"a"}\` and \`{"type":"ping"}\`.

You hear \`subscribed\`, \`event\` (\`event\` holds what \`GET /v1/events\` shows), \`caught_up\`, \`unsubscribed\`, \`pong\`, and \`error\` (\`problem\` holds a problem document). Close codes: 1012 and 4002 ask you to connect again and resume, 4001 means that the key has ended. Scope \`read\`.`,
  })
  @ApiResponse({ status: 101, description: 'The connection is a WebSocket from here on.' })
  @ApiExtension('x-websocket', { sends: SENDS, receives: RECEIVES })
  @ApiProblems('upgrade_required')
  open(@Query() _query: OpenRealtimeQuery): never {
    throw new Problem('upgrade_required', 'This is a WebSocket: open it with a WebSocket client (ws:// or wss://).', {
      headers: { upgrade: 'websocket', connection: 'Upgrade' },
    });
  }
}
