import { Module } from '@nestjs/common';
import { RecentAttempts } from '../transactions/recent-attempts.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { CircuitBoard } from './circuit-board.js';
import { CircuitChanges } from './circuit-changes.js';
import { CircuitNews } from './circuit-news.js';
import { Circuits } from './circuits.js';

/** Which providers are in trouble. Below the engine, which asks before it sends. */
@Module({
  imports: [WebhooksModule],
  providers: [CircuitBoard, CircuitChanges, CircuitNews, Circuits, RecentAttempts],
  exports: [Circuits],
})
export class CircuitsModule {}
