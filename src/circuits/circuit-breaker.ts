import { circuitBreaker, CircuitState, handleWhenResult, type CircuitBreakerPolicy, type IBackoff } from 'cockatiel';
import type { Clock } from '#libs/primitives';
import type { Service } from './outcome-health.js';
import { RecentCalls, type CallFigures } from './recent-calls.js';

/** What a call came to, and what that tells about the provider. */
export interface Served<T> {
  readonly service: Service;
  readonly value: T;
}

// After the first opening soon, then more and more patiently; two minutes at most, so that nobody waits long for the good news.
const RESTS_MS = [10_000, 20_000, 40_000, 60_000, 120_000];

/** While one call tries whether the provider is back, the others look again after this time. */
export const LOOK_AGAIN_MS = 3_000;

/** How long a circuit rests after its `opening`th opening in a row, from 1. */
export function toRestMs(opening: number): number {
  return RESTS_MS[Math.min(opening, RESTS_MS.length) - 1] ?? LOOK_AGAIN_MS;
}

/**
 * The breaker of one circuit in this process: closed, open, and half-open as cockatiel keeps them, by our own clock. The work
 * that goes through it claims, sends and records, so that it is refused before anything is stored or not at all.
 */
export class CircuitBreaker {
  private readonly recent: RecentCalls;
  private readonly policy: CircuitBreakerPolicy;
  private opensAgainAt = 0;
  private hasOpened = false;

  constructor(private readonly clock: Clock) {
    this.recent = new RecentCalls(clock);
    this.policy = circuitBreaker(handleWhenResult(isUnavailable), {
      breaker: {
        state: undefined,
        success: (state) => {
          // Back again: what was before says nothing any more.
          if (state === CircuitState.HalfOpen) this.recent.clear();
        },
        failure: (state) => state !== CircuitState.Closed || this.recent.isBad,
      },
      halfOpenAfter: { next: ({ attempt }) => this.rest(attempt) },
    });
    this.policy.onBreak(() => (this.hasOpened = true));
  }

  /** Until when (epoch ms) nothing goes through; undefined where a call may be made now. */
  get restsUntil(): number | undefined {
    const now = this.clock.now();
    if (this.policy.state === CircuitState.HalfOpen) return now + LOOK_AGAIN_MS;
    return this.policy.state === CircuitState.Open && now < this.opensAgainAt ? this.opensAgainAt : undefined;
  }

  get figures(): CallFigures {
    return this.recent.figures;
  }

  /** Only right after `restsUntil` said that it may be, in the same turn: cockatiel would throw, or wait in line. */
  run<T>(work: () => Promise<Served<T>>): Promise<Served<T>> {
    return this.policy.execute(async () => {
      const served = await work();
      if (served.service !== 'tells_nothing') this.recent.note(served.service === 'unavailable');
      return served;
    });
  }

  /** Whether it opened since somebody last asked: one of many calls that fail together gets to tell. */
  takeOpening(): boolean {
    const opened = this.hasOpened;
    this.hasOpened = false;
    return opened;
  }

  // Cockatiel measures a rest by the machine's clock. A rest that is endless until ours says otherwise is measured by ours.
  private rest(opening: number): IBackoff<{ attempt: number }> {
    const until = this.clock.now() + toRestMs(opening);
    this.opensAgainAt = until;
    const { clock } = this;
    return {
      get duration() {
        return clock.now() < until ? Infinity : -Infinity;
      },
      next: ({ attempt }) => this.rest(attempt),
    };
  }
}

function isUnavailable(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'service' in result && result.service === 'unavailable';
}
