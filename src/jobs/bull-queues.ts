import { BullModule, getQueueToken } from '@nestjs/bull';
import type { DynamicModule } from '@nestjs/common';
import type { QueueOptions } from 'bull';
import type { Redis } from 'ioredis';
import { RedisLink } from '../redis/redis-link.js';
import { LANES } from './job-lanes.js';

const RETRY_MS = 1_000;

/** The queues of the lanes on the one link to Redis, under the prefix of this gateway. */
export function registerQueues(): DynamicModule {
  return BullModule.registerQueueAsync(
    ...LANES.map(({ name }) => ({
      name,
      inject: [RedisLink],
      useFactory: toQueueOptions,
    })),
  );
}

/** How a queue of ours stands on the link. */
export function toQueueOptions(link: RedisLink): QueueOptions {
  return {
    prefix: link.prefix,
    createClient: (type) => createClient(link, type),
    settings: { retryProcessDelay: RETRY_MS },
  };
}

/** Where Nest keeps the queues, in the order of the lanes. */
export const QUEUE_TOKENS = LANES.map(({ name }) => getQueueToken(name));

/**
 * Bull adds and moves ids over the link that everybody shares: refused at once while Redis is away. Waiting for ids
 * blocks a connection, so each queue has one of its own for that, which waits for Redis as long as it takes.
 */
function createClient(link: RedisLink, type: 'client' | 'subscriber' | 'bclient'): Redis {
  if (!link.client) throw new Error('Queues need REDIS_URL.');
  if (type === 'client') return link.client;
  return link.open({
    commandTimeout: undefined,
    enableOfflineQueue: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: null,
    autoResendUnfulfilledCommands: true,
  });
}
