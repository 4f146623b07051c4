// What `npm run demo` plays: who is asked for money or paid, what people do on their simulated phones, and what must come
// of it. A story knows the gateway as its API alone, and a provider as its simulator's control API and pages.
import { randomInt, randomUUID } from 'node:crypto';

/**
 * @typedef {object} Story
 * @property {string} title
 * @property {'mpesa' | 'moneroo' | 'dexchange'} provider whose book must show it
 * @property {string} [create] the route that takes it
 * @property {(told: object[]) => object} [toBody] the request, from the transactions of the stories before
 * @property {(stage: object) => Promise<object>} [open] in their place: makes the transaction in another way
 * @property {Record<string, unknown>} [faults] switches of the simulator while it is told
 * @property {(stage: object) => Promise<unknown>} [act] what people do meanwhile
 * @property {(stage: object) => Promise<string>} [look] what else can be seen at the end: `expected.seen`
 * @property {{ status: string, agreement?: string, transfers: string[], seen?: string }} expected `transfers`: what the provider's
 *   book holds of this phone
 */

/** @type {readonly Story[]} */
export const stories = [
  {
    title: 'A customer in Kenya pays an order by M-Pesa',
    provider: 'mpesa',
    create: '/v1/collections',
    toBody: () => toMpesaCollection('150.00'),
    act: answerPhone('pin'),
    expected: { status: 'succeeded', agreement: 'agree', transfers: ['in 150.00'] },
  },
  {
    title: 'A salary by M-Pesa',
    provider: 'mpesa',
    create: '/v1/payouts',
    toBody: () => ({
      ...toMovement('SALARY', '1200.00', 'KES', 'mpesa_ke'),
      purpose: 'salary',
      recipient: { phone: toKenyanPhone() },
    }),
    expected: { status: 'succeeded', transfers: ['out 1200.00'] },
  },
  {
    title: 'A salary by MTN in Benin, through Moneroo',
    provider: 'moneroo',
    create: '/v1/payouts',
    toBody: () => ({
      ...toMovement('SALARY', '25000', 'XOF', 'mtn_bj'),
      purpose: 'salary',
      recipient: {
        phone: `+22901901${randomInt(10, 60)}0${randomInt(10, 99)}`,
        ...{ firstName: 'Ama', lastName: 'Koffi', email: 'ama.k@example.com' },
      },
    }),
    expected: { status: 'succeeded', agreement: 'agree', transfers: ['out 25000'] },
  },
  {
    title: 'A customer in Senegal pays on the page of Wave, through DExchange',
    provider: 'dexchange',
    create: '/v1/collections',
    toBody: () => ({
      ...toMovement('ORDER', '7500', 'XOF', 'wave_sn'),
      customer: { phone: `+22177${randomInt(100, 999)}${randomInt(10, 99)}${randomInt(20, 99)}` },
      returnUrl: 'https://shop.example/thanks',
    }),
    act: payOnPage,
    expected: { status: 'succeeded', agreement: 'agree', transfers: ['in 7500'] },
  },
  {
    title: 'A customer pays on the page of a payment link',
    provider: 'mpesa',
    open: payLink,
    act: answerPhone('pin'),
    look: async ({ gateway, created }) => `link ${(await readLink(gateway, created.paymentLinkId)).status}`,
    expected: { status: 'succeeded', agreement: 'agree', transfers: ['in 900.00'], seen: 'link paid' },
  },
  {
    title: 'The first order is paid back',
    provider: 'mpesa',
    create: '/v1/refunds',
    toBody: ([{ id }]) => ({ reference: toReference('REFUND'), transactionId: id, reason: 'The order was cancelled' }),
    expected: {
      status: 'succeeded',
      transfers: ['in 150.00', 'out 150.00'],
    },
  },
  {
    title: 'A customer says no',
    provider: 'mpesa',
    create: '/v1/collections',
    toBody: () => toMpesaCollection('150.00'),
    act: answerPhone('cancel'),
    expected: { status: 'cancelled', agreement: 'agree', transfers: [] },
  },
  {
    title: 'A customer pays, and the callback never comes: we ask the provider',
    provider: 'mpesa',
    create: '/v1/collections',
    toBody: () => toMpesaCollection('150.00'),
    faults: { callbackDrop: 1 },
    act: answerPhone('pin'),
    expected: { status: 'succeeded', agreement: 'single_source', transfers: ['in 150.00'] },
  },
];

function toMpesaCollection(amount) {
  return { ...toMovement('ORDER', amount, 'KES', 'mpesa_ke'), customer: { phone: toKenyanPhone() } };
}

function toMovement(word, amount, currency, method) {
  return { reference: toReference(word), amount, currency, method };
}

function toReference(word) {
  return `${word}-${randomUUID().slice(0, 8)}`;
}

/** One without magic: its last six digits are no code. */
function toKenyanPhone() {
  return `+2547${randomInt(10, 99)}${randomInt(100_000, 999_999)}`;
}

/** Waits until the phone is asked, and answers. */
function answerPhone(action) {
  return ({ simulator, created }) =>
    simulator(`POST /_control/phones/${toParty(created).slice(1)}/answer`, { action, waitMs: 10_000 });
}

/** Opens the page that the customer would be sent to, and pays there. */
async function payOnPage({ read }) {
  const { nextAction } = await read(({ nextAction }) => nextAction?.type === 'redirect');
  const answer = await fetch(nextAction.url, {
    method: 'POST',
    body: new URLSearchParams({ action: 'pay' }),
    redirect: 'manual',
  });
  if (answer.status >= 400) throw new Error(`The page ${nextAction.url} answered ${answer.status}.`);
}

/** Makes a link, opens its page as the customer's browser would, and sends the form. */
async function payLink({ gateway }) {
  const link = await gateway('POST /v1/payment-links', {
    ...{ reference: toReference('LINK'), itemName: 'Two sacks of maize', amount: '900.00', currency: 'KES' },
    ...{ successUrl: 'https://shop.example/thanks', failureUrl: 'https://shop.example/cart' },
  });
  const page = await (await fetch(link.url)).text();
  const nonce = /name="nonce" value="([^"]+)"/.exec(page)?.[1];
  const answer = await fetch(`${link.url}/attempts`, {
    method: 'POST',
    headers: { origin: new URL(link.url).origin },
    body: new URLSearchParams({ nonce, method: 'mpesa_ke', phone: toKenyanPhone() }),
    redirect: 'manual',
  });
  if (answer.status >= 400) throw new Error(`The page ${link.url} answered ${answer.status}.`);
  const { lastTransactionId } = await readLink(gateway, link.id);
  return gateway(`GET /v1/transactions/${lastTransactionId}`);
}

function readLink(gateway, id) {
  return gateway(`GET /v1/payment-links/${id}`);
}

/** The phone that pays or is paid. */
export function toParty({ customer, recipient }) {
  return (customer ?? recipient).phone;
}
