import { Money } from '#libs/primitives';
import { Problem, type ProblemCode } from '../http/problem.js';

/** As clients send it: major units, and whose. */
interface GivenAmount {
  readonly amount: string | number;
  readonly currency: string;
}

/** The amount of a request, exact and more than zero. Throws the problem that says what is wrong with it. */
export function readAmount({ amount: given, currency }: GivenAmount): Money {
  const amount = Money.parse(given, currency);
  switch (amount) {
    case 'unknown_currency':
      throw fieldProblem('invalid_request', '/currency', `${currency} is no ISO 4217 currency.`);
    case 'not_exact':
      throw fieldProblem(
        'amount_not_exact',
        '/amount',
        'Send amount as a decimal string such as "150.00", or as a JSON integer.',
      );
    case 'too_many_decimals':
      throw fieldProblem('amount_granularity', '/amount', `${currency} has fewer decimals than this amount.`);
    case 'out_of_range':
      throw fieldProblem('amount_out_of_range', '/amount', 'The amount is larger than any that can be moved.');
    default:
      if (!amount.isPositive())
        throw fieldProblem('amount_out_of_range', '/amount', 'The amount must be more than zero.');
      return amount;
  }
}

/** A refusal for the sake of one field. */
export function fieldProblem(code: ProblemCode, pointer: string, detail: string): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}
