import type { Money } from '#libs/primitives';
import { readMoney, type AmountField } from '../http/amount-reading.js';
import { fieldProblem } from '../http/problem.js';

/** As clients send it: major units, and whose. */
interface GivenAmount {
  readonly amount: string | number;
  readonly currency: string;
}

const FIELD: AmountField = {
  pointers: { amount: '/amount', currency: '/currency' },
  sentences: {
    not_exact: 'Send amount as a decimal string such as "150.00", or as a JSON integer.',
    out_of_range: 'The amount is larger than any that can be moved.',
  },
};

/** The amount of a request, exact and more than zero. Throws the problem that says what is wrong with it. */
export function readAmount({ amount: given, currency }: GivenAmount): Money {
  const amount = readMoney(given, currency, FIELD);
  if (amount.isPositive()) return amount;
  throw fieldProblem('amount_out_of_range', FIELD.pointers.amount, 'The amount must be more than zero.');
}
