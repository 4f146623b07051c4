import {
  chooseLanguage,
  escape,
  page,
  readPaymentForm,
  redirect,
  textsIn,
  toPayerFields,
  toPaymentForm,
  type Answer,
  type Language,
  type PageTexts,
  type Request,
  type Texts,
} from '#libs/simulators/kit';
import { TERMINAL, type Transaction } from './book.js';
import { findService, PAGE_SERVICES } from './services.js';
import type { Simulator } from './simulator.js';
import { canAnswer } from './timeline.js';

const TEXTS: PageTexts = {
  en: {
    title: 'Payment, simulated',
    banner: 'Simulated. No real money moves here. Never type a real number or PIN.',
    operator: 'Operator',
    phone: 'Phone number, nine digits',
    pay: 'Pay',
    fail: 'Let it fail',
    cancel: 'Cancel',
    waiting: 'Waiting for the operator…',
    already: 'This link is already paid.',
    closed: 'This link can no longer be paid.',
    back: 'Back to the shop',
    missing: 'There is no such payment.',
    wrong: 'Choose an operator and type nine digits.',
  },
  fr: {
    title: 'Paiement, simulé',
    banner: 'Simulation. Aucun argent réel ne circule. Ne tapez jamais un vrai numéro ni un vrai code.',
    operator: 'Opérateur',
    phone: 'Numéro de téléphone, neuf chiffres',
    pay: 'Payer',
    fail: 'Faire échouer',
    cancel: 'Annuler',
    waiting: 'En attente de l’opérateur…',
    already: 'Ce lien est déjà payé.',
    closed: 'Ce lien ne peut plus être payé.',
    back: 'Retour à la boutique',
    missing: 'Ce paiement n’existe pas.',
    wrong: 'Choisissez un opérateur et tapez neuf chiffres.',
  },
};

/** Reads the page again when something happened. */
const SCRIPT = `new EventSource(location.pathname + '/events').onmessage = () => location.reload();\n`;
const SCRIPT_PATH = '/page.js';

/** The hosted page of a link, and the pages that Wave opens: at DExchange and Wave they have hosts of their own. */
export function answerPages(simulator: Simulator, request: Request): Answer | undefined {
  if (request.method === 'GET' && request.path === SCRIPT_PATH) return toScript();
  const [, place, id] = /^\/(process|wave|c)\/([^/]+)$/.exec(request.path) ?? [];
  if (id === undefined || (request.method !== 'GET' && request.method !== 'POST')) return undefined;
  const language = chooseLanguage(request);
  const transaction = simulator.world.book.transactions.get(id);
  if (!transaction || (transaction.record.kind === 'LINK') !== (place === 'process')) return toNotFound(language);
  // The hop page leads to Wave's own.
  if (place === 'wave') return redirect(`/c/${id}`);
  const wasOver = TERMINAL.includes(transaction.status);
  if (request.method === 'GET' && canAnswer(transaction) && !transaction.plan) simulator.timeline.open(transaction);
  if (request.method === 'GET' && place === 'c') simulator.timeline.open(transaction);
  const problem = request.method === 'POST' ? act(simulator, transaction, request) : undefined;
  if (request.method === 'POST' && problem === undefined)
    return redirect(`/${place ?? ''}/${id}?lang=${language}&seen=1`);
  if (wasOver) return toEnd(transaction, language, request.query.get('seen') === '1');
  return show(transaction, language, problem);
}

function toScript(): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/javascript; charset=utf-8' }, body: SCRIPT };
}

function toNotFound(language: Language): Answer {
  return { ...toPage(language, (texts) => `<p class="card">${texts('missing')}</p>`), status: 404 };
}

/** Does what the form says; the name of a text where it cannot. */
function act({ timeline }: Simulator, transaction: Transaction, request: Request): string | undefined {
  if (!canAnswer(transaction)) return undefined; // Sent twice: the page shows how it stands.
  const { action, phone: typed, get } = readPaymentForm(request);
  if (action === undefined) return 'wrong';
  const isLink = transaction.record.kind === 'LINK';
  if (!isLink || action === 'cancel') return void timeline.answer(transaction, action);
  if (transaction.plan) return undefined;
  const operator = get('operator');
  const phone = typed.replace(/^221(?=\d{9}$)/, '');
  if (!PAGE_SERVICES.some(({ code }) => code === operator) || !/^\d{9}$/.test(phone)) return 'wrong';
  if (action === 'wrong_pin') return void timeline.answer(transaction, action);
  timeline.pay(transaction, operator, phone);
  return undefined;
}

/** Who watched it end goes back to the shop, without anything added (§12); who comes later is told. */
function toEnd({ status, record }: Transaction, language: Language, isWatched: boolean): Answer {
  const back = status === 'SUCCESS' ? record.successUrl : record.failureUrl;
  if (isWatched || status !== 'SUCCESS') return { ...redirect(back), status: 302 };
  return toPage(
    language,
    (texts) =>
      `<section class="card"><p role="status">${texts('already')}</p>
<p><a class="button" href="${escape(back)}">${texts('back')}</a></p></section>`,
  );
}

function show(transaction: Transaction, language: Language, problem: string | undefined): Answer {
  const { record, plan } = transaction;
  const isUnderWay = record.kind === 'LINK' && plan !== null;
  const order = `<section class="card"><h2>${escape(record.merchant)}</h2>
<p class="amount">${record.amount} FCFA</p><p class="soft">${escape(record.itemName ?? record.id)}</p></section>`;
  const toBody = (texts: Texts) => {
    const complaint = problem === undefined ? '' : `<p class="card bad" role="alert">${texts(problem)}</p>`;
    const rest = isUnderWay ? `<p class="card" role="status">${texts('waiting')}</p>` : toForm(texts, transaction);
    return order + complaint + rest;
  };
  return toPage(language, toBody, { isWaiting: isUnderWay, transaction });
}

function toForm(texts: Texts, { record }: Transaction): string {
  const options = PAGE_SERVICES.map(({ code, name }) => ({ value: code, name }));
  const choice = toPayerFields(texts, { name: 'operator', options }, record.number ?? '');
  const wave = `<p class="soft">${escape(findService(record.service ?? '')?.name ?? '')}</p>`;
  return toPaymentForm(texts, record.kind === 'LINK' ? choice : wave);
}

function toPage(
  language: Language,
  toBody: (texts: Texts) => string,
  { isWaiting = false, transaction }: { isWaiting?: boolean; transaction?: Transaction } = {},
): Answer {
  const { successUrl, failureUrl } = transaction?.record ?? {};
  return page(language, {
    texts: TEXTS,
    body: toBody(textsIn(language, TEXTS)),
    ...(isWaiting ? { script: SCRIPT_PATH, refreshSeconds: 2 } : {}),
    // A form's answer is a redirect to the page, and from there to the shop: browsers check every step.
    formTargets: [successUrl, failureUrl].flatMap((url) => (url === undefined ? [] : [new URL(url).origin])),
  });
}
