import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { SETTINGS } from '../config/config.module.js';
import type { DatabaseSettings, Settings } from '../config/settings.js';
import { hashOf } from '../secrets/hash.js';

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 1_000;
const LONGEST_RECONNECT_MS = 2_000;
// A Redis that does not answer costs one of our callers its time-out in this span, not every one of them.
const STAY_AWAY_MS = 1_000;

/** `absent`: no REDIS_URL, this process shares nothing. `down`: not connected, or it does not answer. */
export type RedisState = 'absent' | 'up' | 'down';

/**
 * The one link to Redis, which holds nothing that we cannot lose: whoever uses it must know what to do without. A command
 * never waits for a connection and never for longer than a second. It connects by itself, again and again.
 */
@Injectable()
export class RedisLink implements OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private awayUntil = 0;
  private lastFault = '';

  /** Undefined where REDIS_URL is not set. Its commands reject while Redis is away; `use` is the way that does not. */
  readonly client: Redis | undefined;

  /**
   * Begins every key of ours: two gateways with databases of their own never meet in one Redis. All processes of one
   * gateway must name its database by the same host, port and name.
   */
  readonly prefix: string;

  constructor(@Inject(SETTINGS) { redisUrl, database }: Settings) {
    this.prefix = toPrefix(database);
    this.client = redisUrl === undefined ? undefined : this.connect(redisUrl);
  }

  get state(): RedisState {
    if (!this.client) return 'absent';
    return this.client.status === 'ready' && performance.now() >= this.awayUntil ? 'up' : 'down';
  }

  /**
   * Runs commands, and answers undefined where Redis is absent, down or too slow; never rejects. After a failure nobody
   * asks again for a second, so that a Redis that hangs does not hold up every request.
   */
  async use<T>(work: (client: Redis, prefix: string) => Promise<T>): Promise<T | undefined> {
    if (!this.client || this.state !== 'up') return undefined;
    try {
      return await work(this.client, this.prefix);
    } catch (error) {
      this.awayUntil = performance.now() + STAY_AWAY_MS;
      this.note(error);
      return undefined;
    }
  }

  onApplicationShutdown(): void {
    this.client?.disconnect();
  }

  private connect(url: string): Redis {
    const client = new Redis(url, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      // What cannot be sent now is refused now, and what was cut off is not sent a second time.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 10), LONGEST_RECONNECT_MS),
    });
    client.on('ready', () => {
      this.lastFault = '';
      this.awayUntil = 0;
      this.logger.log('Connected to Redis.');
    });
    client.on('error', (error) => this.note(error));
    return client;
  }

  // It tries for ever, and the log needs each fault once, not each try.
  private note(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (fault === this.lastFault) return;
    this.lastFault = fault;
    this.logger.warn({ err: error }, 'Redis cannot be used for the moment.');
  }
}

function toPrefix(database: DatabaseSettings): string {
  if (database.kind === 'sqlite') return `malipo:${hashOf('sqlite', database.file).slice(0, 16)}`;
  const { hostname, port, pathname } = new URL(database.url);
  return `malipo:${hashOf('mysql', hostname, port === '' ? '3306' : port, pathname).slice(0, 16)}`;
}
