import type { Order, ResultParameter } from './book.js';
import { isInScope } from './faults.js';
import type { Message } from './message.js';
import { toOrderDescription } from './order-codes.js';
import { AMOUNT_KEYS, PARTY_KEYS, RECEIPT_KEYS } from './parameters.js';
import { toWireTimestamp } from './time.js';
import type { World } from './world.js';

/** What stands in a Result: the truth, or what the faults make of it. */
interface Claims {
  readonly type: string;
  readonly code: string;
  readonly description: string;
  readonly originatorConversationId: string;
  readonly conversationId: string;
  readonly transactionId: string | null;
  readonly parameters: readonly ResultParameter[];
}

/** The Result of an order that ended, as M-PESA posts it to ResultURL (§8). */
export function toResultMessage(world: World, order: Order): Message {
  const { conversationId, resultUrl } = order.request;
  return { url: resultUrl, body: toBody(world, order, toClaims(world, order)), conversationId, about: 'result' };
}

/** The notice to QueueTimeOutURL. No sample is published; clients expect the same envelope (§8). */
export function toNoticeMessage(world: World, order: Order): Message {
  const { conversationId, originatorConversationId, timeoutUrl, acceptedAt } = order.request;
  const claims: Claims = {
    ...{ type: '1', code: '1', description: 'The service request timed out.' },
    ...{ conversationId, originatorConversationId },
    transactionId: world.ids.failedTransactionId(acceptedAt),
    parameters: [],
  };
  const isEmpty = world.faults.get('noticeShape') === 'empty';
  return { url: timeoutUrl, body: isEmpty ? '{}' : toBody(world, order, claims), conversationId, about: 'notice' };
}

function toClaims({ faults, ids }: World, { request, end }: Order): Claims {
  if (!end) throw new Error(`Order ${request.conversationId} has not ended`);
  const strikes = isInScope(faults, request.task.api);
  const code = (strikes ? faults.get('resultContradiction') : null) ?? end.code;
  const truth: Claims = {
    type: '0',
    ...{ code, description: toOrderDescription(code) },
    transactionId: code === '0' && end.code !== '0' ? ids.receipt(end.at, () => false) : end.transactionId,
    ...{ conversationId: request.conversationId, originatorConversationId: request.originatorConversationId },
    parameters: code === '0' ? end.parameters : [],
  };
  if (!strikes) return truth;
  const originator =
    faults.get('resultOriginator') === 'echo' ? truth.originatorConversationId : ids.merchantRequestId();
  return {
    ...truth,
    type: faults.get('resultType'),
    conversationId: faults.get('resultConversationId') ?? truth.conversationId,
    originatorConversationId: faults.get('resultOriginatorConversationId') ?? originator,
    transactionId: faults.get('resultReceipt') === 'present' ? truth.transactionId : null,
    parameters: toClaimedParameters(faults, truth.parameters, end.at, code),
  };
}

function toClaimedParameters(
  faults: World['faults'],
  parameters: readonly ResultParameter[],
  at: number,
  code: string,
): ResultParameter[] {
  if (code !== '0') {
    const isSingle = faults.get('resultFailureParameters') === 'single';
    return isSingle ? [['BOCompletedTime', toWireTimestamp(at)]] : [];
  }
  if (faults.get('resultParameters') === 'missing') return [];
  const claimed = parameters
    .filter(([key]) => !RECEIPT_KEYS.includes(key) || faults.get('resultReceipt') === 'present')
    .map(([key, value]): ResultParameter => [key, value === null ? null : toClaimedValue(faults, key, value)]);
  return faults.get('resultParameterOrder') === 'reversed' ? claimed.reverse() : claimed;
}

function toClaimedValue(faults: World['faults'], key: string, value: string): string {
  const phone = faults.get('resultPhone');
  if (PARTY_KEYS.includes(key)) return phone === null ? value : value.replace(/^"254\d{9}/, `"${phone}`);
  if (!AMOUNT_KEYS.includes(key)) return value;
  const form = faults.get('resultAmountForm');
  const amount = faults.get('resultAmount');
  if (form === 'usual' && amount === null) return value;
  const whole = amount ?? value.replaceAll('"', '').replace(/\.00$/, '');
  if (form === 'usual') return value.startsWith('"') ? JSON.stringify(whole) : whole;
  return form.replace('500', whole);
}

function toBody({ faults }: World, { request }: Order, claims: Claims): string {
  const { api } = request.task;
  const strikes = isInScope(faults, api);
  const chosen = strikes ? faults.get('resultCodeType') : 'usual';
  // The portal's sample of a balance has strings, all others have numbers.
  const asString = chosen === 'string' || (chosen === 'usual' && api === 'balance');
  const toCode = (code: string): string => (asString || !/^(?:0|[1-9]\d*)$/.test(code) ? JSON.stringify(code) : code);
  const members = [
    `"ResultType":${toCode(claims.type)}`,
    `"ResultCode":${toCode(claims.code)}`,
    `"ResultDesc":${JSON.stringify(claims.description)}`,
    `"OriginatorConversationID":${JSON.stringify(claims.originatorConversationId)}`,
    `"ConversationID":${JSON.stringify(claims.conversationId)}`,
    ...(claims.transactionId === null ? [] : [`"TransactionID":${JSON.stringify(claims.transactionId)}`]),
    ...toParameters(claims),
    ...toReference(strikes ? faults.get('resultReference') : 'object', api),
  ];
  return `{"Result":{${members.join(',')}}}`;
}

function toParameters({ code, parameters }: Claims): string[] {
  if (parameters.length === 0) return [];
  const items = parameters.map(([key, value]) => `{"Key":"${key}"${value === null ? '' : `,"Value":${value}`}}`);
  // One alone comes without its list.
  const list = code !== '0' && items.length === 1 ? items.join('') : `[${items.join(',')}]`;
  return [`"ResultParameters":{"ResultParameter":${list}}`];
}

/** An address inside Safaricom, not the caller's. */
const INTERNAL_URL = 'https://internalsandbox.safaricom.co.ke/mpesa';

function toReference(form: 'object' | 'array' | 'withoutValue' | 'absent', api: string): string[] {
  if (form === 'absent') return [];
  const item = `{"Key":"QueueTimeoutURL","Value":"${INTERNAL_URL}/${api}results/v1/submit"}`;
  const items = { object: item, array: `[${item},{"Key":"Occasion"}]`, withoutValue: '{"Key":"Occasion"}' }[form];
  return [`"ReferenceData":{"ReferenceItem":${items}}`];
}
