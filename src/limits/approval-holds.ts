import type { Approvals, HoldReason, Transaction } from '../transactions/transaction.entity.js';
import type { ApprovalRules } from './payout-control.entity.js';

/** Whether the rules hold the payout, and for how many approvals: those of the strictest rule that applies. */
export function findHold(
  { amounts, newNumberApprovals }: ApprovalRules,
  { amountMinor, currency, batchId }: Pick<Transaction, 'amountMinor' | 'currency' | 'batchId'>,
  isKnownNumber: boolean,
): Approvals | undefined {
  // A batch is approved as a whole.
  if (batchId !== null) return undefined;
  const byAmount = amounts
    .filter((rule) => rule.currency === currency && amountMinor >= BigInt(rule.fromMinor))
    .map(({ approvals }) => approvals);
  const byNumber = newNumberApprovals !== null && !isKnownNumber ? [newNumberApprovals] : [];
  const reasons: HoldReason[] = [];
  if (byAmount.length > 0) reasons.push('amount');
  if (byNumber.length > 0) reasons.push('new_number');
  if (reasons.length === 0) return undefined;
  return { required: Math.max(...byAmount, ...byNumber), reasons, given: [], declined: null };
}
