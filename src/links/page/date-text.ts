import type { LinkLocale } from '../payment-link.entity.js';

/** The clocks of countries with one time each: their capitals' zones. Where there are several, or none is known, it is UTC. */
const ZONES: Readonly<Record<string, string>> = {
  BF: 'Africa/Ouagadougou',
  BJ: 'Africa/Porto-Novo',
  CI: 'Africa/Abidjan',
  CM: 'Africa/Douala',
  GH: 'Africa/Accra',
  GN: 'Africa/Conakry',
  KE: 'Africa/Nairobi',
  ML: 'Africa/Bamako',
  MW: 'Africa/Blantyre',
  NE: 'Africa/Niamey',
  NG: 'Africa/Lagos',
  RW: 'Africa/Kigali',
  SN: 'Africa/Dakar',
  TG: 'Africa/Lome',
  TZ: 'Africa/Dar_es_Salaam',
  UG: 'Africa/Kampala',
  ZM: 'Africa/Lusaka',
};

/** A moment as people of a country read it from their clocks; with `UTC` where we do not know those. */
export function toDateText(at: number, country: string | undefined, locale: LinkLocale): string {
  const timeZone = ZONES[country ?? ''];
  const style = { dateStyle: 'medium', timeStyle: 'short', hour12: false, timeZone: timeZone ?? 'UTC' } as const;
  // English is read here as in Kenya and Nigeria: the day first.
  const text = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, style).format(at);
  return timeZone === undefined ? `${text} UTC` : text;
}
