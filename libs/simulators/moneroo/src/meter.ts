import type { World } from './world.js';

const MINUTE_MS = 60_000;

/** Counts the requests of each key in the minute gone by (§1). */
export class RequestMeter {
  private readonly requests = new Map<string, number[]>();

  constructor(private readonly world: Pick<World, 'settings' | 'time'>) {}

  /** Whether this request is one too many. One that is refused counts as well. */
  isExceededBy(key: string): boolean {
    const limit = this.world.settings.get('requestsPerMinute');
    if (limit === 0) return false;
    const now = this.world.time.now();
    const recent = (this.requests.get(key) ?? []).filter((at) => at > now - MINUTE_MS).slice(-limit);
    this.requests.set(key, [...recent, now]);
    return recent.length >= limit;
  }

  clear(): void {
    this.requests.clear();
  }
}
