import { json, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import { refusal } from './answers.js';
import type { OrderRequest, Task } from './book.js';
import { readSecurityCredential } from './credential.js';
import type { Desk } from './desk.js';
import { isInScope, type OrderApi } from './faults.js';
import { toBadGateway } from './gateway.js';
import type { App, Merchant } from './merchants.js';
import { authorize } from './oauth.js';
import { findMagicPayoutCode } from './order-codes.js';
import { invalidField, isCallbackUrl, readFields, readMatching, readText, type Fields } from './stk-fields.js';
import type { World } from './world.js';

/** An API that takes an order now and sends its Result later (§8). */
export interface OrderKind {
  readonly api: OrderApi;
  /** How this API spells the operator's name: `InitiatorName` in B2C, `Initiator` elsewhere. */
  readonly initiatorField: string;
  readonly commands: readonly string[];
  /** The field of the merchant's own shortcode. */
  readonly shortcodeField: string;
  /** B2C v3: the caller chooses the OriginatorConversationID. */
  readonly ownOriginator?: boolean;
  /** Reads what is to be done. Answers the name of the first field that makes no sense, as it is spelled on the wire. */
  readTask(world: World, fields: Fields): Task | string;
}

const MSISDN = /^254[17]\d{8}$/;
const WHOLE = /^[1-9]\d{0,14}$/;
const RECEIPT = /^[A-Z0-9]{6,20}$/;
const IDENTIFIER_TYPES = /^(?:1|2|4)$/;
// The portal says 11; tutorials and two published clients send 4 (§11, §19).
const RECEIVER_TYPES = /^(?:11|4)$/;

const b2c = (ownOriginator: boolean): OrderKind => ({
  api: 'b2c',
  initiatorField: 'InitiatorName',
  commands: ['BusinessPayment', 'SalaryPayment', 'PromotionPayment'],
  shortcodeField: 'PartyA',
  ownOriginator,
  readTask({ faults }, fields) {
    const amount = readMatching(fields, 'Amount', WHOLE);
    if (amount === undefined) return 'Amount';
    const msisdn = readMatching(fields, 'PartyB', MSISDN);
    if (msisdn === undefined) return 'PartyB';
    const shillings = BigInt(amount);
    const named = faults.get('payoutResultByPhone')[msisdn] ?? findMagicPayoutCode(msisdn, shillings);
    const rule = named ?? faults.get('payoutResult') ?? '0';
    return { api: 'b2c', amount: shillings * 100n, msisdn, commandId: readText(fields, 'CommandID') ?? '', rule };
  },
});

/** `POST /mpesa/b2c/v3/paymentrequest` (§9). */
export const PAYOUT: OrderKind = b2c(true);

/** `POST /mpesa/b2c/v1/paymentrequest`: the gateway makes the OriginatorConversationID, and nothing guards against twice. */
export const PAYOUT_V1: OrderKind = b2c(false);

/** `POST /mpesa/transactionstatus/v1/query` (§10): by receipt, or by the OriginatorConversationID of the original. */
export const STATUS_QUERY: OrderKind = {
  api: 'status',
  initiatorField: 'Initiator',
  commands: ['TransactionStatusQuery'],
  shortcodeField: 'PartyA',
  readTask(_world, fields) {
    const transactionId = readMatching(fields, 'TransactionID', RECEIPT) ?? null;
    const originalConversationId = readMatching(fields, 'OriginalConversationID', /^\S{1,64}$/) ?? null;
    if (transactionId === null && originalConversationId === null) return 'TransactionID';
    if (readMatching(fields, 'IdentifierType', IDENTIFIER_TYPES) === undefined) return 'IdentifierType';
    return { api: 'status', transactionId, originalConversationId };
  },
};

/** `POST /mpesa/reversal/v1/request` (§11), with `RecieverIdentifierType` spelled as it must be. */
export const REVERSAL: OrderKind = {
  api: 'reversal',
  initiatorField: 'Initiator',
  commands: ['TransactionReversal'],
  shortcodeField: 'ReceiverParty',
  readTask(_world, fields) {
    const transactionId = readMatching(fields, 'TransactionID', RECEIPT);
    if (transactionId === undefined) return 'TransactionID';
    const amount = readMatching(fields, 'Amount', WHOLE);
    if (amount === undefined) return 'Amount';
    if (readMatching(fields, 'RecieverIdentifierType', RECEIVER_TYPES) === undefined) return 'RecieverIdentifierType';
    return { api: 'reversal', transactionId, amount: BigInt(amount) * 100n };
  },
};

/** `POST /mpesa/accountbalance/v1/query` (§12). */
export const BALANCE_QUERY: OrderKind = {
  api: 'balance',
  initiatorField: 'Initiator',
  commands: ['AccountBalance'],
  shortcodeField: 'PartyA',
  readTask: (_world, fields) =>
    readMatching(fields, 'IdentifierType', IDENTIFIER_TYPES) === undefined ? 'IdentifierType' : { api: 'balance' },
};

/** What an order asks for, once every field of it made sense. */
interface OrderFields {
  readonly originatorConversationId: string | undefined;
  readonly initiator: string;
  readonly credential: string;
  readonly shortcode: string;
  readonly task: Task;
  readonly remarks: string;
  readonly occasion: string | null;
  readonly resultUrl: string;
  readonly timeoutUrl: string;
}

/** Takes an order: token, JSON, fields, duplicate. Who asks, and whether he may, M-PESA judges later, in the Result. */
export async function takeOrder(world: World, desk: Desk, kind: OrderKind, request: Request): Promise<Reply> {
  const app = authorize(world, request, kind.api);
  if ('status' in app) return { answer: app };
  const read = readFields(world, request);
  if (!('fields' in read)) return { answer: read };
  const asked = readOrder(world, kind, read.fields);
  if (typeof asked === 'string') return { answer: invalidField(world, asked) };
  const refused = refuseByFault(world, kind.api) ?? refuseDuplicate(world, asked);
  if (refused) return { answer: refused };

  const order = plan(world, { app, asked });
  if (order.task.api === 'b2c') {
    world.book.getWallet(order.task.msisdn, BigInt(world.settings.get('customerOpeningBalance')) * 100n);
  }
  world.book.record({ kind: 'order', order });
  const strikes = isInScope(world.faults, kind.api);
  const isEarly = strikes && world.faults.strikes('resultEarly');
  const answer = acknowledge(world, order, strikes);
  if (!isEarly) return { answer, afterwards: () => desk.start(order.conversationId) };
  await desk.rush(order.conversationId);
  return { answer };
}

function readOrder(world: World, kind: OrderKind, fields: Fields): OrderFields | string {
  const originatorConversationId = kind.ownOriginator
    ? readMatching(fields, 'OriginatorConversationID', /^\S{1,64}$/)
    : undefined;
  if (kind.ownOriginator && originatorConversationId === undefined) return 'OriginatorConversationID';
  const initiator = readText(fields, kind.initiatorField);
  if (initiator === undefined) return kind.initiatorField;
  const credential = readText(fields, 'SecurityCredential');
  if (credential === undefined) return 'SecurityCredential';
  const command = readText(fields, 'CommandID');
  if (command === undefined || !kind.commands.includes(command)) return 'CommandID';
  const task = kind.readTask(world, fields);
  if (typeof task === 'string') return task;
  const shortcode = readMatching(fields, kind.shortcodeField, /^\d{5,7}$/);
  if (shortcode === undefined) return kind.shortcodeField;
  const remarks = readMatching(fields, 'Remarks', /^[^]{2,100}$/);
  if (remarks === undefined) return 'Remarks';
  // B2C v3 spells it with a double s, everything else does not, and both are taken (§19).
  const occasion = readText(fields, 'Occassion') ?? readText(fields, 'Occasion') ?? null;
  if (occasion !== null && occasion.length > 100) return 'Occasion';
  const timeoutUrl = readText(fields, 'QueueTimeOutURL');
  if (timeoutUrl === undefined || !isCallbackUrl(world, timeoutUrl)) return 'QueueTimeOutURL';
  const resultUrl = readText(fields, 'ResultURL');
  if (resultUrl === undefined || !isCallbackUrl(world, resultUrl)) return 'ResultURL';
  return {
    ...{ originatorConversationId, initiator, credential, shortcode, task, remarks, occasion },
    ...{ resultUrl, timeoutUrl },
  };
}

function refuseByFault(world: World, api: OrderApi): Answer | undefined {
  const chosen = isInScope(world.faults, api) ? world.faults.get('orderRefusal') : 'off';
  switch (chosen) {
    case 'off':
      return undefined;
    case 'systemError':
      return systemError(world);
    case 'duplicate':
      return duplicate(world);
    case 'internalError':
      return refusal(500, '500.003.1001', 'Internal Server Error', world.ids.merchantRequestId());
  }
}

/** The same code as a duplicate: only the message tells them apart (§1.2). */
const systemError = ({ ids }: World): Answer =>
  refusal(500, '500.002.1001', 'System internal error.', ids.merchantRequestId());

const duplicate = ({ ids }: World): Answer =>
  refusal(500, '500.002.1001', 'Duplicate OriginatorConversationID.', ids.merchantRequestId());

function refuseDuplicate(world: World, asked: OrderFields): Answer | undefined {
  return world.faults.get('duplicateAnswer') === 'sync' && isDuplicate(world, asked) ? duplicate(world) : undefined;
}

function isDuplicate({ book, settings, time }: World, { originatorConversationId }: OrderFields): boolean {
  if (originatorConversationId === undefined) return false;
  const windowMs = settings.get('duplicateWindowMs');
  return book
    .findOrders(originatorConversationId)
    .some(({ request }) => windowMs === 0 || request.acceptedAt > time.now() - windowMs);
}

function plan(world: World, { app, asked }: { app: App; asked: OrderFields }): OrderRequest {
  const { book, faults, ids, settings, time } = world;
  const { task, shortcode, remarks, occasion, resultUrl, timeoutUrl } = asked;
  const now = time.now();
  const strikes = isInScope(faults, task.api);
  let conversationId = ids.conversationId(now);
  while (book.orders.has(conversationId)) conversationId = ids.conversationId(now);
  const isExpired = strikes && faults.strikes('queueTimeout');
  const isNoticed = !isExpired && strikes && faults.strikes('queueTimeoutAnyway');
  return {
    conversationId,
    originatorConversationId: asked.originatorConversationId ?? ids.merchantRequestId(),
    app: app.consumerKey,
    ...{ shortcode, task, remarks, occasion, resultUrl, timeoutUrl },
    acceptedAt: now,
    endsAt: now + settings.get(task.api === 'reversal' ? 'reversalDelayMs' : 'orderDelayMs'),
    refusal: isDuplicate(world, asked) ? '15' : judgeInitiator(world, asked),
    queue: isExpired ? 'expired' : isNoticed ? 'passedWithNotice' : 'passed',
  };
}

/** The ResultCode that the operator's name, credential or role earns, or null. */
function judgeInitiator(world: World, { shortcode, initiator, credential, task }: OrderFields): string | null {
  const { book, settings } = world;
  const merchant = world.directory.merchants.find((candidate) => candidate.shortcode === shortcode);
  if (!merchant) return 'SFC_IC0003';
  const tries = settings.get('credentialTries');
  const wrongTries = book.wrongTries.get(shortcode) ?? 0;
  if (tries > 0 && wrongTries >= tries) return '8006';
  const operator = findOperator(merchant, initiator, credential);
  if (!operator) {
    book.record({ kind: 'initiator', shortcode, wrongTries: wrongTries + 1 });
    return '2001';
  }
  if (wrongTries > 0) book.record({ kind: 'initiator', shortcode, wrongTries: 0 });
  return operator.roles.includes(task.api) ? null : '21';
}

function findOperator({ initiator }: Merchant, name: string, credential: string): Merchant['initiator'] {
  const isRight = initiator?.name === name && readSecurityCredential(credential) === initiator.password;
  return isRight ? initiator : undefined;
}

/** The answer to an order that was taken, or what is left of it. */
function acknowledge(world: World, order: OrderRequest, strikes: boolean): Answer | 'cut' {
  const { faults } = world;
  if (strikes && faults.strikes('orderAnswerLost')) return 'cut';
  if (strikes && faults.strikes('orderAnswerUnreadable'))
    return { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html><body>OK</body></html>' };
  if (strikes && faults.strikes('orderAnswerEmpty'))
    return { status: 200, headers: { 'Content-Type': 'application/json', 'Content-Length': '0' }, body: '' };
  if (strikes && faults.strikes('orderAnswerError')) return systemError(world);
  if (strikes && faults.strikes('orderAnswerBadGateway')) return toBadGateway(world);
  return json(200, {
    ConversationID: order.conversationId,
    OriginatorConversationID: order.originatorConversationId,
    ResponseCode: '0',
    ResponseDescription: 'Accept the service request successfully.',
  });
}
