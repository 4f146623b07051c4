import { Money } from '#libs/primitives';
import { Problem, type ProblemCode } from '../http/problem.js';

/** Reads the amount of a rule, which may be zero. Throws the problem at its pointer. */
export function readAmount(
  given: string | number,
  currency: string,
  pointers: { readonly amount: string; readonly currency: string },
): Money {
  const amount = Money.parse(given, currency);
  if (typeof amount !== 'string') {
    if (amount.amountMinor >= 0n) return amount;
    throw fieldProblem('amount_out_of_range', pointers.amount, 'The amount must not be negative.');
  }
  switch (amount) {
    case 'unknown_currency':
      throw fieldProblem('invalid_request', pointers.currency, `${currency} is no ISO 4217 currency.`);
    case 'not_exact':
      throw fieldProblem(
        'amount_not_exact',
        pointers.amount,
        'Send a decimal string such as "150.00", or a JSON integer.',
      );
    case 'too_many_decimals':
      throw fieldProblem('amount_granularity', pointers.amount, `${currency} has fewer decimals than this amount.`);
    case 'out_of_range':
      throw fieldProblem('amount_out_of_range', pointers.amount, 'The amount is larger than any that can be moved.');
  }
}

/** One fault of one field. */
export function fieldProblem(code: ProblemCode, pointer: string, detail: string): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}
