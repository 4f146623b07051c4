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
import { DEFAULT_WEBHOOK_SECRET } from './directory.js';
import { MAGIC_ENDINGS } from './outcomes.js';
import { listPhones, toPhoneView } from './phone-views.js';
import type { Simulator } from './simulator.js';
import { ACTIONS, type NoAnswer } from './timeline.js';
import { toTransactionView, toTransferView, toWebhookView } from './views.js';

const DIGITS = /^\d{6,15}$/;
const AnswerBody = z.strictObject({ action: z.enum(ACTIONS), waitMs: Wait });
const Subscriptions = z
  .array(
    z.strictObject({ url: z.url({ protocol: /^https?$/ }), secret: z.string().min(1).default(DEFAULT_WEBHOOK_SECRET) }),
  )
  .max(15);
const ForgedWebhook = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Any JSON, or text that is sent as it is. */
  body: z.unknown(),
  /** Signs it; without one it goes unsigned. */
  secret: z.string().optional(),
  headers: z.record(z.string(), z.string()).default({}),
});

const route = (method: string, shown: string, handle: ControlRoute<Simulator>['handle']) =>
  controlRoute<Simulator>(method, shown, handle);

/** Every control call, in the order of the documentation. */
export const ROUTES: readonly ControlRoute<Simulator>[] = [
  route('GET', '/_control/health', ({ world, isIdle }) =>
    json(200, {
      simulator: 'moneroo',
      status: 'ok',
      simulated: true,
      idle: isIdle,
      now: new Date(world.time.now()).toISOString(),
      transactions: world.book.transactions.size,
      open: world.book.open.size,
    }),
  ),
  route('GET', '/_control/transfers', ({ world }) => json(200, world.book.transfers().map(toTransferView))),
  route('GET', '/_control/transactions', ({ world }) =>
    json(200, [...world.book.transactions.values()].map(toTransactionView)),
  ),
  route('GET', '/_control/webhooks', ({ world }) => json(200, listSubscriptions(world))),
  route('PUT', '/_control/webhooks', subscribe),
  route('GET', '/_control/deliveries', ({ world }) => json(200, world.book.webhooks.map(toWebhookView))),
  route('POST', '/_control/deliveries/send', forge),
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
  route('GET', '/_control/magic', () => json(200, { lastFourDigits: MAGIC_ENDINGS })),
  route('POST', '/_control/idle', waitForIdle),
  route('POST', '/_control/reset', (simulator) => {
    simulator.reset();
    return json(200, { reset: true });
  }),
];

/** What those who test ask and tell the simulator. Nothing under `/_control` exists at Moneroo. */
export function answerControl(simulator: Simulator, request: Request): Answer | Promise<Answer> {
  return answerControlCall(ROUTES, simulator, request);
}

function listSubscriptions({ book, directory }: Simulator['world']) {
  return directory.apps.flatMap(({ id, webhooks }) => book.subscriptions.get(id) ?? webhooks);
}

/** The dashboard's list of webhooks, for every app. */
function subscribe({ world }: Simulator, request: Request): Answer {
  const given = readControlBody(Subscriptions, request);
  if ('refused' in given) return given.refused;
  for (const { id } of world.directory.apps) world.book.record({ kind: 'subscribed', app: id, webhooks: given.value });
  return json(200, listSubscriptions(world));
}

async function forge({ webhooks }: Simulator, request: Request): Promise<Answer> {
  const given = readControlBody(ForgedWebhook, request);
  if ('refused' in given) return given.refused;
  const { url, secret, headers, body } = given.value;
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  return json(200, await webhooks.forge({ url, secret, headers, body: text }));
}

const notAPhone = (digits: string): Answer =>
  controlProblem(400, 'invalid_phone', `"${digits}" is no international number in digits, such as 2290190112233.`);

const NO_ANSWER: Readonly<Record<NoAnswer, string>> = {
  no_prompt: 'No open payment names this phone.',
  already_answered: 'The payment was answered already.',
  no_method: 'None of the payment’s methods takes this phone.',
};

async function answerPhone(simulator: Simulator, request: Request, digits: string): Promise<Answer> {
  if (!DIGITS.test(digits)) return notAPhone(digits);
  const given = readControlBody(AnswerBody, request);
  if ('refused' in given) return given.refused;
  const { action, waitMs } = given.value;
  const outcome = await simulator.answer(digits, action, waitMs);
  if (typeof outcome === 'string')
    return controlProblem(outcome === 'no_prompt' ? 404 : 409, outcome, NO_ANSWER[outcome]);
  return json(200, toTransactionView(outcome));
}

async function waitForIdle(simulator: Simulator, request: Request): Promise<Answer> {
  const given = readControlBody(z.strictObject({ waitMs: Wait }), request);
  if ('refused' in given) return given.refused;
  return json(200, { idle: await simulator.watch.until(() => simulator.isIdle, given.value.waitMs) });
}
