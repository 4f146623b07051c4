import { z } from 'zod';
import {
  answerControlCall,
  clearSwitches,
  controlProblem,
  controlRoute,
  json,
  readControlBody,
  turnSwitches,
  Wait,
  type Answer,
  type ControlRoute,
  type Request,
} from '#libs/simulators/kit';
import { MAGIC_ENDINGS } from './outcomes.js';
import { listEmails, listPhones, toPhoneView } from './phones.js';
import type { Simulator } from './simulator.js';
import { ACTIONS } from './timeline.js';
import { toTransactionView, toTransferView, toWebhookView } from './views.js';

const DIGITS = /^\d{6,15}$/;
const DAY_MS = 86_400_000;

const AnswerBody = z.strictObject({ action: z.enum(ACTIONS), waitMs: Wait });
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

const route = (method: string, shown: string, handle: ControlRoute<Simulator>['handle']) =>
  controlRoute<Simulator>(method, shown, handle);

/** Every control call, in the order of the documentation. */
export const ROUTES: readonly ControlRoute<Simulator>[] = [
  route('GET', '/_control/health', ({ world, isIdle }) =>
    json(200, {
      simulator: 'dexchange',
      status: 'ok',
      simulated: true,
      idle: isIdle,
      now: new Date(world.time.now()).toISOString(),
      transactions: world.book.transactions.size,
    }),
  ),
  route('GET', '/_control/transfers', ({ world }) => json(200, world.book.transfers().map(toTransferView))),
  route('GET', '/_control/transactions', ({ world }) =>
    json(200, [...world.book.transactions.values()].map(toTransactionView)),
  ),
  route('POST', '/_control/transactions/{id}/settle', settle),
  route('GET', '/_control/balance', ({ world }) => json(200, toBalances(world))),
  route('PUT', '/_control/balance', setBalance),
  route('POST', '/_control/clock', advanceClock),
  route('GET', '/_control/emails', ({ world }) => json(200, listEmails(world))),
  route('GET', '/_control/deliveries', ({ world }) => json(200, world.book.webhooks.map(toWebhookView))),
  route('POST', '/_control/deliveries/{id}/replay', replay),
  route('GET', '/_control/faults', ({ world }) => json(200, world.faults.describe())),
  route('PUT', '/_control/faults', ({ world }, request) => turnSwitches(world.faults, request)),
  route('DELETE', '/_control/faults', ({ world }) => clearSwitches(world.faults)),
  route('DELETE', '/_control/faults/{name}', ({ world }, _request, name) => clearSwitches(world.faults, name)),
  route('GET', '/_control/settings', ({ world }) => json(200, world.settings.describe())),
  route('PUT', '/_control/settings', ({ world }, request) => turnSwitches(world.settings, request)),
  route('DELETE', '/_control/settings', ({ world }) => {
    world.settings.restart();
    return json(200, world.settings.describe());
  }),
  route('GET', '/_control/phones', ({ world }) => json(200, listPhones(world))),
  route('GET', '/_control/phones/{digits}', (simulator, _request, digits) =>
    DIGITS.test(digits) ? json(200, toPhoneView(simulator.world, digits)) : notAPhone(digits),
  ),
  route('POST', '/_control/phones/{digits}/answer', answerPhone),
  route('GET', '/_control/magic', () => json(200, { lastTwoDigits: MAGIC_ENDINGS })),
  route('POST', '/_control/idle', waitForIdle),
  route('POST', '/_control/reset', (simulator) => {
    simulator.reset();
    return json(200, { reset: true });
  }),
];

/** What those who test ask and tell the simulator. Nothing under `/_control` exists at DExchange. */
export function answerControl(simulator: Simulator, request: Request): Answer | Promise<Answer> {
  return answerControlCall(ROUTES, simulator, request);
}

/** An end, or a step on the way, by somebody's word. */
function settle({ world, timeline }: Simulator, request: Request, id: string): Answer {
  const given = readControlBody(Settlement, request);
  if ('refused' in given) return given.refused;
  const found = world.book.transactions.get(id);
  if (!found) return controlProblem(404, 'not_found', `There is no transaction ${id}.`);
  timeline.settle(found, given.value.status, given.value.operatorRef);
  return json(200, toTransactionView(found));
}

function toBalances({ book, directory, settings }: Simulator['world']) {
  return directory.merchants.map(({ name }) => ({
    merchant: name,
    balance: book.balanceOf(name, settings.get('balance')),
  }));
}

function setBalance({ world }: Simulator, request: Request): Answer {
  const given = readControlBody(Balance, request);
  if ('refused' in given) return given.refused;
  const { balance, merchant } = given.value;
  const named = world.directory.merchants.filter(({ name }) => merchant === undefined || name === merchant);
  if (named.length === 0) return controlProblem(404, 'not_found', `There is no merchant "${merchant ?? ''}".`);
  for (const { name } of named) world.book.record({ kind: 'balance', merchant: name, balance });
  return json(200, toBalances(world));
}

function advanceClock({ world }: Simulator, request: Request): Answer {
  const given = readControlBody(Advance, request);
  if ('refused' in given) return given.refused;
  world.time.advance(given.value.advanceMs);
  return json(200, { now: new Date(world.time.now()).toISOString() });
}

async function replay({ world, webhooks }: Simulator, _request: Request, id: string): Promise<Answer> {
  const found = world.book.webhooks[Number(id) - 1];
  if (!found) return controlProblem(404, 'not_found', `There is no webhook ${id}.`);
  return json(200, toWebhookView(await webhooks.replay(found)));
}

const notAPhone = (digits: string): Answer =>
  controlProblem(400, 'invalid_phone', `"${digits}" is no international number in digits, such as 221770000001.`);

async function answerPhone(simulator: Simulator, request: Request, digits: string): Promise<Answer> {
  if (!DIGITS.test(digits)) return notAPhone(digits);
  const given = readControlBody(AnswerBody, request);
  if ('refused' in given) return given.refused;
  const answered = await simulator.answer(digits, given.value.action, given.value.waitMs);
  return answered
    ? json(200, toTransactionView(answered))
    : controlProblem(404, 'no_prompt', 'No open collection or link names this phone.');
}

async function waitForIdle(simulator: Simulator, request: Request): Promise<Answer> {
  const given = readControlBody(z.strictObject({ waitMs: Wait }), request);
  if ('refused' in given) return given.refused;
  return json(200, { idle: await simulator.watch.until(() => simulator.isIdle, given.value.waitMs) });
}
