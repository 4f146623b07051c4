import { Module } from '@nestjs/common';
import { EventLog } from './event-log.js';
import { EventRetentionHandler } from './event-retention.handler.js';
import { EventSequencer } from './event-sequencer.js';
import { EventsController } from './events.controller.js';
import { PositionNews } from './position-news.js';
import { SequenceEventsHandler } from './sequence-events.handler.js';

/** The merchant's events in one order, for whoever comes to fetch them. */
@Module({
  controllers: [EventsController],
  providers: [PositionNews, EventSequencer, SequenceEventsHandler, EventLog, EventRetentionHandler],
  exports: [PositionNews, EventSequencer, EventLog],
})
export class EventsModule {}
