import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsString, MaxLength, ValidateNested } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import type { IssuedTicket } from './realtime-session.js';

const KINDS = ['transaction', 'link', 'batch', 'merchant'] as const;

/** One thing that the ticket's socket may subscribe to. */
export class TicketSubscriptionRequest {
  @ApiProperty({ enum: KINDS, description: '`merchant`: everything of yours.' })
  @IsIn(KINDS)
  to!: (typeof KINDS)[number];

  @ApiPropertyOptional({
    description: 'The id of the transaction, link or batch; absent for `merchant`.',
    example: 'txn_01KA3X6V0C8Q5R9B2D4F6H8J0K',
  })
  @IfGiven()
  @IsString()
  @MaxLength(30)
  subject?: string;
}

/** `POST /v1/realtime-tickets`. */
export class CreateRealtimeTicketRequest {
  @ApiPropertyOptional({
    type: [TicketSubscriptionRequest],
    description: 'All that the socket may subscribe to, 1 to 100; absent for whatever the key may see.',
  })
  @IfGiven()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => TicketSubscriptionRequest)
  subscriptions?: TicketSubscriptionRequest[];
}

/** A ticket, shown this once. */
export class RealtimeTicketResponse {
  @ApiProperty({ enum: ['realtime_ticket'] })
  object!: 'realtime_ticket';

  @ApiProperty({ description: 'Opens one socket, once.', example: 'rtt_0f4n9Yv1x…' })
  ticket!: string;

  @ApiProperty({
    format: 'uri',
    description: 'Where to open the socket, with the ticket in it.',
    example: 'wss://pay.example.com/v1/realtime?ticket=rtt_0f4n9Yv1x…',
  })
  url!: string;

  @ApiProperty({ format: 'date-time', description: '60 seconds from now.' })
  expiresAt!: string;

  static from({ ticket, url, endsAt }: IssuedTicket): RealtimeTicketResponse {
    return { object: 'realtime_ticket', ticket, url, expiresAt: toIso(endsAt) };
  }
}
