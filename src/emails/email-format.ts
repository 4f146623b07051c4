import type { EmailLocale } from './email.entity.js';

// Not to be broken over two lines. The narrow one is missing from some phones' fonts.
const NO_BREAK = '\u00a0';

const FRANCS: ReadonlySet<string> = new Set(['XOF', 'XAF']);

/** An exact amount as people write it: `7 500 F CFA`, `1 500,00 KES` in French, `KES 1,500.00` in English. */
export function formatAmount(amount: string, currency: string, locale: EmailLocale): string {
  const [whole = '', fraction] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, locale === 'fr' ? NO_BREAK : ',');
  const number = fraction === undefined ? grouped : `${grouped}${locale === 'fr' ? ',' : '.'}${fraction}`;
  if (locale === 'en') return `${currency}${NO_BREAK}${number}`;
  return `${number}${NO_BREAK}${FRANCS.has(currency) ? `F${NO_BREAK}CFA` : currency}`;
}

/** One clock for each country that we know payments of; elsewhere it is UTC. */
// prettier-ignore
const ZONES: Readonly<Record<string, string>> = {
  BF: 'Africa/Ouagadougou', BI: 'Africa/Bujumbura', BJ: 'Africa/Porto-Novo', CG: 'Africa/Brazzaville', CI: 'Africa/Abidjan',
  CM: 'Africa/Douala', CD: 'Africa/Kinshasa', ET: 'Africa/Addis_Ababa', GA: 'Africa/Libreville', GH: 'Africa/Accra',
  GN: 'Africa/Conakry', KE: 'Africa/Nairobi', LR: 'Africa/Monrovia', LS: 'Africa/Maseru', MG: 'Indian/Antananarivo',
  ML: 'Africa/Bamako', MW: 'Africa/Blantyre', MZ: 'Africa/Maputo', NE: 'Africa/Niamey', NG: 'Africa/Lagos',
  RW: 'Africa/Kigali', SL: 'Africa/Freetown', SN: 'Africa/Dakar', SZ: 'Africa/Mbabane', TD: 'Africa/Ndjamena',
  TG: 'Africa/Lome', TZ: 'Africa/Dar_es_Salaam', UG: 'Africa/Kampala', ZA: 'Africa/Johannesburg', ZM: 'Africa/Lusaka',
  ZW: 'Africa/Harare',
};

// Making one takes longer than everything else about a mail; there are two for each zone.
const formats = new Map<string, Intl.DateTimeFormat>();

/** An instant (epoch ms) by the clock of the country, with its zone: `22 November 2026 at 17:33 GMT+3`. */
export function formatInstant(instant: number, country: string | undefined, locale: EmailLocale): string {
  const timeZone = (country !== undefined && ZONES[country]) || 'UTC';
  const key = `${locale} ${timeZone}`;
  const format = formats.get(key) ?? openFormat(timeZone, locale);
  formats.set(key, format);
  // At Greenwich one language says GMT and the other UTC+0.
  return format.format(instant).replace(/(?:GMT|UTC\+0)$/, 'UTC');
}

function openFormat(timeZone: string, locale: EmailLocale): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', {
    ...({ day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const),
    timeZone,
    timeZoneName: 'short',
  });
}

// By the part of the code before its country. What stands here is a name that customers know from posters.
const BRANDS: Readonly<Record<string, string>> = {
  mpesa: 'M-Pesa',
  mtn: 'MTN MoMo',
  orange: 'Orange Money',
  wave: 'Wave',
  moov: 'Moov Money',
  airtel: 'Airtel Money',
  freemoney: 'Free Money',
  togocel: 'T-Money',
  wizall: 'Wizall Money',
  vodacom: 'Vodacom',
  tigo: 'Tigo Pesa',
  halopesa: 'HaloPesa',
  tnm: 'TNM Mpamba',
  zamtel: 'Zamtel',
};

/** A method as customers call it: `MTN MoMo`. Of a method that we have no name for, its code in readable form. */
export function formatMethod(code: string): string {
  const [family = '', ...rest] = code.split('_');
  return BRANDS[family] ?? [family.charAt(0).toUpperCase() + family.slice(1), ...rest].join(' ');
}

// Controls, line ends, and marks that turn the direction of what follows: in a header or a subject they only deceive.
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff]+/gu;

/** Given text as one line of at most `limit` characters, none of them cut in half. */
export function toOneLine(text: string, limit: number): string {
  const line = text.replace(INVISIBLE, ' ').replace(/ {2,}/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= limit
    ? line
    : `${characters
        .slice(0, limit - 1)
        .join('')
        .trimEnd()}…`;
}
