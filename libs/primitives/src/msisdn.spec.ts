import fc from 'fast-check';
import { Msisdn } from './msisdn.js';

describe('Msisdn.parse', () => {
  it.each<[string, string | undefined, string, string]>([
    ['+254708374149', undefined, '+254708374149', 'KE'],
    ['+254 708-374 149', undefined, '+254708374149', 'KE'],
    ['0708374149', 'KE', '+254708374149', 'KE'],
    ['708374149', 'KE', '+254708374149', 'KE'],
    ['254708374149', 'KE', '+254708374149', 'KE'],
    ['+254708374149', 'UG', '+254708374149', 'KE'],
    ['77 123 45 67', 'SN', '+221771234567', 'SN'],
    ['01 97 12 34 56', 'BJ', '+2290197123456', 'BJ'],
    ['+٢٥٤٧٠٨٣٧٤١٤٩', undefined, '+254708374149', 'KE'],
  ])('reads %p in %p as %s', (text, country, e164, home) => {
    const number = Msisdn.parse(text, country);
    expect(number?.e164).toBe(e164);
    expect(number?.country).toBe(home);
  });

  it.each<[string, string | undefined]>([
    ['', 'KE'],
    ['0708374149', undefined],
    ['0708374149', 'XX'],
    ['0708374149', 'ke'],
    ['0708374149', '__proto__'],
    ['+25470837', undefined],
    ['+2547083741490000', undefined],
    ['+999123456789', undefined],
    ['+254708FLOWERS', undefined],
    ['call +254708374149', undefined],
    ['+254708374149;ext=5', undefined],
    ['+254708374149 x5', undefined],
    ['*100#', 'KE'],
    ["+254708374149'; --", undefined],
  ])('refuses %p in %p', (text, country) => expect(Msisdn.parse(text, country)).toBeUndefined());

  it('never throws, and reads back what it writes', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^\+?[0-9 ()-]{0,20}$/));
    fc.assert(
      fc.property(
        text,
        fc.option(fc.constantFrom('KE', 'SN', 'CI', 'XX', ''), { nil: undefined }),
        (given, country) => {
          const number = Msisdn.parse(given, country);
          if (!number) return;
          expect(number.e164).toMatch(/^\+\d{7,15}$/);
          expect(Msisdn.parse(number.e164)?.equals(number)).toBe(true);
          expect(number.e164.endsWith(number.nationalDigits)).toBe(true);
        },
      ),
    );
  });
});

describe('Msisdn.parseDigits', () => {
  it('reads what providers send', () => expect(Msisdn.parseDigits('254708374149')?.e164).toBe('+254708374149'));

  it.each(['+254708374149', '0708374149', '254 708374149', '', '2547', '25470837414912345', '254708374149\n'])(
    'refuses %p',
    (digits) => expect(Msisdn.parseDigits(digits)).toBeUndefined(),
  );
});

describe('a number', () => {
  const number = Msisdn.parse('+254708374149');

  it('has the forms that providers want', () => {
    expect(number).toMatchObject({ digits: '254708374149', nationalDigits: '708374149', country: 'KE' });
    expect(number?.toString()).toBe('+254708374149');
  });

  it('belongs to no country where its code is no country', () => {
    expect(Msisdn.parse('+80012345678')?.country).toBeUndefined();
  });

  it('equals by its digits', () => {
    expect(number?.equals(Msisdn.parse('0708374149', 'KE')!)).toBe(true);
    expect(number?.equals(Msisdn.parse('0708374148', 'KE')!)).toBe(false);
  });

  it.each([
    ['+254708374149', '+254•••••4149'],
    ['+2290197123456', '+229••••••3456'],
    ['+2203012345', '+220•••••45'], // Seven digits in The Gambia.
    ['+29051234', '+290•••34'], // Five on St Helena.
  ])('%s is masked as %s', (text, masked) => expect(Msisdn.parse(text)?.masked).toBe(masked));
});
