import { findOpenHint, type Attempt, type CallbackHint } from './attempt.entity.js';
import { isFinal } from './transaction-states.js';
import type { Transaction } from './transaction.entity.js';

const DEFINITE: readonly CallbackHint['says'][] = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed'];
const DISPUTED = ['contradiction', 'mismatch', 'over_refunded'];

/** Whether there is still something to ask the provider about this attempt. */
export function isOpen(transaction: Transaction, attempt: Attempt): boolean {
  switch (transaction.status) {
    case 'submitting':
    case 'pending':
    case 'unconfirmed':
      return attempt.verdict === null || isNews(transaction, findOpenHint(attempt));
    case 'review':
      // A dispute is for people; asking on would only pile up evidence.
      return !DISPUTED.includes(transaction.doubt?.reason ?? '') && isNews(transaction, findOpenHint(attempt));
    case 'awaiting_approval':
      return false;
    case 'created':
    case 'succeeded':
    case 'failed':
    case 'cancelled':
    case 'expired':
    case 'reversed':
      return isNews(transaction, findOpenHint(attempt));
  }
}

/** Whether a callback claims something that we have not recorded and not asked about. */
function isNews(transaction: Transaction, hint: CallbackHint | undefined): boolean {
  if (!hint) return false;
  // A notice that something is late or under way says nothing against an end that was proven.
  if (isFinal(transaction.status) && !DEFINITE.includes(hint.says)) return false;
  const paid = transaction.status === 'succeeded';
  const unpaid =
    transaction.status === 'failed' || transaction.status === 'cancelled' || transaction.status === 'expired';
  if (hint.says === 'succeeded')
    return !paid || !hint.matches || (hint.receipt !== null && transaction.receipt === null);
  return !(unpaid && (hint.says === 'failed' || hint.says === 'cancelled' || hint.says === 'expired'));
}
