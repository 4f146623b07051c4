import type { Money } from '#libs/primitives';
import { readMoney, type AmountField } from '../http/amount-reading.js';
import { fieldProblem } from '../http/problem.js';

const SENTENCES: AmountField['sentences'] = {
  not_exact: 'Send a decimal string such as "150.00", or a JSON integer.',
  out_of_range: 'The amount is larger than any that can be moved.',
};

/** Reads the amount of a rule, which may be zero. Throws the problem at its pointer. */
export function readAmount(given: string | number, currency: string, pointers: AmountField['pointers']): Money {
  const amount = readMoney(given, currency, { pointers, sentences: SENTENCES });
  if (amount.amountMinor >= 0n) return amount;
  throw fieldProblem('amount_out_of_range', pointers.amount, 'The amount must not be negative.');
}
