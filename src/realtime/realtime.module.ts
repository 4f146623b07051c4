import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { Conversations } from './conversations.js';
import { EventFeeds } from './event-feeds.js';
import { PastEvents } from './past-events.js';
import { PositionRelay } from './position-relay.js';
import { RealtimeController } from './realtime.controller.js';
import { RealtimeServer } from './realtime-server.js';
import { RealtimeSockets } from './realtime-sockets.js';
import { RealtimeTickets } from './realtime-tickets.js';
import { SocketRounds } from './socket-rounds.js';
import { UpgradeGate } from './upgrade-gate.js';

/** Events as they happen, over WebSockets. */
@Module({
  imports: [EventsModule],
  controllers: [RealtimeController],
  providers: [
    Conversations,
    EventFeeds,
    PastEvents,
    PositionRelay,
    RealtimeServer,
    RealtimeSockets,
    RealtimeTickets,
    SocketRounds,
    UpgradeGate,
  ],
  exports: [RealtimeTickets],
})
export class RealtimeModule {}
