import type { Answer, Request } from './http.js';
import {
  answerFrontDoor,
  answerStyle,
  chooseLanguage,
  escape,
  isLook,
  page,
  textsIn,
  toLanguageLink,
  type PageTexts,
  type Texts,
} from './page.js';

/** A phone as the page shows it. */
export interface PhoneOnPage {
  /** Digits, country code first. */
  readonly msisdn: string;
  /** What waits for an answer there, if anything. */
  readonly prompt: {
    readonly text: string;
    /** Where it can be answered. */
    readonly pageUrl: string | null;
    /** A code that the phone got, and whose. */
    readonly code?: { readonly from: string; readonly digits: string } | null;
  } | null;
  /** Text messages, newest first. */
  readonly messages: readonly { readonly at: string; readonly text: string }[];
}

/** How many messages a phone keeps on its screen, and how many phones the page shows. */
export const MESSAGES_SHOWN = 20;
const PHONES_SHOWN = 30;

const TEXTS: PageTexts = {
  en: {
    title: 'Phones, simulated',
    banner: 'Simulated. No real money, no real phones.',
    empty: 'Nothing here yet. A phone appears when somebody pays it, or asks it to pay.',
    open: 'Open the payment page',
    other: 'Français',
  },
  fr: {
    title: 'Téléphones, simulés',
    banner: 'Simulation. Aucun argent réel, aucun vrai téléphone.',
    empty: 'Rien pour l’instant. Un téléphone apparaît quand on le paie, ou qu’on le fait payer.',
    open: 'Ouvrir la page de paiement',
    other: 'English',
  },
};

/**
 * The pages of every simulator: the way to the phones, the phones, newest first, and the style of all pages. `list` gives
 * the phones, oldest first. Undefined where the request is for something else.
 */
export function answerCommonPages(request: Request, list: () => readonly PhoneOnPage[]): Answer | undefined {
  const page = answerFrontDoor(request) ?? answerStyle(request);
  if (page || !isLook(request) || request.path !== '/phones') return page;
  return showPhones(request, list());
}

function showPhones(request: Request, phones: readonly PhoneOnPage[]): Answer {
  const language = chooseLanguage(request);
  const texts = textsIn(language, TEXTS);
  const cards = phones
    .slice(-PHONES_SHOWN)
    .reverse()
    .map((phone) => toCard(phone, texts));
  const shown = cards.join('') || `<p class="card soft">${texts('empty')}</p>`;
  return page(language, {
    texts: TEXTS,
    body: `<p>${toLanguageLink(language, texts)}</p>${shown}`,
    refreshSeconds: 2,
  });
}

function toCard({ msisdn, prompt, messages }: PhoneOnPage, texts: Texts): string {
  const items = messages.map(({ at, text }) => `<li><span class="soft">${escape(at)}</span><br>${escape(text)}</li>`);
  return `<section class="card"><h2>+${escape(msisdn)}</h2>${toWaiting(prompt, texts)}<ul>${items.join('')}</ul></section>`;
}

function toWaiting(prompt: PhoneOnPage['prompt'], texts: Texts): string {
  if (prompt === null) return '';
  const { text, pageUrl, code } = prompt;
  const link = pageUrl === null ? '' : `<p><a class="button" href="${escape(pageUrl)}">${texts('open')}</a></p>`;
  const digits = code ? `<p>${escape(code.from)}: <strong>${escape(code.digits)}</strong></p>` : '';
  return `<p>${escape(text)}</p>${link}${digits}`;
}
