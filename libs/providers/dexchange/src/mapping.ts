import { Money, Msisdn } from '#libs/primitives';
import {
  readStatus,
  readSubmission,
  redact,
  type FailureReason,
  type HttpAnswer,
  type HttpExchange,
  type Instruction,
  type NextAction,
  type SentAttempt,
  type StatusReport,
  type SubmissionOutcome,
  type WordsReader,
} from '#libs/provider-kit';
import { MAINTENANCE, MAINTENANCE_MS, REFUSAL_WORDS, STATUSES, THROTTLED_MS, type StatusKind } from './codes.js';
import { NATIONAL_DIGITS } from './methods.js';
import { Refusal, TransactionFields, unwrap } from './wire.js';

/** Which way the money goes: the words of a refusal mean other things for each. */
export type Direction = 'collection' | 'payout';

/** What was asked for: an answer about anything else is none. */
export interface Order {
  readonly direction: Direction;
  readonly attemptId: string;
  readonly amount: Money;
  /** The rail, and the payer's or recipient's national digits; absent for links, whose payer chooses. */
  readonly direct?: { readonly serviceCode: string; readonly number: string; readonly flow: string };
}

export function toDirectOrder({ attemptId, amount, party, method }: Instruction | SentAttempt): Order {
  const { kind: direction, providerCode: serviceCode, flow } = method;
  return { direction, attemptId, amount, direct: { serviceCode, number: party.phone.nationalDigits, flow } };
}

export function toLinkOrder({ attemptId, amount }: Instruction | SentAttempt): Order {
  return { direction: 'collection', attemptId, amount };
}

// ————— Submits —————

/** What became of an init or a new link. `secrets` are the account's: they are taken out of what DExchange says. */
export function toOutcome(exchange: HttpExchange, order: Order, secrets: readonly string[] = []): SubmissionOutcome {
  return readSubmission(exchange, (answer) => readInitiated(answer, order), toWords(secrets));
}

/** What became of a one-time code. A refusal here ends the code, not the transaction. */
export function toOtpOutcome(exchange: HttpExchange, order: Order, secrets: readonly string[] = []): SubmissionOutcome {
  const outcome = toOutcome(exchange, order, secrets);
  if (outcome.kind === 'rejected' && outcome.providerCode === '400') return { ...outcome, reason: 'wrong_pin' };
  // A code that is accepted needs nothing more of the customer.
  return outcome.kind === 'accepted' ? { ...outcome, nextAction: undefined } : outcome;
}

function readInitiated(answer: HttpAnswer, order: Order): SubmissionOutcome | undefined {
  const { status, body, headers } = answer;
  if (status >= 400) return readRefusal(answer, order, headers['retry-after']);
  const said = TransactionFields.safeParse(unwrap(body)).data;
  const id = said?.transactionid;
  if (!said || id === undefined) return said?.success === false ? readInnerRefusal(said, order) : undefined;
  const { externaltransactionid } = said;
  if (externaltransactionid !== undefined && externaltransactionid !== order.attemptId)
    return { kind: 'unknown', cause: 'the answer is about another transaction' };
  const references = { providerReference: id };
  const kind = toKind(said.status);
  // `success: true` means that it was taken, not that it was paid: only the status decides (§0.2).
  const isFinal = kind !== undefined && kind !== 'pending' && findDifference(said, order) === undefined;
  // A last word about another amount is none: the status is asked for instead.
  if (!isFinal) return { kind: 'accepted', references, ...toNextAction(said, order) };
  return { kind: 'completed', references, report: toStatusReport(kind, said, order) };
}

function toNextAction(said: TransactionFields, { direct }: Order): { nextAction?: NextAction } {
  const url = [said.paymenturl, said.cashout_url, said.deeplink].find(isPage);
  if (url !== undefined) return { nextAction: { type: 'redirect', url } };
  if (direct?.flow === 'otp') return { nextAction: { type: 'enter_otp' } };
  return direct?.flow === 'approve_on_phone' ? { nextAction: { type: 'approve_on_phone' } } : {};
}

function isPage(text: string | undefined): boolean {
  return text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** A failure inside an answer of success is one only by words that are known; others could be about anything (§5). */
function readInnerRefusal(said: TransactionFields, { direction }: Order): SubmissionOutcome | undefined {
  const words = said.message?.join('; ');
  const reason = words === undefined ? undefined : findReason(words, direction);
  return reason && { kind: 'rejected', reason };
}

function readRefusal(
  { status, body }: HttpAnswer,
  { direction }: Order,
  retryAfter: string | undefined,
): SubmissionOutcome | undefined {
  // Over the limit nothing is looked at, whatever the words (§1).
  if (status === 429)
    return { kind: 'deferred', cause: 'throttled (HTTP 429)', retryAfterMs: toRetryAfterMs(retryAfter) };
  const words = findMessage(body);
  if (words === undefined) return undefined;
  const providerCode = String(status);
  switch (status) {
    case 400:
      return { kind: 'rejected', reason: findReason(words, direction) ?? 'provider_rejected', providerCode };
    case 401:
      return { kind: 'rejected', reason: 'provider_misconfigured', providerCode };
    case 403:
      return MAINTENANCE.test(words)
        ? { kind: 'deferred', cause: 'maintenance (HTTP 403)', retryAfterMs: MAINTENANCE_MS }
        : { kind: 'rejected', reason: 'provider_misconfigured', providerCode };
    case 409:
      return { kind: 'unknown', cause: 'an earlier send with this id was taken, and its answer is lost (HTTP 409)' };
    default:
      return undefined;
  }
}

function toRetryAfterMs(header: string | undefined): number {
  const seconds = /^\d{1,5}$/.test(header ?? '') ? Number(header) : 0;
  return seconds > 0 ? seconds * 1000 : THROTTLED_MS;
}

// ————— Inquiries —————

/** What a status endpoint says about an order. */
export function toReport(exchange: HttpExchange, order: Order, secrets: readonly string[] = []): StatusReport {
  return readStatus(exchange, (answer) => readReport(answer, order), toWords(secrets));
}

function readReport({ status, body }: HttpAnswer, order: Order): StatusReport | undefined {
  // Even "No transaction found" proves nothing: another key sees other transactions.
  const said = status === 200 ? TransactionFields.safeParse(unwrap(body)).data : undefined;
  const kind = toKind(said?.status);
  if (!said || kind === undefined) return undefined;
  const different = findDifference(said, order);
  if (different !== undefined)
    return { kind: 'unknown', cause: `the answer is about another transaction: ${different}` };
  return toStatusReport(kind, said, order);
}

/** The answer names no id of ours (§5), so everything else that it carries must fit. */
function findDifference(said: TransactionFields, { amount, direct }: Order): string | undefined {
  const money = said.amount === undefined ? undefined : Money.parse(said.amount, amount.currency);
  if (money !== undefined && (typeof money === 'string' || !money.equals(amount))) return 'its amount differs';
  if (!direct) return undefined;
  if (said.servicecode !== undefined && said.servicecode !== direct.serviceCode) return 'its service differs';
  return said.number !== undefined && !said.number.endsWith(direct.number) ? 'its number differs' : undefined;
}

function toStatusReport(kind: StatusKind, said: TransactionFields, order: Order): StatusReport {
  switch (kind) {
    case 'pending':
      return { kind };
    case 'succeeded': {
      const { operatorapi: receipt } = said;
      const amount = said.amount === undefined ? undefined : Money.parse(said.amount, order.amount.currency);
      if (typeof amount === 'string') return { kind: 'unknown', cause: `a success whose amount is ${amount}` };
      const payer = said.number === undefined ? undefined : toPhone(said.number);
      return { kind, ...(receipt && { receipt }), ...(amount && { amount }), ...(payer && { payer }) };
    }
    case 'failed':
      return { kind, reason: toFailureReason(said, order.direction), providerCode: said.status };
    case 'cancelled':
      return {
        kind,
        reason: order.direction === 'collection' ? 'cancelled_by_customer' : 'provider_rejected',
        providerCode: said.status,
      };
    case 'expired':
      return { kind, reason: 'expired', providerCode: said.status };
  }
}

/** A failure in a status says no more than that (§5), unless words stand beside it. */
function toFailureReason({ message }: TransactionFields, direction: Direction): FailureReason {
  return findReason(message?.join('; ') ?? '', direction) ?? 'unknown_reason';
}

/** A word of theirs as one of ours; undefined where nobody names it. */
export function toKind(status: string | undefined): StatusKind | undefined {
  const word = status?.toUpperCase() ?? '';
  return Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
}

/** National digits as a number: of the countries on offer the length alone says which. */
export function toPhone(digits: string): Msisdn | undefined {
  const country = Object.entries(NATIONAL_DIGITS).find(([, length]) => length === digits.length)?.[0];
  return /^\d+$/.test(digits) && country !== undefined ? Msisdn.parse(digits, country) : undefined;
}

function findReason(words: string, direction: Direction): FailureReason | undefined {
  return REFUSAL_WORDS.find((row) => row.words.test(words))?.[direction];
}

/** What a refusal says, its message as one text; undefined where it is none. */
export function findMessage(body: unknown): string | undefined {
  return Refusal.safeParse(unwrap(body)).data?.message.join('; ');
}

function toWords(secrets: readonly string[]): WordsReader {
  return ({ body }) => {
    const words = findMessage(body);
    return words === undefined ? undefined : { providerMessage: redact(words, secrets) };
  };
}
