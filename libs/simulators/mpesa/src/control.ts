import { z } from 'zod';
import {
  answerPhone,
  controlProblem,
  controlRoute,
  forPhone,
  healthRoute,
  json,
  lifeRoutes,
  readControlBody,
  switchRoutes,
  toIsoTime,
  withBody,
  type Answer,
  type Answering,
  type ControlRoute,
  type PhoneForm,
  type Request,
} from '#libs/simulators/kit';
import { formatCents, UTILITY, type Transfer } from './book.js';
import { SIMULATOR_CERTIFICATE } from './credential.js';
import { toOrderView } from './desk.js';
import { PAYOUT_CODES, toOrderDescription } from './order-codes.js';
import { DEMO_PHONES, toPhoneView, toPromptView, toTransferView, type PhoneView } from './phones.js';
import { findMagicByPhone, MAGIC_AMOUNT_BASE, RESULT_CODES, TEST_NUMBER } from './stk-codes.js';
import { MAX_AMOUNT } from './stk-fields.js';
import type { Simulator } from './simulator.js';
import type { NoAnswer } from './timeline.js';
import type { World } from './world.js';

const MSISDN = /^254[17]\d{8}$/;
const PHONE: PhoneForm = { pattern: MSISDN, words: 'number of the form 2547XXXXXXXX or 2541XXXXXXXX.' };
const PhoneBody = z.strictObject({
  balance: z.number().int().min(0).optional(),
  pinLocked: z.boolean().optional(),
  blocked: z.boolean().optional(),
});
const AccountBody = z.strictObject({
  account: z.string().min(1).max(100).default(UTILITY),
  /** Whole shillings. */
  balance: z.number().int().min(0).optional(),
  /** Whether wrong SecurityCredentials have locked the API operator. */
  locked: z.boolean().optional(),
});
const PaymentBody = z.strictObject({
  shortcode: z.string(),
  phone: z.string().regex(MSISDN),
  /** Whole shillings. */
  amount: z.number().int().min(1).max(Number(MAX_AMOUNT)),
  reference: z.string().max(20).default('C2B'),
});
const RawCallback = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Any JSON, or text that is sent as it is. */
  body: z.unknown(),
  headers: z.record(z.string(), z.string()).default({}),
});
const ForgedCallback = z.strictObject({
  checkoutRequestId: z.string(),
  resultCode: z.union([z.string().regex(/^\w{1,16}$/), z.number().int().min(0)]),
  url: z.url({ protocol: /^https?$/ }).optional(),
  amount: z.number().int().min(1).optional(),
  phone: z.string().regex(MSISDN).optional(),
  receipt: z.string().optional(),
  claimedCheckoutRequestId: z.string().optional(),
  claimedMerchantRequestId: z.string().optional(),
});

const NO_ANSWER: Readonly<Record<NoAnswer, string>> = {
  no_prompt: 'There is no open prompt for this phone.',
  not_shown_yet: 'The prompt has not reached this phone yet.',
  already_answered: 'The prompt was answered already.',
};

const route = controlRoute<Simulator>;

/** Every control call, in the order of the documentation. Nothing under `/_control` exists at Safaricom. */
export const ROUTES: readonly ControlRoute<Simulator>[] = [
  healthRoute('mpesa', countEverything),
  route('GET', '/_control/transfers', ({ world }) => json(200, world.book.transfers.map(toTransferView))),
  route('GET', '/_control/accounts', showAccounts),
  route('PUT', '/_control/accounts/{shortcode}', adjustAccount),
  route('GET', '/_control/orders', ({ world }) => json(200, [...world.book.orders.values()].map(toOrderView))),
  route('GET', '/_control/certificate', () => json(200, { certificate: SIMULATOR_CERTIFICATE })),
  route('POST', '/_control/payments', withBody(PaymentBody, payByMenu)),
  route('GET', '/_control/prompts', ({ world }) => json(200, [...world.book.prompts.values()].map(toPromptView))),
  route('GET', '/_control/callbacks', showCallbacks),
  route('POST', '/_control/callbacks/send', withBody(z.union([RawCallback, ForgedCallback]), sendCallback)),
  ...switchRoutes<Simulator>(),
  route('GET', '/_control/phones', listPhones),
  route('GET', '/_control/phones/{digits}', forPhone(PHONE, showPhone)),
  route('PUT', '/_control/phones/{digits}', forPhone(PHONE, withBody(PhoneBody, adjustPhone))),
  route('POST', '/_control/phones/{digits}/answer', forPhone(PHONE, answerPhone(answer, NO_ANSWER))),
  route('POST', '/_control/phones/{digits}/hold', forPhone(PHONE, holdPhone)),
  route('GET', '/_control/magic', showMagic),
  route('POST', '/_control/tokens/expire', ({ world }) => {
    world.book.record({ kind: 'tokensEnded' });
    return json(200, { tokens: 0 });
  }),
  ...lifeRoutes<Simulator>(),
];

function countEverything({ world: { book } }: Simulator) {
  return {
    prompts: book.prompts.size,
    openPrompts: book.open.size,
    orders: book.orders.size,
    openOrders: book.openOrders.size,
    transfers: book.transfers.length,
    callbacks: book.callbacks.length,
  };
}

function showAccounts({ world }: Simulator): Answer {
  return json(
    200,
    world.directory.merchants.map(({ shortcode }) => toAccountView(world, shortcode)),
  );
}

function toAccountView({ book, directory, settings }: World, shortcode: string): object {
  const merchant = directory.merchants.find((candidate) => candidate.shortcode === shortcode);
  const tries = settings.get('credentialTries');
  return {
    shortcode,
    name: merchant?.name ?? shortcode,
    till: merchant?.till ?? null,
    locked: tries > 0 && (book.wrongTries.get(shortcode) ?? 0) >= tries,
    balances: Object.fromEntries(
      [...(book.accounts.get(shortcode) ?? [])].map(([account, cents]) => [account, formatCents(cents)]),
    ),
  };
}

/** A customer pays from the phone's own menu, without a push: money in the book that no callback tells of. */
function payByMenu({ world }: Simulator, payment: z.infer<typeof PaymentBody>): Answer {
  const { book, directory, ids, settings, time } = world;
  const { shortcode, phone, amount, reference } = payment;
  const merchant = directory.merchants.find((candidate) => candidate.shortcode === shortcode);
  if (!merchant) return controlProblem(404, 'unknown_shortcode', `There is no merchant ${shortcode}.`);
  const wallet = book.getWallet(phone, BigInt(settings.get('customerOpeningBalance')) * 100n);
  if (wallet.balance < BigInt(amount) * 100n)
    return controlProblem(409, 'balance_too_low', 'The wallet does not hold that.');
  const at = time.now();
  const receipt = ids.receipt(at, (candidate) => book.findTransfer(candidate) !== undefined);
  const transfer: Transfer = {
    ...{ id: receipt, receipt, direction: 'in', kind: 'collection', party: phone, shortcode, reference, at },
    account: merchant.till === undefined ? UTILITY : 'Merchant Account',
    ...{ amount: BigInt(amount) * 100n, status: 'completed', callbackUrl: '' },
    ...{ checkoutRequestId: null, conversationId: null, reverses: null },
  };
  book.record({ kind: 'paid', transfer });
  return json(201, toTransferView(transfer));
}

/** Sets the float, or any other account, and locks or unlocks the API operator. */
function adjustAccount({ world }: Simulator, request: Request, shortcode: string): Answer {
  const { book, directory, settings } = world;
  if (!directory.merchants.some((merchant) => merchant.shortcode === shortcode))
    return controlProblem(404, 'unknown_shortcode', `There is no merchant ${shortcode}.`);
  const given = readControlBody(AccountBody, request);
  if ('refused' in given) return given.refused;
  const { account, balance, locked } = given.value;
  if (balance !== undefined) book.record({ kind: 'accountSet', shortcode, account, balance: BigInt(balance) * 100n });
  if (locked !== undefined)
    book.record({ kind: 'initiator', shortcode, wrongTries: locked ? settings.get('credentialTries') : 0 });
  return json(200, toAccountView(world, shortcode));
}

function showCallbacks({ world }: Simulator): Answer {
  const rows = world.book.callbacks.map(({ at, state, status, error, endedAt, ...message }) => ({
    id: message.id,
    checkoutRequestId: message.checkoutRequestId,
    conversationId: message.conversationId,
    about: message.about,
    url: message.url,
    body: message.body,
    sentAt: state === 'dropped' ? null : toIsoTime(at),
    state,
    status,
    error,
    answeredAt: toIsoTime(endedAt),
  }));
  return json(200, rows);
}

async function sendCallback(
  simulator: Simulator,
  message: z.infer<typeof RawCallback> | z.infer<typeof ForgedCallback>,
): Promise<Answer> {
  if (!('checkoutRequestId' in message)) {
    const body = typeof message.body === 'string' ? message.body : JSON.stringify(message.body ?? {});
    return json(200, await simulator.send({ url: message.url, body, headers: message.headers }));
  }
  const delivery = simulator.forge(
    message.checkoutRequestId,
    {
      code: String(message.resultCode),
      receipt: message.receipt,
      amount: message.amount === undefined ? undefined : BigInt(message.amount) * 100n,
      msisdn: message.phone,
      checkoutRequestId: message.claimedCheckoutRequestId,
      merchantRequestId: message.claimedMerchantRequestId,
    },
    message.url,
  );
  if (!delivery) return controlProblem(404, 'unknown_push', `There was no push ${message.checkoutRequestId}.`);
  return json(200, await delivery);
}

function listPhones({ world }: Simulator, { query }: Request): Answer {
  const limit = Number(query.get('limit') ?? Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(limit) || limit < 1)
    return controlProblem(400, 'invalid_limit', 'limit is a whole number from 1.');
  return json(
    200,
    [...world.book.wallets.values()].slice(-limit).map((wallet) => toPhoneView(world, wallet)),
  );
}

function showPhone({ world }: Simulator, _request: Request, digits: string): Answer {
  const wallet = world.book.wallets.get(digits);
  return json(
    200,
    wallet ? toPhoneView(world, wallet) : toUnseenPhone(world.settings.get('customerOpeningBalance'), digits),
  );
}

/** A phone that nobody pushed to yet: looking at it must not open a wallet. */
function toUnseenPhone(openingBalance: number, msisdn: string): PhoneView {
  return {
    msisdn,
    balance: `${openingBalance}.00`,
    magic: findMagicByPhone(msisdn)?.code ?? null,
    pinLocked: false,
    blockedUntil: null,
    prompt: null,
    messages: [],
    lastEnd: null,
  };
}

function adjustPhone({ world }: Simulator, changes: z.infer<typeof PhoneBody>, digits: string): Answer {
  const { balance, pinLocked, blocked } = changes;
  const wallet = world.book.getWallet(digits, BigInt(world.settings.get('customerOpeningBalance')) * 100n);
  const standing = { ...wallet.standing };
  if (pinLocked !== undefined) standing.wrongPins = pinLocked ? 3 : 0;
  if (blocked !== undefined)
    standing.blockedUntil = blocked ? world.time.now() + world.settings.get('unfinishedPromptBlockMs') : null;
  if (blocked === false) standing.unfinished = 0;
  world.book.record({
    kind: 'adjusted',
    msisdn: digits,
    balance: balance === undefined ? wallet.balance : BigInt(balance) * 100n,
    standing,
  });
  return json(200, toPhoneView(world, wallet));
}

async function answer(simulator: Simulator, { digits, action, waitMs }: Answering): Promise<object | NoAnswer> {
  const outcome = await simulator.answer(digits, action, waitMs);
  return typeof outcome === 'string' ? outcome : toPromptView(outcome);
}

function holdPhone(simulator: Simulator, request: Request, digits: string): Answer {
  simulator.timeline.hold(digits);
  return showPhone(simulator, request, digits);
}

function showMagic(): Answer {
  return json(200, {
    phones: 'The last six digits of a number are a ResultCode with zeros in front: 254700001032 cancels.',
    amounts: `${MAGIC_AMOUNT_BASE} shillings plus a ResultCode: 201032 cancels.`,
    testNumber: `${TEST_NUMBER} never answers.`,
    codes: Object.fromEntries(
      Object.entries(RESULT_CODES).map(([code, { description, stage }]) => [code, { description, stage }]),
    ),
    payouts: Object.fromEntries(PAYOUT_CODES.map((code) => [code, toOrderDescription(code)])),
    demoPhones: DEMO_PHONES,
  });
}
