import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { In } from 'typeorm';
import type { Scheduler } from '#libs/primitives';
import { z } from 'zod';
import { SCHEDULER } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { EventPosition } from '../events/event-position.entity.js';
import { PositionNews, type StreamPosition } from '../events/position-news.js';
import { RedisLink } from '../redis/redis-link.js';
import { EventFeeds } from './event-feeds.js';

/** How often the database is looked into while nobody tells us what other processes number. */
const ALONE_MS = 1_000;
/** How often otherwise: news can get lost, and a read can fail. */
const TOLD_MS = 5_000;
const MERCHANTS_AT_ONCE = 500;

const News = z.object({
  merchantId: z.string(),
  mode: z.enum(['test', 'live']),
  position: z.number().int(),
});

/**
 * Tells the feeds of this process how far events are numbered: at once of what it numbered itself, through Redis of what
 * others did, and by looking into the database where Redis is away. Nothing but positions travels: who listens reads.
 */
@Injectable()
export class PositionRelay implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Realtime');
  private subscriber: Redis | undefined;
  private isTold = false;
  private cancel: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly redis: RedisLink,
    private readonly news: PositionNews,
    private readonly feeds: EventFeeds,
    private readonly database: Database,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {}

  onApplicationBootstrap(): void {
    this.news.follow((news) => {
      this.feeds.note(news);
      void this.redis.use((client) => client.publish(this.channel, JSON.stringify(news)));
    });
    this.listen();
    this.plan();
  }

  /** Takes no more news; what is numbered from now on others still hear of. */
  onModuleDestroy(): void {
    this.stopped = true;
    this.cancel();
    this.subscriber?.disconnect();
  }

  private get channel(): string {
    return `${this.redis.prefix}:positions`;
  }

  private listen(): void {
    if (!this.redis.client) return;
    const subscriber = this.redis.open({ autoResubscribe: false });
    this.subscriber = subscriber;
    subscriber.on('ready', () => void this.subscribe(subscriber));
    subscriber.on('close', () => (this.isTold = false));
    subscriber.on('message', (_: string, text: string) => {
      const news = readNews(text);
      if (news) this.feeds.note(news);
    });
  }

  private async subscribe(subscriber: Redis): Promise<void> {
    try {
      await subscriber.subscribe(this.channel);
      this.isTold = true;
      // What was told while nobody listened.
      await this.look();
    } catch (error) {
      this.redis.note(error);
      if (subscriber.status === 'ready') subscriber.disconnect(true);
    }
  }

  private plan(): void {
    if (this.stopped) return;
    // On SQLite there is no other process.
    const isAlone = this.database.kind === 'mysql' && !(this.isTold && this.redis.state === 'up');
    this.cancel = this.scheduler.after(isAlone ? ALONE_MS : TOLD_MS, () => {
      void this.look().then(() => this.plan());
    });
  }

  /** One query for all merchants whose sockets are open here. */
  private async look(): Promise<void> {
    try {
      const merchantIds = [...new Set(this.feeds.streams.map(({ merchantId }) => merchantId))];
      for (let start = 0; start < merchantIds.length; start += MERCHANTS_AT_ONCE) {
        const some = merchantIds.slice(start, start + MERCHANTS_AT_ONCE);
        const rows = await this.database.read.find(EventPosition, { where: { merchantId: In(some) } });
        for (const { merchantId, mode, lastPosition } of rows) {
          this.feeds.note({ merchantId, mode, position: lastPosition });
        }
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'Could not look how far events are numbered; trying again in a moment.');
    }
  }
}

// Whatever else somebody writes into that channel is none of ours.
function readNews(text: string): StreamPosition | undefined {
  try {
    return News.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
