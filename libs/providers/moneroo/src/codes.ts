import type { FailureReason, Mode } from '#libs/provider-kit';

/*
 * Their words → ours. A source names the section of the wire reference (README.md says where it is) and who said it:
 *   docs     docs.moneroo.io, as copied 2026-04
 *   sdk      source of the official SDKs
 *   seen     published by an integrator
 */

/** What a status of theirs comes to. Why it failed stands elsewhere. */
export type StatusKind = 'pending' | 'succeeded' | 'failed' | 'cancelled';

/** Every status that a page names. */
export const STATUSES: Readonly<Record<string, StatusKind>> = {
  initiated: 'pending', // §5, §7 docs: queued, or waiting on the checkout page
  pending: 'pending', //   §5, §7 docs
  success: 'succeeded', // §5, §7 docs
  failed: 'failed', //     §5, §7 docs
  cancelled: 'cancelled', // §7 docs: payments only, by the customer or abandoned
};

/** Which of their environments our modes are. Verify says `sandbox` or `live`, the older shape `production` (§6 docs). */
export const ENVIRONMENTS: Readonly<Record<string, Mode>> = { sandbox: 'test', live: 'live', production: 'live' };

interface RefusalRow {
  readonly status: number;
  /** Null where the status says it all. */
  readonly message: RegExp | null;
  readonly reason: FailureReason;
  readonly source: string;
}

/**
 * Refusals of an initialize, first match wins; all come with Moneroo's envelope, or they are not Moneroo's word.
 * None of them took anything (§3 docs). Every 5xx is in no row: it may have.
 */
// prettier-ignore
export const REFUSALS: readonly RefusalRow[] = [
  { status: 400, message: /\bNo payment methods enabled\b/i, reason: 'provider_misconfigured', source: '§0.12 seen: the account has no gateway for the currency' },
  { status: 400, message: null, reason: 'provider_rejected', source: '§3 docs: malformed, or something missing' },
  { status: 401, message: null, reason: 'provider_misconfigured', source: '§3 docs: wrong key' },
  { status: 403, message: null, reason: 'provider_misconfigured', source: '§3 docs: no right to it' },
  { status: 404, message: null, reason: 'provider_misconfigured', source: '§2 seen: no such route' },
  { status: 405, message: null, reason: 'provider_misconfigured', source: '§12.11 our assumption: wrong verb' },
  { status: 406, message: null, reason: 'provider_misconfigured', source: '§3 sdk' },
  { status: 422, message: /\b(recipient|msisdn|account_number|customer\.phone)\b/i, reason: 'invalid_recipient', source: '§3 docs, our reading of the field’s name' },
  { status: 422, message: null, reason: 'provider_rejected', source: '§3 docs: invalid fields' },
];

/** How long a throttled account leaves Moneroo alone (§1 docs). */
export const THROTTLED_MS = 60_000;

/** Every unknown route says so (§2 seen): that is no word about a key. */
export const UNKNOWN_ROUTE = /^The route .* could not be found/i;

interface FailureRow {
  readonly words: RegExp;
  readonly payout: FailureReason;
  readonly payment: FailureReason;
}

/**
 * Words in failure messages, first match wins. Nobody publishes a list: gateways are quoted raw, in English and French
 * (§6, §14 seen). Only the reason follows from them, never whether it failed.
 */
// prettier-ignore
export const FAILURE_WORDS: readonly FailureRow[] = [
  // Of a payout it is the gateway's account behind Moneroo that lacks money, of a payment the payer's wallet.
  { words: /\b(insufficient|balance|solde|not enough funds|fonds insuffisants)\b/i, payout: 'merchant_balance_low', payment: 'insufficient_funds' },
  { words: /\b(not found|introuvable|unregistered|inexistant)\b|\b(invalid|valid test|incorrect)\b.*\b(number|numéro|account|recipient|wallet)\b|\bnot a valid\b/i, payout: 'invalid_recipient', payment: 'invalid_recipient' },
  { words: /\b(limit|limite|plafond|maximum|minimum)\b/i, payout: 'limit_exceeded', payment: 'limit_exceeded' },
  { words: /\b(blocked|suspended|bloqué|suspendu|barred)\b/i, payout: 'account_blocked', payment: 'account_blocked' },
  { words: /\b(wrong|incorrect|invalid)\b.*\b(pin|code)\b/i, payout: 'provider_rejected', payment: 'wrong_pin' },
  { words: /\b(cancel(l?ed)?|annulé|declined by)\b/i, payout: 'provider_rejected', payment: 'cancelled_by_customer' },
  { words: /\b(timed?[ -]?out|expired|expiré)\b/i, payout: 'provider_unavailable', payment: 'customer_timeout' },
];

/** Where we write the attempt's id, and find it again: the one way back from an id of theirs that we never learned. */
export const ATTEMPT_KEY = 'attempt_id';
