import type { ResultVerdict } from './codes.js';
import type { FailureReason, StatusReport } from '#libs/provider-kit';

/*
 * Result codes of payouts and reversals, and the words of a status query → ours. Sources as in codes.ts. Money that went
 * out by mistake does not come back, so a code ends a payout only where its words leave no doubt that nothing moved.
 */

interface OrderRow {
  readonly code: string;
  readonly says: ResultVerdict;
  readonly source: string;
}

const failed = (reason: FailureReason): ResultVerdict => ({ kind: 'failed', reason });
const unknown = (cause: string): ResultVerdict => ({ kind: 'unknown', cause });
const misconfigured = failed('provider_misconfigured');

// prettier-ignore
export const ORDER_RESULT_CODES: readonly OrderRow[] = [
  { code: '0', says: { kind: 'succeeded' }, source: '§9, §11 portal 2025-12' },
  { code: '1', says: failed('merchant_balance_low'), source: '§9, §11 portal 2025-12: our own Utility Account is empty' },
  { code: '2', says: failed('limit_exceeded'), source: '§9 portal 2025-12: below the minimum' },
  { code: '3', says: failed('limit_exceeded'), source: '§9 portal 2025-12: above the maximum' },
  { code: '4', says: failed('limit_exceeded'), source: '§9 portal 2025-12: daily limit' },
  { code: '7', says: failed('invalid_recipient'), source: '§9 sdk 2026-11: receiver unresolved' },
  { code: '8', says: failed('limit_exceeded'), source: '§9 portal 2025-12: the recipient’s maximum balance' },
  { code: '11', says: misconfigured, source: '§9, §11 portal 2025-12: our shortcode is inactive' },
  { code: '14', says: failed('invalid_recipient'), source: '§9 sdk 2026-11: credit account unresolved' },
  // Another one exists, and that one may have paid.
  { code: '15', says: unknown('refused as a duplicate'), source: '§9 sdk 2026-11: "Duplicate Detected"' },
  { code: '17', says: unknown('internal error at M-Pesa'), source: '§9 portal 2025-12: "System internal error."' },
  { code: '18', says: misconfigured, source: '§9 sdk 2026-11: initiator credential' },
  { code: '20', says: misconfigured, source: '§9 sdk 2026-11: initiator unknown' },
  // Older samples of a reversal show 21 with a text of success; the page takes that for a copying error (§11).
  { code: '21', says: misconfigured, source: '§9, §11 portal 2025-12: the initiator lacks the role' },
  { code: '22', says: misconfigured, source: '§9 sdk 2026-11: initiator inactive' },
  { code: '24', says: failed('provider_rejected'), source: '§9 sdk 2026-11: missing fields' },
  { code: '25', says: failed('provider_rejected'), source: '§9 sdk 2026-11: invalid parameters' },
  // "Blocked" by the traffic in front: for a push its words are a refusal (§6), for money out nobody says when it blocks.
  { code: '26', says: unknown('traffic is being blocked'), source: '§9 sdk 2026-11: "Traffic blocking condition in place"' },
  { code: '29', says: failed('provider_rejected'), source: '§9 sdk 2026-11: unknown command' },
  { code: '2001', says: misconfigured, source: '§9, §11 portal 2025-12: wrong user, password, certificate or padding' },
  { code: '2006', says: failed('account_blocked'), source: '§9, §11 portal 2025-12: "Declined due to account rule"' },
  { code: '2028', says: misconfigured, source: '§9, §11 portal 2025-12: the shortcode lacks the product' },
  { code: '2040', says: failed('invalid_recipient'), source: '§9 portal 2025-12: the recipient is not registered' },
  { code: '2051', says: failed('invalid_recipient'), source: '§9 sdk 2026-11: the number is invalid' },
  { code: '8006', says: misconfigured, source: '§9, §11 portal 2025-12: our API operator is locked' },
  // Reversed already: by an earlier try of ours whose answer was lost, or by somebody in the portal. Only people can tell.
  { code: 'R000001', says: { kind: 'unknown', cause: 'already_reversed', forReview: true }, source: '§11 portal 2025-12' },
  { code: 'R000002', says: failed('provider_rejected'), source: '§11 portal 2025-12: no such transaction to reverse' },
  { code: 'SFC_IC0003', says: failed('invalid_recipient'), source: '§9 portal 2025-12: "The operator does not exist."' },
  // Of M-PESA’s core. "Cached" may still be carried out, and the others do not say how far it got.
  ...Array.from({ length: 12 }, (_, index): OrderRow => ({
    code: String(100_000_000 + index),
    says: unknown('fault in the core of M-Pesa'),
    source: '§9 portal 2025-12: cached, overload, throttling, abnormal, rate',
  })),
];

/** The verdict of a status query: the parameter `TransactionStatus`, never its ResultCode (§10). */
// prettier-ignore
export const TRANSACTION_STATUSES: Readonly<Record<string, { readonly says: StatusReport; readonly source: string }>> = {
  Completed: { says: { kind: 'succeeded' }, source: '§10 portal 2025-12' },
  Initiated: { says: { kind: 'pending' }, source: '§10 portal 2025-12' },
  Authorized: { says: { kind: 'pending' }, source: '§10 portal 2025-12' },
  'Pending Authorized': { says: { kind: 'pending' }, source: '§10 portal 2025-12' },
  Cancelled: { says: { kind: 'failed', reason: 'provider_rejected' }, source: '§10 portal 2025-12' },
  Declined: { says: { kind: 'failed', reason: 'provider_rejected' }, source: '§10 portal 2025-12' },
  Expired: { says: { kind: 'expired', reason: 'expired' }, source: '§10 portal 2025-12' },
};
