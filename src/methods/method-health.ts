import type { RecentAttempt } from '../transactions/recent-attempts.js';

export type Health = 'operational' | 'degraded' | 'down';

/** What a judgement rests on. Where `attempts` is 0 nobody tried lately, and `operational` only means that nothing is known against it. */
export interface HealthBasis {
  readonly attempts: number;
  /** Those that the provider left without an answer, or refused because it was not available. */
  readonly troubled: number;
}

/** How far back we look. */
export const HEALTH_SPAN_MS = 15 * 60_000;

/** The newest of these count, so that a provider that is well again is soon called so. */
const NEWEST = 20;
// One or two silences happen on a good day, and of a quiet method they would be all there is.
const LEAST_TROUBLED = 3;
const DEGRADED_FROM = 0.1;
const DOWN_FROM = 0.8;

/** Counts the newest attempts that say something about the provider. Newest first. */
export function weigh(attempts: readonly RecentAttempt[]): HealthBasis {
  const telling = attempts
    .map(isTroubled)
    .filter((troubled) => troubled !== undefined)
    .slice(0, NEWEST);
  return { attempts: telling.length, troubled: telling.filter(Boolean).length };
}

export function judgeHealth({ attempts, troubled }: HealthBasis): Health {
  if (troubled < LEAST_TROUBLED) return 'operational';
  if (troubled >= attempts * DOWN_FROM) return 'down';
  return troubled >= attempts * DEGRADED_FROM ? 'degraded' : 'operational';
}

/** A method that several providers offer is down when all are, and well only when all are. */
export function combineHealth(healths: readonly Health[]): Health {
  const [first = 'operational', ...rest] = healths;
  return rest.every((health) => health === first) ? first : 'degraded';
}

/** The worse of two opinions. */
export function worseHealth(one: Health, other: Health): Health {
  return HEALTHS.indexOf(one) > HEALTHS.indexOf(other) ? one : other;
}

const HEALTHS: readonly Health[] = ['operational', 'degraded', 'down'];

const SILENCE = ['answer_lost', 'no_lookup_possible', 'exhausted'];

/** Whether the provider failed to do its part; undefined where the attempt tells nothing about it. */
export function isTroubled({ verdict, status, failureCode, doubtReason }: RecentAttempt): boolean | undefined {
  switch (verdict) {
    case 'deferred':
      return true;
    case 'rejected':
      // Wrong credentials are the merchant's matter.
      return failureCode === 'provider_misconfigured' ? undefined : failureCode === 'provider_unavailable';
    case 'failed':
    case 'cancelled':
    case 'expired':
    case 'succeeded':
    case 'reversed':
      return false;
    case null:
      if (status === 'submitting' || status === 'created') return undefined;
      if (status !== 'unconfirmed' && status !== 'review') return false;
      // A worker of ours that died, or evidence against evidence, says nothing about the provider's service.
      return SILENCE.includes(doubtReason ?? '') ? true : undefined;
  }
}
