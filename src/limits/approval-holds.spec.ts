import { findHold } from './approval-holds.js';
import type { ApprovalRules } from './payout-control.entity.js';

const RULES: ApprovalRules = {
  amounts: [
    { currency: 'KES', fromMinor: '100000', approvals: 1 },
    { currency: 'KES', fromMinor: '1000000', approvals: 3 },
    { currency: 'UGX', fromMinor: '0', approvals: 1 },
  ],
  newNumberApprovals: 2,
};
const payout = { amountMinor: 50_000n, currency: 'KES', batchId: null };

describe('A hold', () => {
  it.each([
    ['below every amount, known number', {}, true, undefined],
    ['one cent below', { amountMinor: 99_999n }, true, undefined],
    ['the very amount', { amountMinor: 100_000n }, true, { required: 1, reasons: ['amount'] }],
    ['the strictest of the steps', { amountMinor: 1_000_000n }, true, { required: 3, reasons: ['amount'] }],
    ['a new number', {}, false, { required: 2, reasons: ['new_number'] }],
    ['both, the stricter counts', { amountMinor: 100_000n }, false, { required: 2, reasons: ['amount', 'new_number'] }],
    ['every amount of a currency', { currency: 'UGX', amountMinor: 1n }, true, { required: 1, reasons: ['amount'] }],
    ['a currency without rule', { currency: 'XOF', amountMinor: 10n ** 9n }, true, undefined],
    ['a row of a batch, approved as a whole', { amountMinor: 10n ** 9n, batchId: 'bat_1' }, false, undefined],
  ])('for %s', (_, given, isKnown, expected) => {
    expect(findHold(RULES, { ...payout, ...given }, isKnown)).toEqual(
      expected && { ...expected, given: [], declined: null },
    );
  });

  it('is none where there are no rules', () => {
    expect(findHold({ amounts: [], newNumberApprovals: null }, { ...payout, amountMinor: 10n ** 12n }, false)).toBe(
      undefined,
    );
  });
});
