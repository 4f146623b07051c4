import type { FastifyRequest } from 'fastify';
import { LINK_LOCALES, type LinkLocale } from '../payment-link.entity.js';
import { EN } from './words-en.js';
import { FR } from './words-fr.js';
import type { Words } from './words.js';

export const WORDS: Readonly<Record<LinkLocale, Words>> = { en: EN, fr: FR };

/** How long to wait, in words, rounded up. */
export function toWaitText(words: Words, seconds: number): string {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  return minutes < 120 ? words.minutes(minutes) : words.hours(Math.ceil(minutes / 60));
}

/** The language of a visit: the one that was switched to, the link's, the browser's first that we speak, the shop's. */
export function chooseLocale(given: {
  readonly switched: string | undefined;
  readonly link: LinkLocale | null;
  readonly accepted: string | undefined;
  readonly shop: string;
}): LinkLocale {
  const accepted = readTags(given.accepted).map((tag) => tag.split('-')[0]);
  const wishes = [given.switched, given.link, ...accepted, given.shop];
  return wishes.find(isLocale) ?? 'en';
}

/** The countries that a browser names with its languages, `SN` of `fr-SN`, the first wish first: a hint. */
export function readRegions(accepted: string | undefined): string[] {
  return readTags(accepted).flatMap(
    (tag) => /^[a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2})\b/.exec(tag)?.[1]?.toUpperCase() ?? [],
  );
}

/** The languages that a browser accepts, in small letters, the most wanted first. */
function readTags(accepted = ''): string[] {
  return accepted
    .split(',')
    .map((entry) => {
      const [tag = '', ...parameters] = entry.trim().toLowerCase().split(';');
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find(Boolean);
      return { tag, quality: Number(quality ?? 1) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

/** The language that the visitor switched to: in the address of a page, in a field of a form. */
export function readLang({ query, body }: Pick<FastifyRequest, 'query' | 'body'>): string | undefined {
  for (const source of [query, body]) {
    if (typeof source === 'object' && source !== null && 'lang' in source && typeof source.lang === 'string')
      return source.lang;
  }
  return undefined;
}

function isLocale(text: string | null | undefined): text is LinkLocale {
  return LINK_LOCALES.some((locale) => locale === text);
}
