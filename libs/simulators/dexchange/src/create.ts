import { toMachinePage, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import { answerWith, refusal, toCreatedLink, toInitiated } from './bodies.js';
import { isMoneyOut, type Transaction, type TransactionRecord } from './book.js';
import { LEAST_DIRECT, LEAST_LINK, readFields, toFee, type Fields } from './fields.js';
import { createId, createOtp } from './ids.js';
import { findOutcome } from './outcomes.js';
import { COUNTRIES, findService, type Service } from './services.js';
import type { Simulator } from './simulator.js';
import type { World } from './world.js';

const SECOND = 1000;
/** The operator turns down the same amount of the same number within this time (magic 11). */
const IDENTICAL_MS = 60 * SECOND;

/** `POST /api/v1/transaction/merchant/get-link` (§3). */
export function createLink(simulator: Simulator, request: Request, merchant: string): Promise<Reply> {
  const { world } = simulator;
  const fields = readFields(request);
  if (!fields) return toReply(refusal(400, ['The request body is not valid JSON']));
  const common = readCommon(fields);
  const amount = fields.francs('ItemPrice', LEAST_LINK);
  const phone = fields.optionalText('ClientPhone');
  const number = phone !== null && /^\d{9}$/.test(phone) ? phone : null;
  const now = world.time.now();
  const record: TransactionRecord = {
    ...common,
    id: createId('MID'),
    kind: 'LINK',
    merchant,
    service: null,
    amount,
    fee: toFee(world, amount),
    number,
    itemName: fields.text('ItemName'),
    customData: fields.optionalText('customData'),
    createdAt: now,
    expiresAt: now + world.settings.get('linkTtlSec') * SECOND,
    otp: null,
    answerAt: number === null ? null : now + world.settings.get('answerDelayMs'),
  };
  const refused = refuse(world, fields, record);
  return refused ? toReply(refused) : take(simulator, record, toCreatedLink);
}

/** `POST /api/v1/transaction/init` (§5). */
export function initiate(simulator: Simulator, request: Request, merchant: string): Promise<Reply> {
  const { world } = simulator;
  const fields = readFields(request);
  if (!fields) return toReply(refusal(400, ['The request body is not valid JSON']));
  const common = readCommon(fields);
  const code = fields.text('serviceCode');
  const service = findService(code);
  const amount = fields.francs('amount', LEAST_DIRECT);
  const number = fields.number('number', findDigits(world, service));
  const now = world.time.now();
  const isCollection = service?.direction === 'CASHOUT';
  const record: TransactionRecord = {
    ...common,
    id: createId('TID'),
    kind: service?.direction ?? 'CASHOUT',
    merchant,
    service: code,
    amount,
    fee: toFee(world, amount),
    number,
    itemName: null,
    customData: null,
    createdAt: now,
    expiresAt: isCollection ? now + world.settings.get('directTtlSec') * SECOND : null,
    otp: service?.flow === 'otp' ? (world.settings.get('fixedOtp') ?? createOtp()) : null,
    answerAt: null,
  };
  const refused = refuse(world, fields, record) ?? refuseBusiness(world, record, service);
  return refused ? toReply(refused) : take(simulator, record, toInitiated);
}

function readCommon(fields: Fields) {
  return {
    externalId: fields.text('externalTransactionId'),
    callbackUrl: fields.url('callBackURL'),
    successUrl: fields.url('successUrl'),
    failureUrl: fields.url('failureUrl'),
  };
}

function findDigits({ settings }: World, service: Service | undefined): number {
  return settings.get('nineDigitsEverywhere') ? 9 : COUNTRIES[service?.country ?? 'SN'].digits;
}

/** Validation, then the one external id (§12, check order). */
function refuse(
  { book }: World,
  { problems }: Fields,
  { merchant, externalId }: TransactionRecord,
): Answer | undefined {
  if (problems.length > 0) return refusal(400, problems);
  return book.findByExternalId(merchant, externalId) && refusal(409, ['externalTransactionId already used']);
}

function refuseBusiness(world: World, record: TransactionRecord, service: Service | undefined): Answer | undefined {
  const { book, settings, time } = world;
  if (!service) return refusal(400, ['Service not found']);
  const balance = book.balanceOf(record.merchant, settings.get('balance'));
  if (isMoneyOut(record) && record.amount + record.fee > balance) return refusal(400, ['Insufficient balance']);
  const isSame = ({ record: other }: Transaction) =>
    other.number === record.number &&
    other.amount === record.amount &&
    other.service === record.service &&
    time.now() - other.createdAt < IDENTICAL_MS;
  const isGuarded = findOutcome(world, record.number ?? '') === 'identical';
  if (isGuarded && [...book.transactions.values()].some(isSame))
    return refusal(400, ['Une transaction identique est en cours, veuillez patienter']);
  return undefined;
}

/** Answers with the id, or as a fault says, and sets everything going once the answer has left. */
async function take(
  simulator: Simulator,
  record: TransactionRecord,
  toBody: (world: World, transaction: Transaction) => Readonly<Record<string, unknown>>,
): Promise<Reply> {
  const { world, timeline } = simulator;
  const { faults } = world;
  const words = faults.get('failureInside');
  if (words !== null)
    return { answer: answerWith(world, 201, { message: words, transaction: { success: false, message: words } }) };
  const transaction = timeline.begin(record);
  const asIs = answerWith(world, 201, toBody(world, transaction));
  const isEarly = faults.strikes('webhookBeforeResponse');
  const isFinal = faults.strikes('finalAtOnce');
  if (isEarly || isFinal) await timeline.finish(transaction);
  const answer = isFinal ? answerWith(world, 201, toBody(world, transaction)) : asIs;
  const number = transaction.plan?.number ?? '';
  const isTimedOut = record.kind !== 'LINK' && findOutcome(world, number) === 'gateway_timeout';
  return {
    answer: isTimedOut ? toMachinePage(504, 'Gateway Time-out') : simulator.spoil(answer),
    delayMs: faults.strikes('slowAnswer') ? faults.get('slowAnswerMs') : 0,
    afterwards: () => timeline.follow(transaction),
  };
}

async function toReply(answer: Answer): Promise<Reply> {
  return { answer };
}
