import { z } from 'zod';
import {
  answerPhone,
  controlProblem,
  controlRoute,
  forPhone,
  healthRoute,
  json,
  lifeRoutes,
  switchRoutes,
  toIsoTime,
  toWebhookView,
  withBody,
  type Answer,
  type Answering,
  type ControlRoute,
  type PhoneForm,
  type Request,
} from '#libs/simulators/kit';
import { MAGIC_ENDINGS } from './outcomes.js';
import { listEmails, listPhones, toPhoneView } from './phones.js';
import type { Simulator } from './simulator.js';
import { toTransactionView, toTransferView } from './views.js';

const PHONE: PhoneForm = {
  pattern: /^\d{6,15}$/,
  words: 'international number in digits, such as 221770000001.',
};
const DAY_MS = 86_400_000;

const Settlement = z.strictObject({
  status: z.enum(['PENDING', 'PROCESSING', 'SUCCESS', 'FAILED', 'CANCELLED', 'EXPIRED']),
  operatorRef: z.string().min(1).max(60).optional(),
});
const Balance = z.strictObject({ balance: z.number().int(), merchant: z.string().optional() });
const Advance = z.strictObject({
  advanceMs: z
    .number()
    .int()
    .min(0)
    .max(400 * DAY_MS),
});

const NO_ANSWER = { no_prompt: 'No open collection or link names this phone.' };

const route = controlRoute<Simulator>;

/** Every control call, in the order of the documentation. Nothing under `/_control` exists at DExchange. */
export const ROUTES: readonly ControlRoute<Simulator>[] = [
  healthRoute('dexchange', ({ world }) => ({ transactions: world.book.transactions.size })),
  route('GET', '/_control/transfers', ({ world }) => json(200, world.book.transfers().map(toTransferView))),
  route('GET', '/_control/transactions', ({ world }) =>
    json(200, [...world.book.transactions.values()].map(toTransactionView)),
  ),
  route('POST', '/_control/transactions/{id}/settle', withBody(Settlement, settle)),
  route('GET', '/_control/balance', ({ world }) => json(200, toBalances(world))),
  route('PUT', '/_control/balance', withBody(Balance, setBalance)),
  route('POST', '/_control/clock', withBody(Advance, advanceClock)),
  route('GET', '/_control/emails', ({ world }) => json(200, listEmails(world))),
  route('GET', '/_control/deliveries', ({ world }) => json(200, world.book.webhooks.all.map(toWebhookView))),
  route('POST', '/_control/deliveries/{id}/replay', replay),
  ...switchRoutes<Simulator>(),
  route('GET', '/_control/phones', ({ world }) => json(200, listPhones(world))),
  route(
    'GET',
    '/_control/phones/{digits}',
    forPhone(PHONE, ({ world }, _request, digits) => json(200, toPhoneView(world, digits))),
  ),
  route('POST', '/_control/phones/{digits}/answer', forPhone(PHONE, answerPhone(answer, NO_ANSWER))),
  route('GET', '/_control/magic', () => json(200, { lastTwoDigits: MAGIC_ENDINGS })),
  ...lifeRoutes<Simulator>(),
];

/** An end, or a step on the way, by somebody's word. */
function settle(
  { world, timeline }: Simulator,
  { status, operatorRef }: z.infer<typeof Settlement>,
  id: string,
): Answer {
  const found = world.book.transactions.get(id);
  if (!found) return controlProblem(404, 'not_found', `There is no transaction ${id}.`);
  timeline.settle(found, status, operatorRef);
  return json(200, toTransactionView(found));
}

function toBalances({ book, directory, settings }: Simulator['world']) {
  return directory.merchants.map(({ name }) => ({
    merchant: name,
    balance: book.balanceOf(name, settings.get('balance')),
  }));
}

function setBalance({ world }: Simulator, { balance, merchant }: z.infer<typeof Balance>): Answer {
  const named = world.directory.merchants.filter(({ name }) => merchant === undefined || name === merchant);
  if (named.length === 0) return controlProblem(404, 'not_found', `There is no merchant "${merchant ?? ''}".`);
  for (const { name } of named) world.book.record({ kind: 'balance', merchant: name, balance });
  return json(200, toBalances(world));
}

function advanceClock({ world }: Simulator, { advanceMs }: z.infer<typeof Advance>): Answer {
  world.time.advance(advanceMs);
  return json(200, { now: toIsoTime(world.time.now()) });
}

async function replay({ world, webhooks }: Simulator, _request: Request, id: string): Promise<Answer> {
  const found = world.book.webhooks.find(Number(id));
  if (!found) return controlProblem(404, 'not_found', `There is no webhook ${id}.`);
  return json(200, toWebhookView(await webhooks.replay(found)));
}

async function answer(simulator: Simulator, { digits, action, waitMs }: Answering): Promise<object | 'no_prompt'> {
  const answered = await simulator.answer(digits, action, waitMs);
  return answered ? toTransactionView(answered) : 'no_prompt';
}
