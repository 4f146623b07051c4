import type { Answer, Request } from '#libs/simulators/kit';
import { chooseLanguage, escape, page, PAGE_STYLE, type Language } from './html.js';
import { listPhones, type PhoneView } from './phone-views.js';
import type { Simulator } from './simulator.js';

const TEXTS: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {
    title: 'Phones, simulated',
    banner: 'Simulated. No real money, no real phones.',
    empty: 'Nothing here yet. A phone appears when somebody pays it, or asks it to pay.',
    open: 'Open the checkout',
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

/** How many phones the page shows, the newest first. */
const PHONES_SHOWN = 30;

/** The phones page and the style of all pages, or undefined where the path is none of its. */
export function answerPhones({ world }: Simulator, request: Request): Answer | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  switch (request.path) {
    case '/': // Moneroo answers 404 here; only people with a browser are shown the way.
      if (!request.headers.accept?.includes('text/html')) return undefined;
      return { status: 302, headers: { Location: '/phones' }, body: '' };
    case '/phones':
      return show(listPhones(world).slice(-PHONES_SHOWN).reverse(), chooseLanguage(request));
    case '/style.css':
      return { status: 200, headers: { 'Content-Type': 'text/css; charset=utf-8' }, body: PAGE_STYLE };
    default:
      return undefined;
  }
}

function show(phones: readonly PhoneView[], language: Language): Answer {
  const texts = (name: string): string => escape(TEXTS[language][name] ?? name);
  const other = language === 'fr' ? 'en' : 'fr';
  const cards = phones.map(({ msisdn, prompt, messages }) => {
    const waiting = prompt
      ? `<p>${escape(prompt.text)}</p><p><a class="button" href="${escape(prompt.checkoutUrl)}">${texts('open')}</a></p>`
      : '';
    const items = messages.map(({ at, text }) => `<li><span class="soft">${escape(at)}</span><br>${escape(text)}</li>`);
    return `<section class="card"><h2>+${escape(msisdn)}</h2>${waiting}<ul>${items.join('')}</ul></section>`;
  });
  const list = cards.length > 0 ? cards.join('') : `<p class="card soft">${texts('empty')}</p>`;
  return page(language, {
    title: TEXTS[language]['title'] ?? '',
    banner: TEXTS[language]['banner'] ?? '',
    body: `<p><a href="?lang=${other}" hreflang="${other}" lang="${other}">${texts('other')}</a></p>${list}`,
    refreshSeconds: 2,
  });
}
