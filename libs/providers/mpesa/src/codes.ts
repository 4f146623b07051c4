import type { FailureReason } from '#libs/provider-kit';

/*
 * Their words → ours. A source names the section of the wire reference (README.md says where it is), who said it, and
 * when it was read:
 *   portal   Safaricom's own Daraja 3.0 pages
 *   sdk      the status lists of EdLugz/daraja: read by code in production, never documented
 *   seen     measured and published by an integrator
 * A verdict that ends a payment needs words that leave no doubt. Everything else is `unknown`, never `failed`.
 */

/** What a result code, in a callback or in a query's answer, says about the payment. */
export type ResultVerdict =
  | { readonly kind: 'succeeded' | 'pending' }
  | { readonly kind: 'failed' | 'cancelled' | 'expired'; readonly reason: FailureReason }
  /** `forReview`: their last word, and it settles nothing. */
  | { readonly kind: 'unknown'; readonly cause: string; readonly forReview?: true };

interface ResultRow {
  readonly code: string;
  readonly says: ResultVerdict;
  readonly source: string;
}

const failed = (reason: FailureReason): ResultVerdict => ({ kind: 'failed', reason });
const unknown = (cause: string): ResultVerdict => ({ kind: 'unknown', cause });
const cancelledByCustomer: ResultVerdict = { kind: 'cancelled', reason: 'cancelled_by_customer' };
const timedOut: ResultVerdict = { kind: 'expired', reason: 'customer_timeout' };
const unreached: ResultVerdict = { kind: 'expired', reason: 'customer_unreachable' };

// prettier-ignore
export const RESULT_CODES: readonly ResultRow[] = [
  { code: '0', says: { kind: 'succeeded' }, source: '§6 portal 2025-12' },
  { code: '1', says: failed('insufficient_funds'), source: '§6 portal 2025-12' },
  { code: '2', says: failed('limit_exceeded'), source: '§6 portal 2025-12: below the minimum' },
  { code: '3', says: failed('limit_exceeded'), source: '§6 portal 2025-12: above the maximum' },
  { code: '4', says: failed('limit_exceeded'), source: '§6 portal 2025-12: the payer’s daily limit' },
  { code: '8', says: failed('limit_exceeded'), source: '§6 portal 2025-12: the receiving account’s maximum balance' },
  // "Duplicate" says that another one exists, and that one may have taken the money.
  { code: '15', says: unknown('refused as a duplicate'), source: '§6 sdk 2026-11' },
  // Older lists read 17 as an internal failure; both readings mean "not paid" (§19).
  { code: '17', says: failed('duplicate_suspected'), source: '§6 portal 2025-12: same amount within two minutes' },
  { code: '26', says: failed('provider_unavailable'), source: '§6 sdk 2026-11: "The service request is rejected."' },
  { code: '1001', says: failed('subscriber_busy'), source: '§6 portal (Ratiba) 2025-12' },
  { code: '1019', says: timedOut, source: '§6 portal 2025-12' },
  // The prompt was never sent: too long (ours cannot be, AccountReference is cut) or a fault of the platform.
  { code: '1025', says: failed('provider_unavailable'), source: '§6 portal 2025-12' },
  { code: '1031', says: cancelledByCustomer, source: '§6 sdk 2026-11: older twin of 1032' },
  { code: '1032', says: cancelledByCustomer, source: '§6 portal 2025-12: also a prompt that timed out on the handset' },
  { code: '1036', says: timedOut, source: '§6 sdk 2026-11: shown, the answer not back in time' },
  { code: '1037', says: unreached, source: '§6 portal 2025-12, seen 2026-10' },
  // Belongs to standing orders: about a push it tells nothing.
  { code: '1050', says: unknown('a standing order’s code'), source: '§6 portal (Ratiba) 2025-12' },
  { code: '1101', says: failed('provider_rejected'), source: '§6 sdk 2026-11: prompt text too long' },
  { code: '1102', says: failed('provider_rejected'), source: '§6 sdk 2026-11: prompt text too long' },
  { code: '2001', says: failed('wrong_pin'), source: '§6 portal 2025-12: for a push it is the payer’s PIN' },
  { code: '2006', says: failed('account_blocked'), source: '§6 portal 2025-12: "Declined due to account rule"' },
  // Declined for sure; whose authentication it was nobody documents.
  { code: '2008', says: failed('unknown_reason'), source: '§6 sdk 2026-11: "Authentication Failed."' },
  // A session's end is not the payment's end.
  { code: '2026', says: unknown('the channel session expired'), source: '§6 sdk 2026-11' },
  { code: '2028', says: failed('provider_misconfigured'), source: '§6 portal 2025-12: wrong type or party for the shortcode' },
  { code: '2029', says: failed('provider_misconfigured'), source: '§6 sdk 2026-11: "Failed due to an unresolved reason type."' },
  { code: '4999', says: { kind: 'pending' }, source: '§5, §6 seen 2025-11 to 2026-10: never final' },
  { code: '8006', says: failed('account_blocked'), source: '§6 portal 2025-12: for a push the payer’s PIN is locked' },
  // "Internal error occurred while executing the transaction": how far it got, nobody says.
  { code: '9999', says: unknown('internal error at M-Pesa'), source: '§6 sdk 2026-11' },
  { code: '100000100', says: unknown('storage fault at M-Pesa'), source: '§6 sdk 2026-11' },
  { code: 'SFC_IC0003', says: failed('provider_misconfigured'), source: '§6 portal 2025-12: no such operator, see §3.3' },
  { code: 'E3008', says: unknown('undocumented code'), source: '§6 seen 2026-08: "bad debt contract" in sandbox' },
];

/** What Daraja can say at once to a push, other than yes. */
export type SubmissionVerdict =
  | { readonly kind: 'rejected'; readonly reason: FailureReason }
  | { readonly kind: 'deferred'; readonly retryAfterMs: number };

export interface SyncRow {
  /** Null where the source names none. */
  readonly code: string | null;
  /** Null where the code says it all. With HTTP 5xx neither half is believed alone. */
  readonly message: RegExp | null;
  readonly says: SubmissionVerdict;
  readonly source: string;
}

const rejected = (reason: FailureReason): SubmissionVerdict => ({ kind: 'rejected', reason });
const deferred = (retryAfterMs: number): SubmissionVerdict => ({ kind: 'deferred', retryAfterMs });
const misconfigured = rejected('provider_misconfigured');

/*
 * Refusals of a call, first match wins; code and message must both fit. Most come with HTTP 500, hence the message:
 * `500.001.1001` alone has many meanings and proves nothing. The waits are ours: Daraja says "few minutes" at most.
 * Not in the table on purpose, so unknown:
 *   500.003.1001  "Internal Server Error" and "Service is currently unreachable" do not say how far the push got.
 *   "Missing ICCID value in request" (§3.4) is a note of 2018 without a code, and nobody has seen it since.
 *   HTTP 403 HTML (Incapsula, §1.2)  It is the firewall that speaks, not Daraja. A firewall blocks on the way in, but it
 *                 can also cut an answer on the way out, the page is documented by nobody, and it cannot be told apart.
 *                 A push sent again by mistake costs the payer money; one left open costs an operator a look.
 */
/** Refusals of the gateway in front of every API. */
// prettier-ignore
const GATEWAY_ERRORS: readonly SyncRow[] = [
  { code: '400.002.02', message: null, says: rejected('provider_rejected'), source: '§1.2, §3.4 portal 2025-12: validation' },
  { code: '400.002.05', message: null, says: rejected('provider_rejected'), source: '§1.2 portal 2025-12: malformed request' },
  { code: '400.003.02', message: null, says: rejected('provider_rejected'), source: '§1.2 portal 2025-12, seen 2025-12' },
  { code: '404.001.01', message: null, says: misconfigured, source: '§1.2 portal 2025-12: wrong path' },
  { code: '404.002.01', message: null, says: misconfigured, source: '§1.2 portal 2025-12: wrong path' },
  { code: '404.003.01', message: null, says: misconfigured, source: '§1.2 portal 2025-12: wrong path' },
  { code: '404.001.04', message: null, says: misconfigured, source: '§1.2 portal 2025-12: header or verb' },
  { code: '405.001', message: null, says: misconfigured, source: '§1.2 portal 2025-12: verb' },
  { code: '500.003.02', message: /\bSpike Arrest Violation\b/i, says: deferred(30_000), source: '§1.2 portal 2025-12' },
  { code: '500.003.02', message: /\bSystem is busy\b/i, says: deferred(120_000), source: '§1.2, §3.4 portal 2025-12' },
  { code: '500.003.03', message: /\bQuota Violation\b/i, says: deferred(600_000), source: '§1.2 portal 2025-12' },
  { code: '00.002.1001', message: /\bunder maintenance\b/i, says: deferred(600_000), source: '§1.2 portal 2025-12' },
  // The gateway found no way to send it on; the same host answered the token call, so the way will come back.
  { code: null, message: /\bUnable to identify proxy for host\b/i, says: deferred(60_000), source: '§1.2 seen (safaricom/mpesa-node-library#30)' },
];

// prettier-ignore
export const PUSH_ERRORS: readonly SyncRow[] = [
  { code: '400.002.02', message: /\bInvalid (PhoneNumber|PartyA)\b/i, says: rejected('invalid_recipient'), source: '§1.2 portal 2025-12' },
  { code: '500.001.1001', message: /\bMerchant does not exist\b/i, says: misconfigured, source: '§3.4 portal 2025-12' },
  { code: '500.001.1001', message: /\bWrong credentials\b/i, says: misconfigured, source: '§3.4 portal 2025-12; older with "[MerchantValidate] - "' },
  // Documented without its code; taken for this one because the other refusals of the same check carry it.
  { code: '500.001.1001', message: /\bnot allowed to carry out transaction type\b/i, says: misconfigured, source: '§3.3 portal 2025-12' },
  // The line is busy with another prompt: a definite no to this one.
  { code: '500.001.1001', message: /\bUnable to lock subscriber\b/i, says: rejected('subscriber_busy'), source: '§3.4 portal 2025-12' },
  ...GATEWAY_ERRORS,
];

/*
 * The same for payouts, reversals and questions. Not in the table on purpose, so unknown:
 *   500.002.1001 "Duplicate OriginatorConversationID."  The earlier request exists, and may have paid: it is asked about (§9).
 *   500.002.1001 "System internal error."               A plain fault under the same code (§1.2).
 */
// prettier-ignore
export const ORDER_ERRORS: readonly SyncRow[] = [
  { code: '400.002.02', message: /\bInvalid PartyB\b/i, says: rejected('invalid_recipient'), source: '§1.2, §9 portal 2025-12' },
  { code: '400.002.02', message: /\bInvalid (SecurityCredential|Initiator(Name)?|PartyA|ReceiverParty)\b/i, says: misconfigured, source: '§1.2 portal 2025-12' },
  ...GATEWAY_ERRORS,
];

/** How long to leave a Daraja alone that throttles without a word we know. */
export const THROTTLED_MS = 60_000;

/** Codes with which Daraja refuses an access token; on one of them, with HTTP 404 (§1.2 portal 2025-12). */
export const TOKEN_REFUSALS: ReadonlySet<string> = new Set([
  '404.001.03',
  '400.003.01',
  '401.002.01',
  '401.001',
  '401.003.01',
]);

/** The words that accompany a refused token where the code is another, or none. */
export const INVALID_TOKEN = /\bInvalid Access Token\b/i;
/** The app has no right to the product; or its token is older than the right, and a new one has it (§1.2, §2). */
export const NO_PRODUCT = /\bno apiproduct match found\b/i;

/** "No answer yet" on the query, told apart from the noise that shares its code by the message alone (§5). */
export const QUERY_NO_ANSWER_CODE = '500.001.1001';
export const QUERY_IN_FLIGHT = /\bis being processed\b/i;

/** Refusals of the OAuth call that no second try cures (§2 portal 2025-12); an empty HTTP 400 is the third. */
export const CREDENTIAL_REFUSALS: ReadonlySet<string> = new Set(['400.008.01', '400.008.02']);
