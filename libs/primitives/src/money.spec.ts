import fc from 'fast-check';
import { findCurrencyDecimals } from './currencies.js';
import { MAX_MINOR, Money, type MoneyFault } from './money.js';

const currency = fc.constantFrom('KES', 'XOF', 'XAF', 'UGX', 'GHS', 'TND', 'NGN', 'JPY', 'KWD');
const minor = fc.bigInt({ min: -MAX_MINOR, max: MAX_MINOR });

const parse = (amount: string | number, code: string): Money => {
  const money = Money.parse(amount, code);
  if (typeof money === 'string') throw new Error(money);
  return money;
};

describe('Money.parse', () => {
  it.each<[string | number, string, bigint, string]>([
    ['150.00', 'KES', 15_000n, '150.00'],
    ['150', 'KES', 15_000n, '150.00'],
    ['150.5', 'KES', 15_050n, '150.50'],
    [150, 'KES', 15_000n, '150.00'],
    [-150, 'KES', -15_000n, '-150.00'],
    ['-0.05', 'KES', -5n, '-0.05'],
    ['0', 'KES', 0n, '0.00'],
    [-0, 'KES', 0n, '0.00'],
    ['-0', 'XOF', 0n, '0'],
    ['1500', 'XOF', 1_500n, '1500'],
    ['1.234', 'TND', 1_234n, '1.234'],
    ['9007199254740991', 'XOF', MAX_MINOR, '9007199254740991'],
    ['90071992547409.91', 'KES', MAX_MINOR, '90071992547409.91'],
    [Number.MAX_SAFE_INTEGER, 'XOF', MAX_MINOR, '9007199254740991'],
  ])('reads %p %s', (amount, code, amountMinor, text) => {
    const money = parse(amount, code);
    expect(money.amountMinor).toBe(amountMinor);
    expect(money.currency).toBe(code);
    expect(money.format()).toBe(text);
  });

  it.each<[string | number, string, MoneyFault]>([
    ['1', 'KSH', 'unknown_currency'],
    ['1', 'kes', 'unknown_currency'],
    ['1', '', 'unknown_currency'],
    ['1', 'constructor', 'unknown_currency'],
    ['', 'KES', 'not_exact'],
    [' 1', 'KES', 'not_exact'],
    ['1\n', 'KES', 'not_exact'],
    ['+1', 'KES', 'not_exact'],
    ['1,50', 'KES', 'not_exact'],
    ['1.', 'KES', 'not_exact'],
    ['.5', 'KES', 'not_exact'],
    ['01', 'KES', 'not_exact'],
    ['1e3', 'KES', 'not_exact'],
    ['0x10', 'KES', 'not_exact'],
    ['١٥٠', 'KES', 'not_exact'],
    ['--1', 'KES', 'not_exact'],
    [1.5, 'KES', 'not_exact'],
    [NaN, 'KES', 'not_exact'],
    [Infinity, 'KES', 'not_exact'],
    [2 ** 53, 'KES', 'not_exact'],
    ['1.505', 'KES', 'too_many_decimals'],
    ['1.0', 'XOF', 'too_many_decimals'],
    ['1.00000000000000000000', 'KES', 'too_many_decimals'],
    ['9007199254740992', 'XOF', 'out_of_range'],
    ['90071992547409.92', 'KES', 'out_of_range'],
    ['-90071992547409.92', 'KES', 'out_of_range'],
    ['100000000000000000000', 'KES', 'out_of_range'],
    [Number.MAX_SAFE_INTEGER, 'KES', 'out_of_range'],
  ])('refuses %p %s: %s', (amount, code, fault) => expect(Money.parse(amount, code)).toBe(fault));

  it('reads back whatever it writes, to the last unit', () => {
    fc.assert(
      fc.property(minor, currency, (amountMinor, code) => {
        const money = Money.ofMinor(amountMinor, code);
        expect(parse(money.format(), code).equals(money)).toBe(true);
        const [, fraction = ''] = money.format().split('.');
        expect(fraction).toHaveLength(findCurrencyDecimals(code) ?? -1);
      }),
    );
  });

  it('answers whatever it is given, and only ever exactly', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^-?\d{0,25}(\.\d{0,12})?$/), fc.double().map(String));
    fc.assert(
      fc.property(text, currency, (amount, code) => {
        const money = Money.parse(amount, code);
        if (typeof money === 'string') return;
        const [whole = '', fraction = ''] = money.format().replace('-', '').split('.');
        const [givenWhole = '', givenFraction = ''] = amount.replace('-', '').split('.');
        expect(whole).toBe(givenWhole);
        expect(fraction).toBe(givenFraction.padEnd(fraction.length, '0'));
      }),
    );
  });

  it('does not count a very long number', () => {
    const startedAt = performance.now();
    expect(Money.parse('9'.repeat(1_000_000), 'KES')).toBe('out_of_range');
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('Money.ofMajor', () => {
  it.each<[string | number, string]>([
    ['150.00', '150.00'],
    ['-0.5', '-0.50'],
    [150, '150.00'],
  ])('takes %p', (amount, text) => expect(Money.ofMajor(amount, 'KES').format()).toBe(text));

  it.each<[string | number, string, MoneyFault]>([
    ['1', 'KSH', 'unknown_currency'],
    ['1,50', 'KES', 'not_exact'],
    [1.5, 'KES', 'not_exact'],
    ['1.505', 'KES', 'too_many_decimals'],
    ['90071992547409.92', 'KES', 'out_of_range'],
  ])('throws a RangeError on %p %s that names the fault and not the amount', (amount, code, fault) => {
    expect(() => Money.ofMajor(amount, code)).toThrow(new RangeError(`Not an amount of ${code}: ${fault}`));
  });
});

describe('Money.ofMinor', () => {
  it.each([15_000n, 15_000, '15000'])('takes %p', (amountMinor) => {
    expect(Money.ofMinor(amountMinor, 'KES').format()).toBe('150.00');
  });

  it.each<[bigint | number | string, string]>([
    [1n, 'KSH'],
    [MAX_MINOR + 1n, 'KES'],
    [-MAX_MINOR - 1n, 'KES'],
    [1.5, 'KES'],
    [NaN, 'KES'],
    [2 ** 60, 'KES'],
    ['', 'KES'],
    [' 1', 'KES'],
    ['0x10', 'KES'],
    ['1.0', 'KES'],
    ['nonsense', 'KES'],
  ])('throws a RangeError on %p %s', (amountMinor, code) => {
    expect(() => Money.ofMinor(amountMinor, code)).toThrow(RangeError);
  });
});

describe('inDecimals', () => {
  it.each<[string, string, number, bigint | undefined]>([
    ['150.00', 'KES', 0, 150n],
    ['150.50', 'KES', 0, undefined],
    ['150.50', 'KES', 1, 1_505n],
    ['150.50', 'KES', 2, 15_050n],
    ['150.50', 'KES', 4, 1_505_000n],
    ['-150.50', 'KES', 0, undefined],
    ['1500', 'XOF', 0, 1_500n],
    ['1500', 'XOF', 2, 150_000n],
    ['0.010', 'TND', 2, 1n],
    ['0.001', 'TND', 2, undefined],
  ])('%s %s in %i decimals is %p', (amount, code, decimals, expected) => {
    expect(parse(amount, code).inDecimals(decimals)).toBe(expected);
  });

  it('never rounds', () => {
    fc.assert(
      fc.property(minor, currency, fc.nat(4), (amountMinor, code, decimals) => {
        const inUnits = Money.ofMinor(amountMinor, code).inDecimals(decimals);
        const own = findCurrencyDecimals(code) ?? 0;
        if (inUnits === undefined) expect(amountMinor % 10n ** BigInt(own - decimals)).not.toBe(0n);
        else expect(inUnits * 10n ** BigInt(own)).toBe(amountMinor * 10n ** BigInt(decimals));
      }),
    );
  });
});

describe('reckoning', () => {
  it('adds and takes away exactly', () => {
    fc.assert(
      fc.property(minor, minor, (a, b) => {
        fc.pre(a + b <= MAX_MINOR && a + b >= -MAX_MINOR);
        const sum = Money.ofMinor(a, 'KES').plus(Money.ofMinor(b, 'KES'));
        expect(sum.amountMinor).toBe(a + b);
        expect(sum.minus(Money.ofMinor(b, 'KES')).amountMinor).toBe(a);
      }),
    );
  });

  it('compares as numbers do', () => {
    fc.assert(
      fc.property(minor, minor, (a, b) => {
        const order = Money.ofMinor(a, 'KES').compare(Money.ofMinor(b, 'KES'));
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(Money.ofMinor(a, 'KES').equals(Money.ofMinor(b, 'KES'))).toBe(a === b);
      }),
    );
  });

  it('does not leave the range', () => {
    expect(() => Money.ofMinor(MAX_MINOR, 'KES').plus(Money.ofMinor(1n, 'KES'))).toThrow(RangeError);
  });

  it('does not mix currencies', () => {
    const [kes, ugx] = [Money.ofMinor(1n, 'KES'), Money.ofMinor(1n, 'UGX')];
    expect(kes.equals(ugx)).toBe(false);
    for (const act of [() => kes.plus(ugx), () => kes.minus(ugx), () => kes.compare(ugx)])
      expect(act).toThrow(TypeError);
  });

  it('knows what is more than nothing', () => {
    expect([1n, 0n, -1n].map((amount) => Money.ofMinor(amount, 'KES').isPositive())).toEqual([true, false, false]);
  });

  it('is written for people with its currency', () => expect(parse('150', 'KES').toString()).toBe('150.00 KES'));
});

describe('findCurrencyDecimals', () => {
  it.each([
    ['KES', 2],
    ['XOF', 0],
    ['XAF', 0],
    ['UGX', 0],
    ['RWF', 0],
    ['GNF', 0],
    ['TND', 3],
    ['USD', 2],
    ['BTC', undefined],
    ['__proto__', undefined],
  ])('%s has %p', (code, decimals) => expect(findCurrencyDecimals(code)).toBe(decimals));
});
