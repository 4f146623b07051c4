import type { Answer, Request } from '#libs/simulators/kit';
import type { Transaction } from './book.js';
import { chooseLanguage, escape, page, type Language } from './html.js';
import { MAGIC_ENDINGS } from './outcomes.js';
import { toStyle } from './pages.js';
import { findService } from './services.js';
import { digitsOf, type Simulator } from './simulator.js';
import { canAnswer } from './timeline.js';
import type { World } from './world.js';

/** A phone as the control API and the page show it. */
export interface PhoneView {
  /** Digits, country code first. */
  readonly msisdn: string;
  /** What its last two digits ask for, if anything. */
  readonly magic: string | null;
  /** The collection or link that waits for this phone. */
  readonly prompt: {
    readonly id: string;
    readonly text: string;
    readonly pageUrl: string | null;
    readonly otp: string | null;
  } | null;
  /** Text messages, newest first. */
  readonly messages: readonly { readonly at: string; readonly text: string }[];
}

/** How many messages a phone keeps on its screen, and how many phones the page shows. */
const MESSAGES_SHOWN = 20;
const PHONES_SHOWN = 30;

const TEXTS: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
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

export function toPhoneView(world: World, msisdn: string): PhoneView {
  const all = [...world.book.transactions.values()].filter((transaction) => digitsOf(transaction) === msisdn);
  const open = all.findLast(canAnswer);
  const paid = all.filter(({ status }) => status === 'SUCCESS').slice(-MESSAGES_SHOWN);
  return {
    msisdn,
    magic: MAGIC_ENDINGS[msisdn.slice(-2)] ?? null,
    prompt: open ? toPrompt(world, open) : null,
    messages: paid.reverse().map((transaction) => ({
      at: new Date(transaction.endedAt ?? 0).toISOString(),
      text: toMessage(transaction),
    })),
  };
}

/** Every phone that a transaction names. */
export function listPhones(world: World): PhoneView[] {
  const phones = [...world.book.transactions.values()].flatMap((transaction) => digitsOf(transaction) ?? []);
  return [...new Set(phones)].map((phone) => toPhoneView(world, phone));
}

/** Confirmations of paid links: they go to the merchant, never to the payer (§3). */
export function listEmails({ book, directory }: World) {
  return book
    .transfers()
    .filter(({ record }) => record.kind === 'LINK')
    .map(({ record, endedAt }) => ({
      to: directory.merchants.find(({ name }) => name === record.merchant)?.email ?? '',
      subject: `Paiement reçu : ${record.itemName ?? record.id}`,
      text: `${record.amount} FCFA, ${record.id}, ${record.externalId}`,
      at: new Date(endedAt ?? 0).toISOString(),
    }));
}

function toPrompt(world: World, { record }: Transaction): PhoneView['prompt'] {
  const isPage = record.kind === 'LINK' || findService(record.service ?? '')?.flow === 'page';
  return {
    id: record.id,
    text: `${record.merchant}: ${record.amount} FCFA${record.itemName === null ? '' : `, ${record.itemName}`}`,
    pageUrl: isPage ? `${world.baseUrl}/${record.kind === 'LINK' ? 'process' : 'c'}/${record.id}` : null,
    otp: record.otp,
  };
}

function toMessage({ record, operatorRef }: Transaction): string {
  const isPaidOut = record.kind === 'CASHIN' || record.kind === 'AIRTIME';
  const words = isPaidOut ? 'You have received' : 'You have paid';
  const direction = isPaidOut ? 'from' : 'to';
  return `${words} ${record.amount} FCFA ${direction} ${record.merchant}. Ref ${operatorRef ?? record.id}.`;
}

/** The phones page and the style of all pages, or undefined where the path is none of its. */
export function answerPhones({ world }: Simulator, request: Request): Answer | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  switch (request.path) {
    case '/': // Only people with a browser are shown the way.
      if (!request.headers.accept?.includes('text/html')) return undefined;
      return { status: 302, headers: { Location: '/phones' }, body: '' };
    case '/phones':
      return show(listPhones(world).slice(-PHONES_SHOWN).reverse(), chooseLanguage(request));
    case '/style.css':
      return toStyle();
    default:
      return undefined;
  }
}

function show(phones: readonly PhoneView[], language: Language): Answer {
  const texts = (name: string): string => escape(TEXTS[language][name] ?? name);
  const other = language === 'fr' ? 'en' : 'fr';
  const cards = phones.map(({ msisdn, prompt, messages }) => {
    const link =
      prompt?.pageUrl == null ? '' : `<p><a class="button" href="${escape(prompt.pageUrl)}">${texts('open')}</a></p>`;
    const code = prompt?.otp == null ? '' : `<p>Wizall: <strong>${escape(prompt.otp)}</strong></p>`;
    const waiting = prompt ? `<p>${escape(prompt.text)}</p>${link}${code}` : '';
    const items = messages.map(({ at, text }) => `<li><span class="soft">${escape(at)}</span><br>${escape(text)}</li>`);
    return `<section class="card"><h2>+${escape(msisdn)}</h2>${waiting}<ul>${items.join('')}</ul></section>`;
  });
  return page(language, {
    title: TEXTS[language]['title'] ?? '',
    banner: TEXTS[language]['banner'] ?? '',
    body: `<p><a href="?lang=${other}" hreflang="${other}" lang="${other}">${texts('other')}</a></p>${cards.join('') || `<p class="card soft">${texts('empty')}</p>`}`,
    refreshSeconds: 2,
  });
}
