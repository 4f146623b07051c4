import { Money } from '#libs/primitives';
import { readMoney, type AmountField } from './amount-reading.js';
import { Problem, type ProblemCode } from './problem.js';

const field: AmountField = {
  pointers: { amount: '/fee/amount', currency: '/fee/currency' },
  sentences: { not_exact: 'Send it exactly.', out_of_range: 'It is too large.' },
};

function refusal(given: string | number, currency: string): unknown {
  try {
    return readMoney(given, currency, field);
  } catch (error) {
    return error;
  }
}

it.each<[string | number, string, bigint]>([
  ['150.50', 'KES', 15_050n],
  [150, 'XOF', 150n],
  ['0', 'KES', 0n],
  ['-1', 'KES', -100n],
])('reads %p %s, and leaves its sign to whoever asked', (given, currency, minor) => {
  expect(readMoney(given, currency, field).equals(Money.ofMinor(minor, currency))).toBe(true);
});

it.each<[string | number, string, ProblemCode, string, string]>([
  ['1', 'KSH', 'invalid_request', '/fee/currency', 'KSH is no ISO 4217 currency.'],
  ['1,50', 'KES', 'amount_not_exact', '/fee/amount', 'Send it exactly.'],
  ['1.505', 'KES', 'amount_granularity', '/fee/amount', 'KES has fewer decimals than this amount.'],
  ['9007199254740992', 'XOF', 'amount_out_of_range', '/fee/amount', 'It is too large.'],
])('refuses %p %s with %s at %s', (given, currency, code, pointer, detail) => {
  const problem = refusal(given, currency);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({ code, detail, extras: { errors: [{ pointer, code, detail }] } });
});
