import type { SimulatorTime } from './time.js';

const MINUTE_MS = 60_000;

/** How a caller stands against the limit, this request included. */
export interface MeterReading {
  readonly isExceeded: boolean;
  /** Requests that are left; without a limit, any number. */
  readonly left: number;
  /** When the oldest request of the minute is forgotten. */
  readonly freeAt: number;
}

/** Counts the requests of each caller in the minute gone by. */
export class RequestMeter {
  private readonly requests = new Map<string, readonly number[]>();

  constructor(private readonly time: SimulatorTime) {}

  /** Counts this request against so many a minute; 0 has no limit. One that is refused counts as well. */
  count(caller: string, limit: number): MeterReading {
    const now = this.time.now();
    if (limit === 0) return { isExceeded: false, left: Infinity, freeAt: now };
    const recent = (this.requests.get(caller) ?? []).filter((at) => at > now - MINUTE_MS).slice(-limit);
    this.requests.set(caller, [...recent, now]);
    return {
      isExceeded: recent.length >= limit,
      left: Math.max(limit - recent.length - 1, 0),
      freeAt: (recent[0] ?? now) + MINUTE_MS,
    };
  }

  clear(): void {
    this.requests.clear();
  }
}
