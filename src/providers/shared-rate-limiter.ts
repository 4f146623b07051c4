import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Scheduler } from '#libs/primitives';
import type { RateDecision, RateLimit, RateLimiter } from '#libs/provider-kit';
import type { RedisLink } from '../redis/redis-link.js';

/** Nobody waits in line for longer: he is told when to come back. */
const LONGEST_WAIT_MS = 60_000;

/** As many may wait in this process for one account; further ones are told when to come back. */
const LONGEST_LINE = 1_000;

// A list holds the latest places given out, past and to come, rising, at most as many as the limit allows: no stretch of
// `perMs`, wherever it begins, holds more. By Redis' own clock, so that processes need not agree on the time. A place
// further ahead than anybody may wait proves that the clock was set back: then the list is worth nothing.
const TAKE_PLACE = `
local key, requests, perMs = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local patienceMs, longestMs = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('LINDEX', key, -1) or now)
if last - now > longestMs then
  redis.call('DEL', key)
  last = now
end
local oldest = redis.call('LINDEX', key, -requests)
local at = math.max(now, last)
if oldest then at = math.max(at, oldest + perMs) end
local waitMs = at - now
if waitMs > patienceMs then return { 0, waitMs } end
redis.call('RPUSH', key, string.format('%.0f', at))
redis.call('LTRIM', key, -requests, -1)
redis.call('PEXPIRE', key, waitMs + perMs)
return { 1, waitMs }
`;

const Taken = z.tuple([z.literal([0, 1]), z.number()]);

/**
 * Shares a provider's rate for one account among all processes, through Redis. Where Redis is absent or away each process
 * keeps to the rate by itself: too many of them may then be told to slow down, which proves that nothing was taken, but no
 * payment waits for Redis.
 */
export class SharedRateLimiter implements RateLimiter {
  private readonly waiting = new Map<string, number>();

  constructor(
    private readonly redis: Pick<RedisLink, 'use'>,
    private readonly local: RateLimiter,
    private readonly scheduler: Scheduler,
  ) {}

  async acquire(accountId: string, limit: RateLimit | null, maxWaitMs = 0): Promise<RateDecision> {
    if (!limit) return { kind: 'granted', waitedMs: 0 };
    const inLine = this.waiting.get(accountId) ?? 0;
    const patienceMs = inLine < LONGEST_LINE ? Math.min(maxWaitMs, LONGEST_WAIT_MS) : 0;
    const taken = await this.redis.use((client, prefix) =>
      takePlace(client, `${prefix}:rate:${accountId}`, limit, patienceMs),
    );
    if (!taken) return this.local.acquire(accountId, limit, patienceMs);
    const [granted, waitMs] = taken;
    if (granted === 0) return { kind: 'wait', retryAfterMs: waitMs };
    if (waitMs > 0) await this.wait(accountId, waitMs);
    return { kind: 'granted', waitedMs: waitMs };
  }

  private async wait(accountId: string, waitMs: number): Promise<void> {
    this.waiting.set(accountId, (this.waiting.get(accountId) ?? 0) + 1);
    await new Promise<void>((resolve) => this.scheduler.after(waitMs, resolve));
    const left = (this.waiting.get(accountId) ?? 1) - 1;
    if (left === 0) this.waiting.delete(accountId);
    else this.waiting.set(accountId, left);
  }
}

async function takePlace(
  client: Redis,
  key: string,
  { requests, perMs }: RateLimit,
  patienceMs: number,
): Promise<z.infer<typeof Taken>> {
  return Taken.parse(await client.eval(TAKE_PLACE, 1, key, requests, perMs, patienceMs, LONGEST_WAIT_MS));
}
