import type { JobKind } from './job.entity.js';

/** Kinds that share a number of places in each worker. */
export interface JobLane {
  readonly name: string;
  readonly kinds: readonly JobKind[];
  readonly places: number;
}

/** Kinds of which one job comes again for ever: nothing ends by waiting for them. */
export const STANDING_KINDS: readonly JobKind[] = [
  'purge_idempotency',
  'sequence_events',
  'retire_events',
  'retire_emails',
];

/** Short turns, and few of them: not worth a lane of their own, which would be one more look at every commit. */
const UPKEEP: readonly JobKind[] = [...STANDING_KINDS, 'recover_webhooks', 'refresh_balance'];

/** Lanes of their own, so that slow receivers of webhooks and a slow mail server never hold up a payment. */
export const LANES: readonly JobLane[] = [
  { name: 'payments', kinds: ['submit', 'inquire', 'expire', 'expire_link', 'apply_callback', ...UPKEEP], places: 32 },
  // Most of a delivery is waiting, for the receiver and for a commit that many share.
  { name: 'webhooks', kinds: ['deliver_webhook'], places: 256 },
  { name: 'emails', kinds: ['send_email', 'announce_emails'], places: 4 },
];

/** How often a driver looks at the rows without news (ms): another process may have written one, or the clock was set. */
export const LONGEST_NAP_MS = 5_000;

/** The same where the rows are written by other processes, so that looking is how most of what is timed is found. */
export const LONGEST_NAP_AMONG_MANY_MS = 1_000;
