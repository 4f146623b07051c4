import { isBelow } from './balance-book.js';

const balances = [
  { account: 'Working Account', available: '700.00', currency: 'KES' },
  { account: 'Utility Account', available: '228.00', currency: 'KES' },
  { account: 'Charges Paid Account', available: '-15.00', currency: 'KES' },
  { account: 'Float', available: '9000', currency: 'XOF' },
];

describe('A balance is low', () => {
  it.each([
    ['without a limit: never', null, false],
    ['the named account holds less', { amount: '228.01', currency: 'KES', account: 'Utility Account' }, true],
    ['the named account holds exactly that', { amount: '228.00', currency: 'KES', account: 'Utility Account' }, false],
    ['all of the currency together hold less', { amount: '913.01', currency: 'KES', account: null }, true],
    ['all of the currency together hold that', { amount: '913.00', currency: 'KES', account: null }, false],
    ['another currency does not count', { amount: '9001', currency: 'XOF', account: null }, true],
    ['the provider names no such account', { amount: '5.00', currency: 'KES', account: 'Savings' }, false],
    ['the provider names no such currency', { amount: '5.00', currency: 'UGX', account: null }, false],
  ])('%s', (_, limit, low) => expect(isBelow(limit, balances)).toBe(low));
});
