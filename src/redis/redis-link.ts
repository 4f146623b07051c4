import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { systemScheduler } from '#libs/primitives';
import { SETTINGS } from '../config/config.module.js';
import type { DatabaseSettings, Settings } from '../config/settings.js';
import { hashOf } from '../secrets/hash.js';

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 1_000;
// A peer that vanished without a word is found out by the kernel's own questions.
const KEEP_ALIVE_MS = 10_000;
const LONGEST_RECONNECT_MS = 2_000;
// A Redis that does not answer costs one of our callers its time-out in this span, not every one of them.
const STAY_AWAY_MS = 1_000;
// How long a start waits to learn whether Redis is fit. It goes on without: everything works without Redis, if slower.
const START_PATIENCE_MS = 3_000;

/** `absent`: no REDIS_URL, this process shares nothing. `down`: not connected, or it does not answer. */
export type RedisState = 'absent' | 'up' | 'down';

/** Redis answers, and must not be used as it is set up. The message says what to do. */
export class UnusableRedisError extends Error {
  override name = 'UnusableRedisError';
}

/**
 * The one link to Redis, which holds nothing that we cannot lose: whoever uses it must know what to do without. A command
 * never waits for a connection and never for longer than a second. It connects by itself, again and again.
 */
@Injectable()
export class RedisLink implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private readonly opened: Redis[] = [];
  private readonly url: string;
  private awayUntil = 0;
  private lastNote = '';
  private onInspected: () => void = () => undefined;
  private readonly inspected = new Promise<void>((resolve) => (this.onInspected = resolve));

  /** Undefined where REDIS_URL is not set. Its commands reject while Redis is away; `use` is the way that does not. */
  readonly client: Redis | undefined = undefined;

  /**
   * Begins every key of ours: two gateways with databases of their own never meet in one Redis. All processes of one
   * gateway must name its database by the same host, port and name.
   */
  readonly prefix: string;

  /** Why Redis must not be used as it is set up; undefined where nothing is known against it. */
  fault: string | undefined = undefined;

  constructor(@Inject(SETTINGS) { redisUrl, database }: Settings) {
    this.prefix = toPrefix(database);
    this.url = redisUrl ?? '';
    if (redisUrl === undefined) return;
    this.client = this.open({});
    this.client.on('ready', () => void this.inspect());
  }

  get state(): RedisState {
    if (!this.client) return 'absent';
    return this.client.status === 'ready' && performance.now() >= this.awayUntil ? 'up' : 'down';
  }

  /** Throws an UnusableRedisError where Redis can be asked and is not fit. */
  async onModuleInit(): Promise<void> {
    if (!this.client) return;
    const cancel = systemScheduler.after(START_PATIENCE_MS, this.onInspected);
    await this.inspected;
    cancel();
    if (this.fault !== undefined) throw new UnusableRedisError(this.fault);
    if (this.state !== 'up') this.logger.warn('Redis does not answer: starting without it, and going on trying.');
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
      // Whether Redis hangs or the network lost the connection, only a new connection tells.
      if (isTimeout(error) && this.client.status === 'ready') this.client.disconnect(true);
      return undefined;
    }
  }

  /** One more connection, for what must block or listen. Closed with the others. */
  open(options: RedisOptions): Redis {
    const client = new Redis(this.url, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      keepAlive: KEEP_ALIVE_MS,
      // What cannot be sent now is refused now, and what was cut off is not sent a second time.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 10), LONGEST_RECONNECT_MS),
      ...options,
    });
    client.on('error', (error) => this.note(error));
    this.opened.push(client);
    return client;
  }

  /** Logs what went wrong, once for each fault: it tries for ever, and the log does not need each try. */
  note(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (/\b(WRONGPASS|NOAUTH|NOPERM)\b|invalid password/.test(text)) {
      this.fault = `Redis refuses the user name or password of REDIS_URL, or does not let that user do what we need: ${text}`;
      this.onInspected();
    }
    if (text === this.lastNote) return;
    this.lastNote = text;
    this.logger.warn({ err: error }, 'Redis cannot be used for the moment.');
  }

  /** Closes what `open` gave, whatever it waits for. */
  hangUp(): void {
    for (const client of this.opened) if (client !== this.client) client.disconnect();
  }

  onApplicationShutdown(): void {
    this.hangUp();
    this.client?.disconnect();
  }

  /** A Redis that throws keys away when it is full would throw away what queues and limits are made of. */
  private async inspect(): Promise<void> {
    this.lastNote = '';
    this.awayUntil = 0;
    this.logger.log('Connected to Redis.');
    const memory = await this.use((client) => client.info('memory'));
    if (memory === undefined) return;
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
    this.fault =
      policy === 'noeviction'
        ? undefined
        : `Redis may throw away our keys when it is full (maxmemory-policy ${policy}). Set maxmemory-policy to noeviction.`;
    if (this.fault !== undefined) this.logger.error(this.fault);
    this.onInspected();
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

function toPrefix(database: DatabaseSettings): string {
  if (database.kind === 'sqlite') return `malipo:${hashOf('sqlite', database.file).slice(0, 16)}`;
  const { hostname, port, pathname } = new URL(database.url);
  return `malipo:${hashOf('mysql', hostname, port === '' ? '3306' : port, pathname).slice(0, 16)}`;
}
