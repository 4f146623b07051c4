import { Money } from '#libs/primitives';
import type { BalanceMessage, CallbackMessage, ProviderReferences, StatusReport } from '#libs/provider-kit';
import { ORDER_RESULT_CODES, TRANSACTION_STATUSES } from './order-codes.js';
import { readAmount, readPhone, readReceipt, readWords } from './values.js';
import type { Result } from './wire.js';

/** What is asked for now and answered by a Result. */
export type OrderKind = 'payouts' | 'reversals';

/** The numbers under which Safaricom knows the account's business. */
export interface OwnNumbers {
  readonly shortcode: string;
  readonly others: readonly string[];
}

/** The two ids of an order, as its acknowledgement and its Result give them. */
export interface ConversationIds {
  readonly ConversationID?: string;
  readonly OriginatorConversationID?: string;
}

/**
 * The ids of an order as references. The main one is what can be relied on to be the same everywhere: for a payout the
 * gateway's, for its Result may not echo ours (§9); for a reversal the one a status query asks by.
 */
export function toOrderReferences(
  { ConversationID, OriginatorConversationID }: ConversationIds,
  kind: OrderKind,
): ProviderReferences {
  const [main, other] =
    kind === 'payouts'
      ? [ConversationID, { OriginatorConversationID }]
      : [OriginatorConversationID, { ConversationID }];
  const others = Object.entries(other).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...(main !== undefined && { providerReference: main }),
    ...(others.length > 0 && { others: Object.fromEntries(others) }),
  };
}

/** The ids of a question, which are about no attempt. */
export function toQuestionReferences({
  ConversationID,
  OriginatorConversationID,
}: ConversationIds): ProviderReferences {
  return toOrderReferences({ ConversationID, OriginatorConversationID }, 'payouts');
}

/** The Result of a payout or a reversal (§9, §11). Undefined where it names an amount that cannot be held. */
export function readOrderResult(result: Result, kind: OrderKind, own: OwnNumbers): CallbackMessage | undefined {
  const named = readNamed(result, own);
  if (!named) return undefined;
  const { amount, payer, account } = named;
  const report = toOrderReport(result);
  const receipt = readReceipt(findValue(result, 'TransactionReceipt')) ?? readReceipt(result.TransactionID);
  return {
    report: withSaid(report.kind === 'succeeded' ? { ...report, receipt, amount, payer } : report, result),
    references: toOrderReferences(result, kind),
    ...{ operation: kind, amount, payer, account },
  };
}

const verdicts = new Map(ORDER_RESULT_CODES.map(({ code, says }) => [code, says]));

function toOrderReport(result: Result): StatusReport {
  const { ResultType, ResultCode } = result;
  if (ResultType !== undefined && ResultType !== '0') return { kind: 'unknown', cause: 'more messages are to come' };
  // Its code 0 would only mean that a question was answered.
  if (isAnswer(result)) return { kind: 'unknown', cause: 'the answer to a question' };
  const verdict = verdicts.get(ResultCode) ?? { kind: 'unknown', cause: `unknown result code ${ResultCode}` };
  return 'reason' in verdict ? { ...verdict, providerCode: ResultCode } : verdict;
}

const isAnswer = (result: Result): boolean =>
  ['TransactionStatus', 'AccountBalance'].some((key) => findValue(result, key) !== undefined);

/** A notice that an order expired in the queue. It may have been carried out all the same: ask (§8). */
export function readNotice(result: Result, kind: OrderKind): CallbackMessage {
  const report: StatusReport = { kind: 'unknown', cause: 'queue time-out notice' };
  return { report: withSaid(report, result), references: toOrderReferences(result, kind), operation: kind };
}

/**
 * The answer to a status query (§10). Its ResultCode says how the query went, and nothing about the money: 2033 and
 * SFC_IC0003 do not prove that there is no transaction.
 */
export function readStatusResult(result: Result, kind: OrderKind, own: OwnNumbers): CallbackMessage | undefined {
  const named = readNamed(result, own);
  if (!named) return undefined;
  const { amount, payer, account } = named;
  const report = toStatusVerdict(result);
  const receipt = readReceipt(findValue(result, 'ReceiptNo'));
  const about = {
    ConversationID: readId(result, 'ConversationID'),
    OriginatorConversationID: readId(result, 'OriginatorConversationID'),
  };
  return {
    report: withSaid(report.kind === 'succeeded' ? { ...report, receipt, amount, payer } : report, result),
    references: toOrderReferences(about, kind),
    inquiry: toQuestionReferences(result),
    ...{ operation: kind, amount, payer, account },
  };
}

function toStatusVerdict(result: Result): StatusReport {
  const { ResultType, ResultCode } = result;
  if (ResultType !== undefined && ResultType !== '0') return { kind: 'unknown', cause: 'more messages are to come' };
  if (ResultCode !== '0') return { kind: 'unknown', cause: `the status query ended with ${ResultCode}` };
  const status = findValue(result, 'TransactionStatus');
  const known = typeof status === 'string' && Object.hasOwn(TRANSACTION_STATUSES, status);
  const says = known ? TRANSACTION_STATUSES[status]?.says : undefined;
  return says ?? { kind: 'unknown', cause: 'no TransactionStatus that is known' };
}

/** The balances of a shortcode: accounts joined by `&`, each `Name|KES|available|…` (§12). */
export function readBalanceResult(result: Result): BalanceMessage {
  const inquiry = toQuestionReferences(result);
  const text = findValue(result, 'AccountBalance');
  if (result.ResultCode !== '0' || typeof text !== 'string')
    return { answer: { kind: 'unknown', cause: `the balance query ended with ${result.ResultCode}` }, inquiry };
  const balances = text.split('&').map((account) => {
    const [name = '', currency = '', available = ''] = account.split('|');
    const amount = Money.parse(available, currency);
    return typeof amount === 'string' || name.trim() === ''
      ? undefined
      : { account: name.trim().slice(0, 100), available: amount };
  });
  const read = balances.filter((balance) => balance !== undefined);
  // One that cannot be read may be the one that matters.
  if (read.length < balances.length) return { answer: { kind: 'unknown', cause: 'unreadable balances' }, inquiry };
  return { answer: { kind: 'balances', balances: read }, inquiry };
}

const PARTY_KEYS = [
  'ReceiverPartyPublicName',
  'CreditPartyName',
  'CreditPartyPublicName',
  'DebitPartyName',
  'DebitPartyPublicName',
];

/** What a Result says about money and parties; undefined where its amount cannot be held against ours. */
function readNamed(result: Result, own: OwnNumbers): Pick<CallbackMessage, 'amount' | 'payer' | 'account'> | undefined {
  const amount = readAmount(findValue(result, 'TransactionAmount') ?? findValue(result, 'Amount'));
  if (amount === 'unreadable') return undefined;
  // `254700000123 - Jane Doe`, `600100 - Example Shop`; the portal calls both parties of a status DebitPartyName (§10).
  const numbers = PARTY_KEYS.flatMap((key) => listValues(result, key)).map(
    (value) => /^\d+/.exec(String(value))?.[0] ?? '',
  );
  const phones = numbers.map(readPhone).filter((phone) => phone !== undefined);
  const businesses = numbers.filter((number) => /^\d{5,7}$/.test(number));
  const isOurs = (number: string): boolean => number === own.shortcode || own.others.includes(number);
  return { amount, payer: phones[0], account: businesses.find((number) => !isOurs(number)) };
}

/** By key, never by place (§8). No value, an empty one included, counts as not named. */
function findValue(result: Result, key: string): unknown {
  return listValues(result, key)[0];
}

function listValues({ ResultParameters }: Result, key: string): unknown[] {
  return (ResultParameters?.ResultParameter ?? [])
    .filter(({ Key }) => Key === key)
    .map(({ Value }) => Value)
    .filter((value) => value !== undefined && value !== null && value !== '');
}

function readId(result: Result, key: string): string | undefined {
  const value = findValue(result, key);
  return typeof value === 'string' && value.length <= 200 ? value : undefined;
}

function withSaid(report: StatusReport, { ResultCode, ResultDesc }: Result): StatusReport {
  return { ...report, said: { providerCode: ResultCode, providerMessage: readWords(ResultDesc) } };
}
