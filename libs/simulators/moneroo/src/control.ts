import { z } from 'zod';
import {
  answerPhone,
  controlRoute,
  forPhone,
  healthRoute,
  json,
  lifeRoutes,
  switchRoutes,
  toWebhookView,
  withBody,
  type Answer,
  type Answering,
  type ControlRoute,
  type PhoneForm,
} from '#libs/simulators/kit';
import { DEFAULT_WEBHOOK_SECRET } from './directory.js';
import { MAGIC_ENDINGS } from './outcomes.js';
import { listPhones, toPhoneView } from './phone-views.js';
import type { Simulator } from './simulator.js';
import type { NoAnswer } from './timeline.js';
import { toTransactionView, toTransferView } from './views.js';

const PHONE: PhoneForm = {
  pattern: /^\d{6,15}$/,
  words: 'international number in digits, such as 2290190112233.',
};
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

const NO_ANSWER: Readonly<Record<NoAnswer, string>> = {
  no_prompt: 'No open payment names this phone.',
  already_answered: 'The payment was answered already.',
  no_method: 'None of the payment’s methods takes this phone.',
};

const route = controlRoute<Simulator>;

/** Every control call, in the order of the documentation. Nothing under `/_control` exists at Moneroo. */
export const ROUTES: readonly ControlRoute<Simulator>[] = [
  healthRoute('moneroo', ({ world: { book } }) => ({ transactions: book.transactions.size, open: book.open.size })),
  route('GET', '/_control/transfers', ({ world }) => json(200, world.book.transfers().map(toTransferView))),
  route('GET', '/_control/transactions', ({ world }) =>
    json(200, [...world.book.transactions.values()].map(toTransactionView)),
  ),
  route('GET', '/_control/webhooks', ({ world }) => json(200, listSubscriptions(world))),
  route('PUT', '/_control/webhooks', withBody(Subscriptions, subscribe)),
  route('GET', '/_control/deliveries', ({ world }) => json(200, world.book.webhooks.all.map(toWebhookView))),
  route('POST', '/_control/deliveries/send', withBody(ForgedWebhook, forge)),
  ...switchRoutes<Simulator>(),
  route('GET', '/_control/phones', ({ world }) => json(200, listPhones(world))),
  route(
    'GET',
    '/_control/phones/{digits}',
    forPhone(PHONE, ({ world }, _request, digits) => json(200, toPhoneView(world, digits))),
  ),
  route('POST', '/_control/phones/{digits}/answer', forPhone(PHONE, answerPhone(answer, NO_ANSWER))),
  route('GET', '/_control/magic', () => json(200, { lastFourDigits: MAGIC_ENDINGS })),
  ...lifeRoutes<Simulator>(),
];

function listSubscriptions({ book, directory }: Simulator['world']) {
  return directory.apps.flatMap(({ id, webhooks }) => book.subscriptions.get(id) ?? webhooks);
}

/** The dashboard's list of webhooks, for every app. */
function subscribe({ world }: Simulator, webhooks: z.infer<typeof Subscriptions>): Answer {
  for (const { id } of world.directory.apps) world.book.record({ kind: 'subscribed', app: id, webhooks });
  return json(200, listSubscriptions(world));
}

async function forge({ webhooks }: Simulator, message: z.infer<typeof ForgedWebhook>): Promise<Answer> {
  const { url, secret, headers, body } = message;
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  return json(200, await webhooks.forge({ url, secret, headers, body: text }));
}

async function answer(simulator: Simulator, { digits, action, waitMs }: Answering): Promise<object | NoAnswer> {
  const outcome = await simulator.answer(digits, action, waitMs);
  return typeof outcome === 'string' ? outcome : toTransactionView(outcome);
}
