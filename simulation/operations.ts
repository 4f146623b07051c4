import { z } from 'zod';
import { Violation, type Auditor } from './auditor.js';
import type { ApiAnswer } from './gateway-process.js';
import type { Order, Orders } from './orders.js';
import type { ProviderModel } from './provider-model.js';
import type { Merchant } from './stage.js';
import type { World } from './world.js';

/** What merchants need to act. */
export interface Market {
  readonly world: World;
  readonly merchants: readonly [Merchant, Merchant];
  readonly orders: Orders;
  readonly provider: () => ProviderModel;
  readonly auditor: Auditor;
}

/** Something that merchants do. A feature that moves money adds its own; runs draw from them all. */
export interface Operation {
  readonly name: string;
  /** How often it is drawn, against the others. */
  readonly weight: number;
  perform(market: Market): Promise<void>;
}

const Accepted = z.object({ id: z.string(), amount: z.string(), status: z.string() });

/** A few customers, so that they meet the rules of their network; none has a number with a magic ending. */
const PHONES = [
  '+254711450101',
  '+254711450202',
  '+254711450303',
  '+254711450404',
  '+254711450505',
  '+254711450606',
] as const;
const AMOUNTS = ['150.00', '1', '20.00', '249999.00', '1000', '77.00'] as const;
const PAYOUT_AMOUNTS = ['150.00', '10', '20.00', '249999.00', '1000', '77.00'] as const;
const PATHS = { in: '/v1/collections', out: '/v1/payouts' } as const;
const PRYING: readonly [Prying, ...Prying[]] = [
  ['GET', ''],
  ['GET', '/events'],
  ['POST', '/verify'],
  ['POST', '/cancel'],
];
type Prying = readonly ['GET' | 'POST', string];
const MOST_REPETITIONS = 40;

const collect: Operation = {
  name: 'ask a customer to pay',
  weight: 5,
  async perform(market) {
    await place(market, draw(market));
  },
};

const pay: Operation = {
  name: 'pay a recipient',
  weight: 4,
  async perform(market) {
    await place(market, drawPayout(market));
  },
};

const placeAtOnce: Operation = {
  name: 'send one request several times at once',
  weight: 3,
  async perform(market) {
    const order = market.world.dice.chance(0.5) ? draw(market) : drawPayout(market);
    const copies = market.world.dice.whole(2, 4);
    await Promise.all(Array.from({ length: copies }, () => place(market, order)));
  },
};

const repeat: Operation = {
  name: 'repeat an answered request',
  weight: 2,
  async perform(market) {
    const order = pickOrder(market);
    if (order) await place(market, order);
  },
};

const reuseKey: Operation = {
  name: 'use a key for another request',
  weight: 1,
  async perform(market) {
    const order = pickOrder(market);
    if (!order) return;
    const body = JSON.stringify({ ...(JSON.parse(order.body) as object), amount: '5000' });
    const answer = await post(market, order, {
      path: PATHS[order.direction],
      body,
      headers: { 'idempotency-key': order.idempotencyKey },
    });
    expectStatus(answer, [422], `the key of ${order.reference} with another body`);
  },
};

const reuseReference: Operation = {
  name: 'use a reference again',
  weight: 1,
  async perform(market) {
    const order = pickOrder(market);
    if (!order) return;
    const answer = await post(market, order, {
      path: PATHS[order.direction],
      body: order.body,
      headers: { 'idempotency-key': `other-${order.idempotencyKey}-${String(market.world.calendar.now())}` },
    });
    expectStatus(answer, [409], `the reference of ${order.reference} again`);
  },
};

const cancel: Operation = {
  name: 'cancel',
  weight: 2,
  async perform(market) {
    const order = pickOrder(market);
    if (!order) return;
    const answer = await post(market, order, { path: `/v1/transactions/${order.id}/cancel` });
    expectStatus(answer, [200, 409], `cancelling ${order.reference}`);
    market.world.tell('merchant', `cancels ${order.reference} → ${String(answer?.status ?? 'no answer')}`);
  },
};

const verify: Operation = {
  name: 'verify',
  weight: 3,
  async perform(market) {
    const order = pickOrder(market);
    if (!order) return;
    const answer = await post(market, order, { path: `/v1/transactions/${order.id}/verify` });
    expectStatus(answer, [200], `verifying ${order.reference}`);
    market.world.tell('merchant', `verifies ${order.reference} → ${String(answer?.status ?? 'no answer')}`);
  },
};

const spy: Operation = {
  name: "ask for another merchant's transaction",
  weight: 1,
  async perform({ world, merchants, orders }) {
    const order = pickOrder({ world, orders });
    const stranger = order && merchants.find(({ merchantId }) => merchantId !== order.merchantId);
    if (!stranger) return;
    const [method, path] = world.dice.pick(PRYING);
    const headers = { authorization: `Bearer ${stranger.key}` };
    const answer = await world.callGateway({ method, path: `/v1/transactions/${order.id}${path}`, headers });
    expectStatus(answer, [404], `${stranger.name} asking for ${order.reference}`);
  },
};

export const OPERATIONS: readonly Operation[] = [
  collect,
  pay,
  placeAtOnce,
  repeat,
  reuseKey,
  reuseReference,
  cancel,
  verify,
  spy,
];

/** Draws the next thing that happens. */
export function drawOperation({ world }: Pick<Market, 'world'>): Operation {
  const total = OPERATIONS.reduce((sum, { weight }) => sum + weight, 0);
  let lot = world.dice.fraction() * total;
  return OPERATIONS.find(({ weight }) => (lot -= weight) < 0) ?? collect;
}

function draw({ world, merchants, orders, provider }: Market): Order {
  const { dice } = world;
  const { merchantId } = dice.pick(merchants);
  const number = String(orders.all.length + 1).padStart(3, '0');
  const phone = dice.pick(PHONES);
  const amount = dice.pick(AMOUNTS);
  const reference = `INV-${number}`;
  const outcome = provider().decide(phone, 'in');
  const request = {
    reference,
    amount,
    currency: 'KES',
    method: 'mpesa_ke',
    customer: { phone },
    expiresInSeconds: dice.pick([60, 300, 900]),
  };
  world.tell('merchant', `wants ${amount} KES of ${phone} as ${reference}; the customer will: ${outcome}`);
  return orders.add({
    direction: 'in',
    merchantId,
    reference,
    idempotencyKey: `key-${number}`,
    amountMinor: toMinor(amount),
    phone,
    body: JSON.stringify(request),
  });
}

function drawPayout({ world, merchants, orders, provider }: Market): Order {
  const { dice } = world;
  const { merchantId } = dice.pick(merchants);
  const number = String(orders.all.length + 1).padStart(3, '0');
  const phone = dice.pick(PHONES);
  const amount = dice.pick(PAYOUT_AMOUNTS);
  const reference = `PAY-${number}`;
  const outcome = provider().decide(phone, 'out');
  const request = {
    reference,
    amount,
    currency: 'KES',
    method: 'mpesa_ke',
    recipient: { phone },
    purpose: dice.pick(['salary', 'supplier', 'other']),
    expiresInSeconds: dice.pick([300, 3_600, 86_400]),
  };
  world.tell('merchant', `pays ${amount} KES to ${phone} as ${reference}; M-Pesa will end it with: ${outcome}`);
  return orders.add({
    direction: 'out',
    merchantId,
    reference,
    idempotencyKey: `key-${number}`,
    amountMinor: toMinor(amount),
    phone,
    body: JSON.stringify(request),
  });
}

function toMinor(amount: string): bigint {
  return BigInt(amount.replace(/\.\d\d$/, '')) * 100n;
}

/** Sends the request until it is answered, as a careful client does: each time the same, with the same key. */
async function place(market: Market, order: Order): Promise<void> {
  const { world } = market;
  for (let tries = 1; tries <= MOST_REPETITIONS; tries++) {
    const answer = await post(market, order, {
      path: PATHS[order.direction],
      body: order.body,
      headers: { 'idempotency-key': order.idempotencyKey },
    });
    const lost = world.faults.draw('client') !== undefined;
    if (answer && !lost) return hear(market, order, answer);
    await world.wait(world.dice.whole(500, 60_000));
  }
}

function hear({ world }: Market, order: Order, answer: ApiAnswer): void {
  world.tell(
    'merchant',
    `hears of ${order.reference}: HTTP ${String(answer.status)} ${answer.status === 201 ? '' : answer.text.slice(0, 120)}`.trimEnd(),
  );
  if (answer.status === 201) {
    const { id } = Accepted.parse(JSON.parse(answer.text));
    if (order.id !== undefined && order.id !== id)
      throw new Violation('1 at most one movement', `${order.reference} was acknowledged as ${order.id} and as ${id}`);
    order.id = id;
    // A guard's refusal holds for a while only: a copy that came later may well be taken.
    order.refused = false;
    return;
  }
  const providerIsAway = answer.status === 503 && answer.text.includes('"provider_unavailable"');
  // Guards are about phones that are asked to pay; of a payout only a provider that is away stands in the way.
  const expected = order.direction === 'in' ? [409] : [];
  if (!providerIsAway) expectStatus(answer, expected, `asking for ${order.reference}`);
  if (order.id !== undefined)
    throw new Violation(
      '10 acknowledged requests survive',
      `${order.reference} was acknowledged, and a repetition is refused: ${answer.text}`,
    );
  order.refused = true;
}

function pickOrder({ world, orders }: Pick<Market, 'world' | 'orders'>): (Order & { id: string }) | undefined {
  return world.dice.pickOf(orders.acknowledged);
}

function post(
  { world, merchants }: Market,
  { merchantId }: Order,
  request: { path: string; body?: string; headers?: Readonly<Record<string, string>> },
): Promise<ApiAnswer | undefined> {
  const key = merchants.find((merchant) => merchant.merchantId === merchantId)?.key ?? '';
  return world.callGateway({
    method: 'POST',
    ...request,
    headers: { authorization: `Bearer ${key}`, ...request.headers },
  });
}

/** No answer is no violation: the process may have died. */
function expectStatus(answer: ApiAnswer | undefined, expected: readonly number[], what: string): void {
  if (!answer || expected.includes(answer.status)) return;
  const invariant = answer.status >= 500 ? 'never a 500' : 'contract';
  throw new Violation(invariant, `${what} was answered with HTTP ${String(answer.status)}: ${answer.text}`);
}
