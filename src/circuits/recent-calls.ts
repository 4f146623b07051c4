import type { Clock } from '#libs/primitives';

/** What the calls of the last while came to. */
export interface CallFigures {
  readonly calls: number;
  readonly failures: number;
}

/** How far back calls count. */
export const SAMPLING_MS = 60_000;

/** Fewer calls than this prove nothing: one or two silences happen on a good day. */
export const LEAST_CALLS = 10;

/** From this share of failures on the circuit opens. */
export const FAILURE_RATE = 0.5;

// The newest stand for all where there is much traffic.
const MOST_CALLS = 100;

/** The newest calls of one circuit in this process. */
export class RecentCalls {
  private calls: { readonly at: number; readonly failed: boolean }[] = [];

  constructor(private readonly clock: Clock) {}

  note(failed: boolean): void {
    this.calls.push({ at: this.clock.now(), failed });
    this.forgetOld();
  }

  get figures(): CallFigures {
    this.forgetOld();
    return { calls: this.calls.length, failures: this.calls.filter(({ failed }) => failed).length };
  }

  get isBad(): boolean {
    const { calls, failures } = this.figures;
    return calls >= LEAST_CALLS && failures >= calls * FAILURE_RATE;
  }

  clear(): void {
    this.calls = [];
  }

  private forgetOld(): void {
    const since = this.clock.now() - SAMPLING_MS;
    this.calls = this.calls.slice(-MOST_CALLS).filter(({ at }) => at > since);
  }
}
