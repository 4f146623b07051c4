import { systemScheduler, type Clock, type Scheduler } from '#libs/primitives';

/** As many requests as a provider takes from one account in any stretch of time (`rateLimit` of its facts). */
export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

export type RateDecision =
  { readonly kind: 'granted'; readonly waitedMs: number } | { readonly kind: 'wait'; readonly retryAfterMs: number }; // Nothing was taken: come back then.

/** Shares a provider's rate among everyone who uses one account. In memory here; on Redis for several processes. */
export interface RateLimiter {
  /**
   * Takes a place, in the order of asking. Where it would be free only after `maxWaitMs`, or too many wait already,
   * the answer is how long to stay away; otherwise it comes when the place is free.
   */
  acquire(accountId: string, limit: RateLimit | null, maxWaitMs?: number): Promise<RateDecision>;
}

export interface RateLimiterOptions {
  readonly clock: Clock;
  readonly scheduler?: Scheduler;
  /** How many may wait in line for one account. */
  readonly maxQueue?: number;
}

interface Line {
  /** The instants of the latest places given out, past and to come, at most `requests` of them, rising. */
  readonly places: number[];
  waiting: number;
  perMs: number;
}

/**
 * A sliding window: no stretch of `perMs`, wherever it begins, holds more than `requests`. A bucket that refills
 * would let twice as many through around a full one, and providers that count strictly would refuse them.
 */
export function createRateLimiter({
  clock,
  scheduler = systemScheduler,
  maxQueue = 1_000,
}: RateLimiterOptions): RateLimiter {
  const lines = new Map<string, Line>();

  function findLine(accountId: string, perMs: number): Line {
    const line = lines.get(accountId) ?? { places: [], waiting: 0, perMs };
    line.perMs = perMs;
    if (!lines.has(accountId)) forgetIdle(lines, clock.now());
    lines.set(accountId, line);
    return line;
  }

  return {
    async acquire(accountId, limit, maxWaitMs = 0) {
      if (!limit) return { kind: 'granted', waitedMs: 0 };
      const line = findLine(accountId, limit.perMs);
      const now = clock.now();
      const at = nextPlace(line.places, limit, now);
      const waitMs = at - now;
      if (waitMs > maxWaitMs || (waitMs > 0 && line.waiting >= maxQueue)) return { kind: 'wait', retryAfterMs: waitMs };
      line.places.push(at);
      if (line.places.length > limit.requests) line.places.splice(0, line.places.length - limit.requests);
      if (waitMs > 0) {
        line.waiting++;
        await new Promise<void>((resolve) => scheduler.after(waitMs, resolve));
        line.waiting--;
      }
      return { kind: 'granted', waitedMs: waitMs };
    },
  };
}

// Never before a place already given out, so that nobody overtakes.
function nextPlace(places: readonly number[], { requests, perMs }: RateLimit, now: number): number {
  const oldestOfWindow = places[places.length - requests];
  return Math.max(now, places.at(-1) ?? now, oldestOfWindow === undefined ? now : oldestOfWindow + perMs);
}

function forgetIdle(lines: Map<string, Line>, now: number): void {
  for (const [accountId, line] of lines) {
    if (line.waiting === 0 && (line.places.at(-1) ?? 0) + line.perMs <= now) lines.delete(accountId);
  }
}
