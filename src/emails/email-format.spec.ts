import { formatAmount, formatInstant, formatMethod, toOneLine } from './email-format.js';

const AT = Date.UTC(2026, 10, 22, 14, 33);

describe('In mails', () => {
  it.each([
    ['7500', 'XOF', 'fr', '7 500 F CFA'],
    ['7500', 'XAF', 'fr', '7 500 F CFA'],
    ['7500', 'XOF', 'en', 'XOF 7,500'],
    ['1500.00', 'KES', 'en', 'KES 1,500.00'],
    ['1500.00', 'KES', 'fr', '1 500,00 KES'],
    ['0.50', 'KES', 'en', 'KES 0.50'],
    ['999', 'XOF', 'fr', '999 F CFA'],
    ['1000000', 'XOF', 'fr', '1 000 000 F CFA'],
    ['9007199254740991', 'XOF', 'en', 'XOF 9,007,199,254,740,991'],
    ['90071992547409.91', 'KES', 'fr', '90 071 992 547 409,91 KES'],
  ] as const)('%s %s is in %s %s, to the last digit and on one line', (amount, currency, locale, text) => {
    const formatted = formatAmount(amount, currency, locale);
    expect(formatted.replaceAll('\u00a0', ' ')).toBe(text);
    expect(formatted).not.toContain(' ');
  });

  it.each([
    ['KE', 'en', '22 November 2026 at 17:33 GMT+3'],
    ['SN', 'fr', '22 novembre 2026 à 14:33 UTC'],
    ['CM', 'fr', '22 novembre 2026 à 15:33 UTC+1'],
    ['GH', 'en', '22 November 2026 at 14:33 UTC'],
    [undefined, 'en', '22 November 2026 at 14:33 UTC'],
    ['FR', 'fr', '22 novembre 2026 à 14:33 UTC'],
  ] as const)('an instant of %s in %s names its zone', (country, locale, text) => {
    expect(formatInstant(AT, country, locale)).toBe(text);
  });

  it.each([
    ['mpesa_ke', 'M-Pesa'],
    ['mtn_bj', 'MTN MoMo'],
    ['wave_sn', 'Wave'],
    ['newpay_xx', 'Newpay xx'],
  ])('the method %s is called %s', (code, name) => expect(formatMethod(code)).toBe(name));

  it.each([
    ['a\r\nBcc: b@c', 'a Bcc: b@c'],
    ['  two \t lines\u2028here ', 'two lines here'],
    ['turned \u202eround\u2066 here\u200f', 'turned round here'],
    ['متجر', 'متجر'],
    ['💸💸💸💸', '💸💸…'],
    ['12345', '12…'],
    ['123', '123'],
  ])('%j becomes one line', (text, line) => {
    expect(toOneLine(text, /^(💸|12)/u.test(text) ? 3 : 100)).toBe(line);
  });
});
