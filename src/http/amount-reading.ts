import { Money, type MoneyFault } from '#libs/primitives';
import { fieldProblem } from './problem.js';

/** Where a request says an amount, and in which words one is refused that nobody can take. */
export interface AmountField {
  readonly pointers: { readonly amount: string; readonly currency: string };
  readonly sentences: Readonly<Record<Extract<MoneyFault, 'not_exact' | 'out_of_range'>, string>>;
}

/** An amount in major units as it was sent, of whatever sign. Throws the problem at its pointer. */
export function readMoney(given: string | number, currency: string, { pointers, sentences }: AmountField): Money {
  const amount = Money.parse(given, currency);
  switch (amount) {
    case 'unknown_currency':
      throw fieldProblem('invalid_request', pointers.currency, `${currency} is no ISO 4217 currency.`);
    case 'not_exact':
      throw fieldProblem('amount_not_exact', pointers.amount, sentences.not_exact);
    case 'too_many_decimals':
      throw fieldProblem('amount_granularity', pointers.amount, `${currency} has fewer decimals than this amount.`);
    case 'out_of_range':
      throw fieldProblem('amount_out_of_range', pointers.amount, sentences.out_of_range);
    default:
      return amount;
  }
}
