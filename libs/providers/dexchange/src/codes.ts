import type { FailureReason } from '#libs/provider-kit';

/*
 * Their words → ours. A source names the section of the wire reference (README.md says where it is) and who said it:
 *   docs     the official documentation pages
 *   sdk      source of the official SDK or WooCommerce plugin
 *   seen     published by an integrator
 */

/** What a status of theirs comes to. */
export type StatusKind = 'pending' | 'succeeded' | 'failed' | 'cancelled' | 'expired';

/** Every status that somebody names, in capitals (§10). */
export const STATUSES: Readonly<Record<string, StatusKind>> = {
  PENDING: 'pending', //      docs
  INITIATED: 'pending', //    seen
  PROCESSING: 'pending', //   docs, direct transactions
  SUCCESS: 'succeeded', //    docs
  COMPLETED: 'succeeded', //  sdk: the only word that the plugin reacts to
  SUCCESSFUL: 'succeeded', // seen
  PAID: 'succeeded', //       seen
  FAILED: 'failed', //        docs
  REJECTED: 'failed', //      seen
  CANCELLED: 'cancelled', //  docs, direct transactions
  CANCELED: 'cancelled', //   seen
  EXPIRED: 'expired', //      docs, links
};

/** What a refusal comes to. A pair decides for each direction: whose money is short depends on whose pays. */
interface RefusalRow {
  readonly words: RegExp;
  readonly collection: FailureReason;
  readonly payout: FailureReason;
  readonly source: string;
}

/** Words in refusals and failures, first match wins. Nobody publishes a list; integrators branch on these (§5). */
// prettier-ignore
export const REFUSAL_WORDS: readonly RefusalRow[] = [
  { words: /\bidentique\b/i, collection: 'duplicate_suspected', payout: 'duplicate_suspected', source: '§5 seen: same number and amount at the operator' },
  { words: /\bnot authori[sz]ed\b/i, collection: 'provider_misconfigured', payout: 'provider_misconfigured', source: '§5 seen: the caller’s address' },
  { words: /\bservice not found\b/i, collection: 'provider_misconfigured', payout: 'provider_misconfigured', source: '§12 our assumption' },
  { words: /\binsufficient balance\b/i, collection: 'insufficient_funds', payout: 'merchant_balance_low', source: '§5 seen: ours' },
  { words: /\bsolde\b/i, collection: 'insufficient_funds', payout: 'merchant_balance_low', source: '§5 seen: the payer’s' },
  { words: /\b(number|numéro|phone)\b.*\b(must match|invalid|incorrect)\b|\binvalid\b.*\b(number|numéro|phone)\b/i, collection: 'invalid_recipient', payout: 'invalid_recipient', source: '§5 docs: the form of the number' },
  { words: /\b(limit|limite|plafond|must not be (?:less|greater) than)\b/i, collection: 'limit_exceeded', payout: 'limit_exceeded', source: '§3 docs and §5 seen' },
];

/** A 403 with this word is passing; every other one is about the key, the account or the address (§11 docs). */
export const MAINTENANCE = /\bmaintenance\b/i;

/** How long a throttled account leaves DExchange alone: the limit is one of a minute (§1 docs). */
export const THROTTLED_MS = 60_000;

/** How long maintenance is waited for between two tries. Nobody says. */
export const MAINTENANCE_MS = 60_000;

/** Bounds of a hosted link in francs: the lower documented, the upper our assumption (§3). */
export const LINK_BOUNDS = { least: 100n, most: 1_000_000n };
