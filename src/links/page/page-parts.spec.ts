import fc from 'fast-check';
import { toAmountText } from './amount-text.js';
import { toStyleSheet } from './assets.js';
import { html } from './html.js';
import { chooseLocale, toWaitText, WORDS } from './languages.js';
import { toBrand, toMethodName } from './method-names.js';
import { toDateText } from './date-text.js';
import { contrast, toRgb, toTheme } from './theme.js';

describe('The words of the payment page', () => {
  it.each([
    [7_500n, 'XOF', 'fr', '7 500 F CFA'],
    [7_500n, 'XOF', 'en', '7 500 F CFA'],
    [1_234_567n, 'XAF', 'fr', '1 234 567 F CFA'],
    [500n, 'XOF', 'fr', '500 F CFA'],
    [150_000n, 'KES', 'en', 'KES 1,500.00'],
    [150_050n, 'KES', 'fr', '1 500,50 KES'],
    [5n, 'KES', 'en', 'KES 0.05'],
    [100_000_000n, 'KES', 'en', 'KES 1,000,000.00'],
  ] as const)('write %d of %s in %s as %s', (minor, currency, locale, text) => {
    expect(toAmountText(minor, currency, locale)).toBe(text);
  });

  it.each([
    [1, '1 minute'],
    [61, '2 minutes'],
    [7_199, '2 hours'],
    [86_400, '24 hours'],
  ])('say %d seconds as people do', (seconds, ...texts) => {
    expect(texts).toContain(toWaitText(WORDS.en, seconds));
  });

  it.each([
    [{ switched: 'fr', link: 'en', accepted: 'en' }, 'fr'],
    [{ switched: 'de', link: 'en', accepted: 'fr' }, 'en'],
    [{ switched: undefined, link: null, accepted: 'en;q=0.5, fr-SN' }, 'fr'],
    [{ switched: undefined, link: null, accepted: 'fr;q=0, en' }, 'en'],
    [{ switched: undefined, link: null, accepted: 'sw' }, 'fr'],
    [{ switched: undefined, link: null, accepted: undefined }, 'fr'],
  ] as const)('are chosen by %j', (given, locale) => {
    expect(chooseLocale({ ...given, shop: 'fr' })).toBe(locale);
  });

  it.each([
    ['mpesa_ke', 'mpesa', 'M-Pesa'],
    ['mtn_bj', 'mtn', 'MTN MoMo'],
    ['e_money_sn', 'e_money', 'E-Money'],
    ['togocel', 'togocel', 'Togocel'],
    ['card_xof', 'card', 'Card'],
    ['new_zz', 'new', 'Operator'],
  ])('name %s', (code, brand, name) => {
    expect([toBrand(code), toMethodName(code, code === 'togocel' ? 'Togocel' : 'Operator')]).toEqual([brand, name]);
  });
});

describe('The date on a receipt', () => {
  const at = Date.UTC(2026, 10, 22, 21, 30);

  it.each([
    ['SN', 'fr', '22 nov. 2026, 21:30'],
    ['KE', 'en', '23 Nov 2026, 00:30'],
    ['CM', 'fr', '22 nov. 2026, 22:30'],
    ['CD', 'en', '22 Nov 2026, 21:30 UTC'],
    [undefined, 'fr', '22 nov. 2026, 21:30 UTC'],
  ] as const)('is that of the clocks in %s', (country, locale, text) => {
    expect(toDateText(at, country, locale)).toBe(text);
  });
});

describe('The look of the payment page', () => {
  it('can be read in any colour of a shop', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (value) => {
        const { accent, onAccent, strong, tint, glow, darkTint } = toTheme(`#${value.toString(16).padStart(6, '0')}`);
        expect(contrast(toRgb(accent), toRgb(onAccent))).toBeGreaterThanOrEqual(4.5);
        expect(contrast(toRgb(strong), toRgb('#ffffff'))).toBeGreaterThanOrEqual(4.5);
        expect(contrast(toRgb(strong), toRgb(tint))).toBeGreaterThanOrEqual(4.5);
        expect(contrast(toRgb(glow), toRgb('#1a2027'))).toBeGreaterThanOrEqual(4.5);
        expect(contrast(toRgb(glow), toRgb(darkTint))).toBeGreaterThanOrEqual(4.5);
        for (const ink of ['#b3bec8', '#eaf0f4']) {
          expect(contrast(toRgb(ink), toRgb(darkTint))).toBeGreaterThanOrEqual(4.5);
        }
        expect(contrast(toRgb('#46535f'), toRgb(tint))).toBeGreaterThanOrEqual(4.5);
      }),
    );
  });

  it('takes no colour that is none', () => {
    expect(toStyleSheet('0a7d5a')).toContain('--accent:#0a7d5a');
    expect(toStyleSheet('plain')).toContain('--accent:');
    for (const colour of ['0A7D5A', 'red', '0a7d5', '0a7d5a;}', '']) expect(toStyleSheet(colour)).toBeUndefined();
  });
});

describe('The templates of the payment page', () => {
  it('escape whatever is no HTML of ours', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const drawn = html`<a title="${text}">${[text]}</a>`.toString();
        expect(drawn.slice('<a title="'.length, -'</a>'.length)).not.toMatch(/<|>[^]*>|"[^]*"/);
      }),
    );
    expect(html`${false}${null}${undefined}${0}${html`<b></b>`}`.toString()).toBe('0<b></b>');
    expect(html`${'<&>"\''}`.toString()).toBe('&lt;&amp;&gt;&quot;&#39;');
  });
});
