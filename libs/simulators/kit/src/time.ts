/** Where the present and waiting come from, so that tests can own both. */
export interface SimulatorTime {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `work` once after `delayMs`; call the answer to cancel. */
  after(delayMs: number, work: () => void): () => void;
}

// The longest delay a timer of Node holds; a longer one would fire at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemTime: SimulatorTime = {
  now: () => Date.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/** ISO-8601, for people; null where there is no time. */
export function toIsoTime(at: number): string;
export function toIsoTime(at: number | null): string | null;
export function toIsoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
