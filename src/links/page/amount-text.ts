import { Money } from '#libs/primitives';
import type { LinkLocale } from '../payment-link.entity.js';

/** What people call these, and where they write it, whatever their language. */
const FRANCS: Readonly<Record<string, string>> = { XOF: 'F CFA', XAF: 'F CFA' };

/** An amount as people read it: `7 500 F CFA`, `KES 1,500.00`, `1 500,00 KES`. Exact: no decimal is dropped or added. */
export function toAmountText(amountMinor: bigint, currency: string, locale: LinkLocale): string {
  const [whole = '', decimals] = Money.ofMinor(amountMinor, currency).format().split('.');
  const francs = FRANCS[currency];
  if (francs !== undefined) return `${group(whole, ' ')} ${francs}`;
  const [separator, point] = locale === 'fr' ? [' ', ','] : [',', '.'];
  const number = group(whole, separator) + (decimals === undefined ? '' : `${point}${decimals}`);
  return locale === 'fr' ? `${number} ${currency}` : `${currency} ${number}`;
}

function group(digits: string, separator: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, separator);
}
