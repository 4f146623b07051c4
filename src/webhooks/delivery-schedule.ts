import type { RandomBytes } from '#libs/primitives';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long we wait after the first, second … failed attempt: ten attempts over 75 hours and 35 minutes. */
export const WAITS_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Jitter keeps what failed together from coming back together. */
const JITTER = 0.2;

/** What the next wait depends on. */
export interface FailedAttempts {
  /** How many were made in this round. */
  readonly count: number;
  /** What the latest answer asked for. */
  readonly retryAfterMs: number | undefined;
}

/**
 * The wait before the next attempt, or undefined after the last. An answer can ask for more time (Retry-After) and gets
 * it up to twice the planned wait: no receiver can hurry us, or put us off for ever.
 */
export function toNextWait({ count, retryAfterMs }: FailedAttempts, random: RandomBytes): number | undefined {
  const wait = WAITS_MS[count - 1];
  if (wait === undefined) return undefined;
  const planned = Math.round(wait * (1 - JITTER + 2 * JITTER * toFraction(random)));
  return Math.min(Math.max(retryAfterMs ?? 0, planned), 2 * planned);
}

/** Retry-After as seconds or as a date (RFC 9110 §10.2.3), in milliseconds from now. Anything else is no wish at all. */
export function readRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text) * SECOND;
  // Date.parse alone would take "-5" or "2" for a date.
  const instant = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(instant) ? undefined : Math.max(instant - now, 0);
}

function toFraction(random: RandomBytes): number {
  return random(4).readUInt32BE() / 2 ** 32;
}
