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
import { toReturnUrl } from './bodies.js';
import type { Transaction } from './book.js';
import { findMethod } from './methods.js';
import { shopOf } from './phone-views.js';
import type { Simulator } from './simulator.js';
import { canAnswer } from './timeline.js';

const TEXTS: PageTexts = {
  en: {
    title: 'Checkout, simulated',
    banner: 'Simulated. No real money moves here. Never type a real number or PIN.',
    sandbox: 'Sandbox',
    method: 'Payment method',
    phone: 'Phone number, country code first',
    pay: 'Pay',
    fail: 'Let it fail',
    cancel: 'Cancel',
    waiting: 'Waiting for the network…',
    failed: 'The payment failed',
    again: 'Try again, or go back.',
    back: 'Back to the shop',
    missing: 'There is no such payment.',
    wrong: 'Choose a method and type digits, country code first.',
    notAllowed: 'Only the number that the shop named may pay.',
  },
  fr: {
    title: 'Paiement, simulé',
    banner: 'Simulation. Aucun argent réel ne circule. Ne tapez jamais un vrai numéro ni un vrai code.',
    sandbox: 'Bac à sable',
    method: 'Moyen de paiement',
    phone: 'Numéro de téléphone, indicatif du pays d’abord',
    pay: 'Payer',
    fail: 'Faire échouer',
    cancel: 'Annuler',
    waiting: 'En attente du réseau…',
    failed: 'Le paiement a échoué',
    again: 'Réessayez, ou revenez à la boutique.',
    back: 'Retour à la boutique',
    missing: 'Ce paiement n’existe pas.',
    wrong: 'Choisissez un moyen et tapez des chiffres, indicatif du pays d’abord.',
    notAllowed: 'Seul le numéro indiqué par la boutique peut payer.',
  },
};

/** The hosted checkout, `/checkout/{id}`: at Moneroo it has a host of its own. */
export function answerCheckout(simulator: Simulator, request: Request): Answer | undefined {
  const id = /^\/checkout\/([^/]+)$/.exec(request.path)?.[1];
  if (id === undefined || (request.method !== 'GET' && request.method !== 'POST')) return undefined;
  const language = chooseLanguage(request);
  const transaction = simulator.world.book.transactions.get(id);
  if (transaction?.record.kind !== 'payment') return toNotFound(language);
  if (request.method === 'GET') simulator.timeline.open(id);
  const problem = request.method === 'POST' ? act(simulator, transaction, request) : undefined;
  if (request.method === 'POST' && problem === undefined) return redirect(`/checkout/${id}?lang=${language}`);
  return show(simulator, transaction, { language, problem });
}

function toNotFound(language: Language): Answer {
  const body = `<p class="card">${textsIn(language, TEXTS)('missing')}</p>`;
  return { ...page(language, { texts: TEXTS, body }), status: 404 };
}

/** Does what the form says; the name of a text where it cannot. */
function act(simulator: Simulator, transaction: Transaction, request: Request): string | undefined {
  if (!canAnswer(simulator.world, transaction)) return undefined; // Sent twice: the page shows how it stands.
  const { action, phone, get } = readPaymentForm(request);
  const method = get('method');
  if (action === undefined) return 'wrong';
  if (action !== 'cancel') {
    if (!transaction.record.methods.includes(method) || !/^\d{6,15}$/.test(phone)) return 'wrong';
    if (transaction.record.restrictedPhone !== null && transaction.record.restrictedPhone !== phone)
      return 'notAllowed';
  }
  simulator.timeline.answer(transaction, action, { method, phone });
  return undefined;
}

function show(
  { world }: Simulator,
  transaction: Transaction,
  { language, problem }: { language: Language; problem: string | undefined },
): Answer {
  const texts = textsIn(language, TEXTS);
  const { record, status, message, plan, isPlanDone } = transaction;
  const returnUrl = toReturnUrl(transaction) ?? '/';
  const isOpen = canAnswer(world, transaction);
  const isUnderWay = status === 'pending' || (plan !== null && !isPlanDone);
  if (!isOpen && !isUnderWay) return redirect(returnUrl);
  const order = `<section class="card"><h2>${escape(shopOf(world, record.app))}</h2>
<p class="amount">${escape(`${record.amount} ${record.currency}`)}</p>
<p class="soft">${escape(record.description)}</p>${record.environment === 'sandbox' ? `<p class="soft bad">${texts('sandbox')}</p>` : ''}</section>`;
  const failure = status === 'failed' && !isUnderWay ? toFailure(texts, message, returnUrl) : '';
  const complaint = problem === undefined ? '' : `<p class="card bad" role="alert">${texts(problem)}</p>`;
  const rest = isOpen ? toForm(texts, transaction) : `<p class="card" role="status">${texts('waiting')}</p>`;
  return page(language, {
    texts: TEXTS,
    body: order + failure + complaint + rest,
    refreshSeconds: isOpen ? undefined : 1,
    // A form's answer is a redirect to the page, and from there to the shop: browsers check every step.
    formTargets: [new URL(returnUrl, world.baseUrl).origin],
  });
}

function toFailure(texts: Texts, message: string | null, returnUrl: string): string {
  const why = message === null ? '' : `: ${escape(message)}`;
  return `<section class="card" role="alert"><p class="bad">${texts('failed')}${why}</p><p class="soft">${texts('again')}</p>
<p><a class="button" href="${escape(returnUrl)}">${texts('back')}</a></p></section>`;
}

function toForm(texts: Texts, { record }: Transaction): string {
  const options = record.methods.map((code) => ({ value: code, name: findMethod('payment', code)?.name ?? code }));
  const phone = record.restrictedPhone ?? record.customer.phone ?? '';
  return toPaymentForm(texts, toPayerFields(texts, { name: 'method', options }, phone));
}
