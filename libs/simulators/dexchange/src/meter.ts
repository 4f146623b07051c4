import type { World } from './world.js';

const MINUTE_MS = 60_000;

/** What the headers of a limited API say. */
export interface Reading {
  readonly isExceeded: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** Counts the requests of each key in the minute gone by (§1). */
export class RequestMeter {
  private readonly requests = new Map<string, number[]>();

  constructor(private readonly world: Pick<World, 'settings' | 'time'>) {}

  /** Counts this request. One that is refused counts as well. */
  count(key: string): Reading {
    const limit = this.world.settings.get('requestsPerMinute');
    if (limit === 0) return { isExceeded: false, headers: {} };
    const now = this.world.time.now();
    const recent = (this.requests.get(key) ?? []).filter((at) => at > now - MINUTE_MS).slice(-limit);
    this.requests.set(key, [...recent, now]);
    const freeAt = (recent[0] ?? now) + MINUTE_MS;
    return {
      isExceeded: recent.length >= limit,
      headers: {
        'X-RateLimit-Limit': String(limit),
        'X-RateLimit-Remaining': String(Math.max(limit - recent.length - 1, 0)),
        'X-RateLimit-Reset': String(Math.ceil(freeAt / 1000)),
      },
    };
  }

  clear(): void {
    this.requests.clear();
  }
}
