import { SCRIPT_PATH, toStylePath } from './assets.js';
import { html, type Html } from './html.js';
import { WORDS } from './languages.js';
import { toPagePath } from './page-path.js';
import { drawScreen } from './screens.js';
import type { Bill, PageView, Screen } from './view.js';
import type { Words } from './words.js';

/** The whole document. Nothing is inline, so that the policy needs no exception. */
export function drawPage(view: PageView): string {
  const { locale, shop, bill, path } = view;
  const words = WORDS[locale];
  const offer = bill && shop ? words.title(bill.amount, shop.name) : words.ends.notFound.title;
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>${toTitle(view, words) ?? offer}</title>
<meta property="og:title" content="${offer}">
${bill && html`<meta property="og:description" content="${bill.itemName}" />`}
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${view.base}${toStylePath(shop?.colour ?? null)}">
${drawRefresh(view)}
<script src="${view.base}${SCRIPT_PATH}" defer></script>
</head>
<body${drawState(view)}>
<header>${bill?.isTest && html`<p class="test">${words.testMode}</p>`}
<div class="band"><div class="wrap">
<div class="shop">${drawShop(view)}${drawSwitch(view, words)}</div>
${bill && drawBill(bill, isOver(view) ? words.amount : words.payTo)}
</div></div></header>
<main><div class="card">${drawScreen(view, words)}</div></main>
<footer>
${bill && html`<p>${words.reference(bill.reference)}</p>`}
${path !== '' && html`<p>${words.securedBy}</p>`}
${shop?.supportUrl != null && html`<a href="${shop.supportUrl}" rel="noopener">${words.needHelp}</a>`}
</footer>
</body>
</html>
`.toString();
}

// What a screen reader says first, and what a row of tabs shows, when the page has moved on by itself.
function toTitle({ screen, shop }: PageView, words: Words): string | undefined {
  const news = toNews(screen, words);
  return news === undefined || !shop ? news : `${news} · ${shop.name}`;
}

function toNews(screen: Screen, words: Words): string | undefined {
  switch (screen.kind) {
    case 'choose':
      return undefined;
    case 'failed':
      return words.failed.title;
    case 'waiting':
      return words.waiting[`${screen.step}Title`];
    case 'paid':
      return screen.isFresh ? words.paid.title : words.paid.alreadyTitle;
    case 'end':
      return words.ends[screen.end].title;
  }
}

// Without scripts the page asks again by itself while it waits, and goes back to the shop at the end.
function drawRefresh(view: PageView): Html | undefined {
  const { screen, state, returnUrl } = view;
  // Nobody's half-typed code is refreshed away.
  if (screen.kind === 'waiting' && screen.step === 'otp') return undefined;
  if (state !== undefined)
    return html`<noscript><meta http-equiv="refresh" content="5; url=${toPagePath(view)}" /></noscript>`;
  if (returnUrl === undefined || !('isFresh' in screen) || !screen.isFresh) return undefined;
  return html`<noscript><meta http-equiv="refresh" content="15; url=${returnUrl}" /></noscript>`;
}

function drawState(view: PageView): Html | undefined {
  if (view.state === undefined) return undefined;
  const { path, state } = view;
  return html` data-state="${state}" data-status="${path}/status" data-live="${path}/live"
  data-page="${toPagePath(view)}"`;
}

function drawShop({ shop }: PageView): Html | undefined {
  if (!shop) return html`<span class="shop-name"></span>`;
  const mark =
    shop.logoUrl === null
      ? html`<span class="initial" aria-hidden="true">${[...shop.name.trim()][0]?.toUpperCase()}</span>`
      : html`<img class="logo" src="${shop.logoUrl}" alt="" width="44" height="44" referrerpolicy="no-referrer" />`;
  return html`${mark}<span class="shop-name" dir="auto">${shop.name}</span>`;
}

function drawSwitch({ locale, path }: PageView, words: Words): Html | undefined {
  const other = locale === 'fr' ? 'en' : 'fr';
  return html`<a class="language" href="${path}?lang=${other}" hreflang="${other}" lang="${other}"
    >${words.otherLanguage}</a
  >`;
}

function isOver({ screen }: PageView): boolean {
  return screen.kind === 'paid' || screen.kind === 'end';
}

function drawBill({ amount, itemName }: Bill, label: string): Html {
  const size = amount.length > 13 ? 'amount long' : 'amount';
  return html`<p class="due">
    <span class="due-label">${label}</span>
    <span class="${size}">${amount}</span>
    <span class="item" dir="auto">${itemName}</span>
  </p>`;
}
