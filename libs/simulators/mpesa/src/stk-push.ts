import { json, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import { refusal } from './answers.js';
import type { Push } from './book.js';
import { toBadGateway } from './gateway.js';
import type { App, Merchant } from './merchants.js';
import { authorize } from './oauth.js';
import { findMagicByAmount, findMagicByPhone, TEST_NUMBER, toOutcome, type Outcome } from './stk-codes.js';
import {
  authenticateMerchant,
  invalidField,
  isCallbackUrl,
  isTimestamp,
  MAX_AMOUNT,
  readFields,
  readMatching,
  readText,
  stkError,
  type Fields,
} from './stk-fields.js';
import type { Timeline } from './timeline.js';
import type { World } from './world.js';

const MSISDN = /^254[17]\d{8}$/;
const TRANSACTION_TYPES = ['CustomerPayBillOnline', 'CustomerBuyGoodsOnline'];
/** Longer prompts than this never reach a phone (code 1025). */
const MAX_PROMPT_LENGTH = 182;

/** What a push asks for, once every field of it made sense. */
interface PushRequest {
  readonly merchant: Merchant;
  readonly partyB: string;
  readonly transactionType: string;
  readonly amount: bigint;
  readonly msisdn: string;
  readonly callbackUrl: string;
  readonly reference: string;
  readonly description: string;
}

/**
 * `POST /mpesa/stkpush/v1/processrequest` (§3). Checked in the order that §3.4 suggests: token, JSON, fields, merchant,
 * password, subscriber lock.
 */
export async function pushPrompt(world: World, timeline: Timeline, request: Request): Promise<Reply> {
  const app = authorize(world, request, 'stk');
  if ('status' in app) return { answer: app };
  const asked = readPush(world, request);
  if ('status' in asked) return { answer: asked };

  const { book, settings, faults } = world;
  const wallet = book.getWallet(asked.msisdn, BigInt(settings.get('customerOpeningBalance')) * 100n);
  const isLocked = wallet.open.size > 0 && settings.get('subscriberLock') !== 'off';
  if (isLocked && settings.get('subscriberLock') === 'sync') return { answer: stkError(world, LOCKED) };

  const isBlocked = (wallet.standing.blockedUntil ?? 0) > world.time.now();
  const push = plan(world, { app, asked, outcome: chooseOutcome(world, asked, { isLocked, isBlocked }) });
  book.record({ kind: 'push', push });
  if (push.showAt === push.acceptedAt) book.record({ kind: 'shown', id: push.checkoutRequestId, at: push.acceptedAt });

  const answer = answerPush(world, push);
  if (!faults.strikes('callbackEarly')) return { answer, afterwards: () => timeline.start(push.checkoutRequestId) };
  await timeline.rush(push.checkoutRequestId);
  return { answer };
}

const LOCKED = 'Unable to lock subscriber, a transaction is already in process for the current subscriber';

function readPush(world: World, request: Request): PushRequest | Answer {
  const read = readFields(world, request);
  if (!('fields' in read)) return read;
  const { fields } = read;
  const shortcode = readMatching(fields, 'BusinessShortCode', /^\d{5,6}$/);
  if (shortcode === undefined) return invalidField(world, 'BusinessShortCode');
  const password = readMatching(fields, 'Password', /^[A-Za-z0-9+/]+={0,2}$/);
  if (password === undefined) return invalidField(world, 'Password');
  const timestamp = readText(fields, 'Timestamp');
  if (timestamp === undefined || !isTimestamp(world, timestamp)) return invalidField(world, 'Timestamp');
  // One published client sends it with a trailing space, and lives.
  const transactionType = readText(fields, 'TransactionType')?.trim();
  if (transactionType === undefined || !TRANSACTION_TYPES.includes(transactionType))
    return invalidField(world, 'TransactionType');
  const amount = readAmount(world, fields);
  if (amount === undefined) return invalidField(world, 'Amount');
  if (readMatching(fields, 'PartyA', MSISDN) === undefined) return invalidField(world, 'PartyA');
  const partyB = readMatching(fields, 'PartyB', /^\d{5,7}$/);
  if (partyB === undefined) return invalidField(world, 'PartyB');
  const msisdn = readMatching(fields, 'PhoneNumber', MSISDN);
  if (msisdn === undefined) return invalidField(world, 'PhoneNumber');
  const callbackUrl = readText(fields, 'CallBackURL');
  if (callbackUrl === undefined || !isCallbackUrl(world, callbackUrl)) return invalidField(world, 'CallBackURL');
  const reference = readText(fields, 'AccountReference');
  if (reference === undefined) return invalidField(world, 'AccountReference');
  // The portal calls it optional; without it the gateway complains about a field that nobody sends (§3.1).
  const description = readText(fields, 'TransactionDesc');
  if (description === undefined) return invalidField(world, 'Remarks');

  const refused = refuseByFault(world, { shortcode, transactionType });
  if (refused) return refused;
  const merchant = authenticateMerchant(world, { shortcode, password, timestamp });
  if ('status' in merchant) return merchant;
  const asked = { merchant, partyB, transactionType, amount, msisdn, callbackUrl, reference, description };
  if (world.faults.get('productMismatchAnswer') === 'sync' && findMismatch(asked)) return notAllowed(world, asked);
  return asked;
}

function readAmount({ settings }: World, fields: Fields): bigint | undefined {
  const text = readMatching(fields, 'Amount', /^[1-9]\d{0,14}$/);
  if (text === undefined) return undefined;
  const amount = BigInt(text);
  return amount > MAX_AMOUNT && settings.get('overCap') === 'sync' ? undefined : amount;
}

function refuseByFault(world: World, asked: { shortcode: string; transactionType: string }): Answer | undefined {
  switch (world.faults.get('pushRefusal')) {
    case 'off':
      return undefined;
    case 'merchant':
      return stkError(world, 'Merchant does not exist');
    case 'credentials':
      return stkError(world, 'Wrong credentials');
    case 'credentialsOld':
      return stkError(world, '[MerchantValidate] - Wrong credentials');
    case 'lock':
      return stkError(world, LOCKED);
    case 'busy':
      return refusal(
        500,
        '500.003.02',
        'System is busy. Please try again in few minutes.',
        world.ids.merchantRequestId(),
      );
    case 'iccid': // A note of 2018; the code around the message is not documented.
      return stkError(world, 'Missing ICCID value in request');
    case 'transactionType':
      return stkError(
        world,
        `Merchant ${asked.shortcode} not allowed to carry out transaction type ${asked.transactionType}`,
      );
  }
}

function notAllowed(world: World, { merchant, transactionType }: PushRequest): Answer {
  return stkError(world, `Merchant ${merchant.shortcode} not allowed to carry out transaction type ${transactionType}`);
}

/** What a till that is pushed as a paybill ends with, and the other way round (§3.3). */
function findMismatch({
  merchant,
  partyB,
  transactionType,
}: Omit<PushRequest, 'reference' | 'description'>): string | undefined {
  const isTill = merchant.till !== undefined;
  if (isTill !== (transactionType === 'CustomerBuyGoodsOnline')) return '2028';
  return partyB === (merchant.till ?? merchant.shortcode) ? undefined : 'SFC_IC0003';
}

interface Chosen extends Outcome {
  readonly magic: boolean;
}

/** How this push will end unless somebody answers it by hand. */
function chooseOutcome({ faults }: World, asked: PushRequest, line: { isLocked: boolean; isBlocked: boolean }): Chosen {
  const mismatch = findMismatch(asked);
  if (mismatch !== undefined) return { ...toOutcome(mismatch), magic: false };
  if (line.isLocked) return { ...toOutcome('1001'), magic: false };
  if (toPromptText(asked).length > MAX_PROMPT_LENGTH) return { ...toOutcome('1025'), magic: false };
  const byPhone = findMagicByPhone(asked.msisdn);
  if (line.isBlocked && !byPhone) return { ...toOutcome('unreachable'), magic: false };
  const named = faults.get('outcomeByPhone')[asked.msisdn] ?? faults.get('outcomeByAmount')[asked.amount.toString()];
  if (named !== undefined) return { ...toOutcome(named), magic: false };
  const magic = byPhone ?? findMagicByAmount(asked.amount);
  if (magic) return { ...magic, magic: true };
  return { ...toOutcome(faults.get('outcome') ?? 'approve'), magic: false };
}

/** What the phone shows. */
export function toPromptText(
  asked: Pick<PushRequest, 'amount' | 'reference'> & { merchant: Pick<Merchant, 'name' | 'till'> },
): string {
  const account = asked.merchant.till === undefined ? ` Account no. ${asked.reference}` : '';
  return `Do you want to pay KES ${asked.amount} to ${asked.merchant.name}${account}? Enter M-PESA PIN`;
}

function plan(world: World, { app, asked, outcome }: { app: App; asked: PushRequest; outcome: Chosen }): Push {
  const { settings, ids, book, time } = world;
  const now = time.now();
  const showAt = outcome.stage === 'noPrompt' ? null : now + settings.get('promptDelayMs');
  const answers = outcome.stage !== 'silence' && outcome.stage !== 'noPrompt';
  const isTaken = (id: string): boolean => book.prompts.has(id);
  return {
    checkoutRequestId: ids.checkoutRequestId(now, asked.msisdn, settings.get('subSecondDigits'), isTaken),
    merchantRequestId: ids.merchantRequestId(),
    shortcode: asked.merchant.shortcode,
    partyB: asked.partyB,
    transactionType: asked.transactionType,
    app: app.consumerKey,
    amount: asked.amount * 100n,
    msisdn: asked.msisdn,
    callbackUrl: asked.callbackUrl,
    reference: asked.reference,
    description: asked.description,
    acceptedAt: now,
    showAt,
    answerAt: answers && showAt !== null ? showAt + settings.get('answerDelayMs') : null,
    endsAt: planEnd(world, { now, showAt: showAt ?? now, asked, outcome }),
    rule: { code: outcome.code, stage: outcome.stage },
    magic: outcome.magic,
  };
}

function planEnd(
  { settings, random }: World,
  { now, showAt, asked, outcome }: { now: number; showAt: number; asked: PushRequest; outcome: Chosen },
): number {
  if (asked.msisdn === TEST_NUMBER && outcome.code === '1037') {
    const shortest = settings.get('testNumberLifeMinMs');
    const longest = Math.max(settings.get('testNumberLifeMaxMs'), shortest);
    return now + shortest + Math.floor(random() * (longest - shortest + 1));
  }
  // A phone that cannot be reached keeps the network trying for a prompt's life; other refusals are quick.
  if (outcome.stage === 'noPrompt' && outcome.code !== '1037') return showAt + settings.get('processingDelayMs');
  return showAt + settings.get('promptLifeMs');
}

/** The answer to a push that was taken, or what is left of it. */
function answerPush(world: World, push: Push): Answer | 'cut' {
  const { faults } = world;
  if (faults.strikes('pushAnswerLost')) return 'cut';
  if (faults.strikes('pushAnswerUnreadable'))
    return { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html><body>OK</body></html>' };
  if (faults.strikes('pushAnswerEmpty'))
    return { status: 200, headers: { 'Content-Type': 'application/json', 'Content-Length': '0' }, body: '' };
  if (faults.strikes('pushAnswerError'))
    return refusal(500, '500.003.1001', 'Internal Server Error', world.ids.merchantRequestId());
  if (faults.strikes('pushAnswerBadGateway')) return toBadGateway(world);
  return json(200, {
    MerchantRequestID: push.merchantRequestId,
    CheckoutRequestID: push.checkoutRequestId,
    ResponseCode: '0',
    ResponseDescription: 'Success. Request accepted for processing',
    CustomerMessage: 'Success. Request accepted for processing',
  });
}
