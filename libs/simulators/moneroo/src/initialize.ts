import { readJsonObject, toMachinePage, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import { envelope, invalid, refusal } from './bodies.js';
import type { Transaction, TransactionRecord } from './book.js';
import { Fields } from './fields.js';
import { createId } from './ids.js';
import { DEMO_METHODS, findMethod, METHODS, type Kind, type Method } from './methods.js';
import type { Timeline } from './timeline.js';
import type { Caller, World } from './world.js';

const LONGEST_DESCRIPTION = 155;

/** `POST /v1/payouts/initialize` (§4). */
export function initializePayout(world: World, timeline: Timeline, request: Request, caller: Caller): Promise<Reply> {
  const fields = readFields(request);
  if (!fields) return toReply(refusal(world, 400, 'The request body is not valid JSON.'));
  const common = readCommon(fields);
  const code = fields.text('method', { max: 100, required: true });
  const method = code === null ? undefined : findMethod('payout', code);
  const enabled = listEnabled(world, caller, 'payout');
  if (!enabled.some(({ currency }) => currency === common.currency) && common.currency !== '') {
    return toReply(refusal(world, 400, 'No payment methods enabled for this currency'));
  }
  if (code !== null && (!method || !enabled.includes(method)))
    fields.refuse('method', 'The selected method is invalid.');
  else if (method && method.currency !== common.currency)
    fields.refuse('currency', 'The currency does not match the method.');
  const recipient = method ? readRecipient(world, fields, method) : null;
  if (Object.keys(fields.problems).length > 0 || !method) return toReply(invalid(world, fields.problems));
  const record: TransactionRecord = {
    ...common,
    ...identify(world, caller, 'payout'),
    returnUrl: null,
    methods: [method.code],
    restrictedPhone: null,
    recipient,
    answerAt: null,
    abandonAt: null,
  };
  return take(world, timeline, timeline.begin(record, method.code));
}

/** `POST /v1/payments/initialize` (§7). */
export function initializePayment(world: World, timeline: Timeline, request: Request, caller: Caller): Promise<Reply> {
  const fields = readFields(request);
  if (!fields) return toReply(refusal(world, 400, 'The request body is not valid JSON.'));
  const common = readCommon(fields);
  const returnUrl = fields.text('return_url', { max: 2_000, required: true });
  if (returnUrl !== null && !URL.canParse(returnUrl))
    fields.refuse('return_url', 'The return_url field must be a valid URL.');
  const enabled = listEnabled(world, caller, 'payment').filter(({ currency }) => currency === common.currency);
  if (enabled.length === 0 && common.currency !== '')
    return toReply(refusal(world, 400, 'No payment methods enabled for this currency'));
  const methods = readMethods(fields, enabled);
  const restrictedPhone = readRestriction(fields);
  if (Object.keys(fields.problems).length > 0) return toReply(invalid(world, fields.problems));
  const now = world.time.now();
  const phone = restrictedPhone ?? common.customer.phone;
  const record: TransactionRecord = {
    ...common,
    ...identify(world, caller, 'payment'),
    returnUrl,
    methods,
    restrictedPhone,
    recipient: null,
    answerAt: phone === null ? null : now + world.settings.get('answerDelayMs'),
    abandonAt: now + world.settings.get('abandonMs'),
  };
  return take(world, timeline, timeline.begin(record, null));
}

/** Answers with the id, or as a fault says, and sets everything going once the answer has left. */
async function take(world: World, timeline: Timeline, transaction: Transaction): Promise<Reply> {
  const { faults } = world;
  const { kind, id } = transaction.record;
  const isEarly = faults.strikes('webhookEarly');
  if (isEarly) await timeline.follow(transaction);
  const checkout = kind === 'payment' ? { checkout_url: `${world.baseUrl}/checkout/${id}` } : {};
  const words =
    kind === 'payment' ? 'Transaction initialized successfully' : 'Payout transaction initialized successfully';
  return {
    answer: toAnswer(world, envelope(world, 201, words, { id, ...checkout })),
    delayMs: faults.strikes('slowAnswer') ? faults.get('slowAnswerMs') : 0,
    afterwards: isEarly ? undefined : () => void timeline.follow(transaction),
  };
}

function toAnswer(world: World, answer: Answer): Answer | 'cut' {
  const { faults } = world;
  if (faults.strikes('answerLost')) return 'cut';
  if (faults.strikes('answerError')) return refusal(world, 500, 'Server Error');
  if (faults.strikes('answerGateway')) return toMachinePage(502, 'Bad Gateway');
  if (faults.strikes('answerUnreadable')) return toMachinePage(201, 'Created');
  if (faults.strikes('answerWithoutId')) return envelope(world, 201, 'Transaction initialized successfully', {});
  return answer;
}

async function toReply(answer: Answer): Promise<Reply> {
  return { answer };
}

function readFields(request: Request): Fields | undefined {
  const body = readJsonObject(request);
  return body && new Fields(body);
}

function readCommon(fields: Fields) {
  const currency = fields.text('currency', { max: 3, required: true });
  return {
    amount: fields.amount(currency) ?? '0',
    currency: currency ?? '',
    description: fields.text('description', { max: LONGEST_DESCRIPTION, required: true }) ?? '',
    customer: fields.customer(),
    metadata: fields.metadata(),
  };
}

function identify(world: World, { app, environment }: Caller, kind: Kind) {
  const id = createId(kind === 'payment' ? 'py_' : 'po_');
  return { kind, id, app: app.id, environment, createdAt: world.time.now() };
}

/** The methods an account has connected: a fresh sandbox has the test ones alone. */
export function listEnabled({ settings }: World, { environment }: Caller, kind: Kind): Method[] {
  const isSparse = environment === 'sandbox' && settings.get('sandboxMethods') === 'demo';
  return METHODS.filter(({ code, kinds }) => kinds.includes(kind) && (!isSparse || DEMO_METHODS.includes(code)));
}

function readRecipient({ settings }: World, fields: Fields, { field }: Method): string | null {
  if (field === null) return null;
  if (settings.get('topLevelRecipient') && fields.get('recipient') === undefined) {
    const place = [field, 'phone'].find((name) => fields.get(name) !== undefined);
    if (place !== undefined) return fields.digits(place);
  }
  return fields.digits(`recipient.${field}`, { required: true });
}

function readMethods(fields: Fields, enabled: readonly Method[]): string[] {
  const wanted = fields.get('methods') ?? null;
  const codes = enabled.map(({ code }) => code);
  if (wanted === null) return codes;
  const isList = Array.isArray(wanted) && wanted.length > 0 && wanted.every((code) => codes.includes(String(code)));
  if (!isList) fields.refuse('methods', 'The selected methods is invalid.');
  return isList ? wanted.map(String) : [];
}

function readRestriction(fields: Fields): string | null {
  const hasPhone = fields.get('restricted_phone') !== undefined;
  if (!hasPhone) return null;
  if (fields.get('restrict_country_code') !== undefined)
    fields.refuse(
      'restrict_country_code',
      'The restrict_country_code field prohibits restricted_phone from being present.',
    );
  fields.text('restricted_phone.country_code', { max: 2, required: true });
  return fields.digits('restricted_phone.number', { required: true, plus: true });
}
