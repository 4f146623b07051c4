import { Money, Msisdn } from '#libs/primitives';
import {
  readStatus,
  readSubmission,
  redact,
  type CredentialCheck,
  type FailureReason,
  type HttpAnswer,
  type HttpExchange,
  type Identification,
  type Instruction,
  type Mode,
  type Party,
  type StatusReport,
  type SubmissionOutcome,
  type WordsReader,
} from '#libs/provider-kit';
import type { Resource } from './client.js';
import {
  ATTEMPT_KEY,
  ENVIRONMENTS,
  FAILURE_WORDS,
  REFUSALS,
  STATUSES,
  THROTTLED_MS,
  UNKNOWN_ROUTE,
  type StatusKind,
} from './codes.js';
import { CUSTOMER_FIELDS, findDialCode } from './methods.js';
import {
  Catalogue,
  Initialized,
  Refusal,
  TransactionAnswer,
  type PaymentBody,
  type PayoutBody,
  type Transaction,
} from './wire.js';

type Rejected = SubmissionOutcome & { kind: 'rejected' };

// ————— To the wire —————

/** Longest description that the official SDK let through (§4). */
const DESCRIPTION_LENGTH = 155;

/** The payout of an instruction, or the refusal of one that Moneroo has no words for. Follows from it alone. */
export function toPayoutBody(instruction: Instruction): PayoutBody | Rejected {
  const common = toCommonBody(instruction);
  if ('kind' in common) return common;
  const { method, party } = instruction;
  const own = method.requiredFields.flatMap((field) => {
    const value = party.fields?.[field];
    return value === undefined ? [] : [[field, value] as const];
  });
  // Digits with the country code and no plus, as a text: documented as an integer, shown as a text (§4).
  const recipient = own.length > 0 ? Object.fromEntries(own) : { msisdn: party.phone.digits };
  return { ...common, method: method.providerCode, recipient };
}

/** The hosted payment of an instruction, or the refusal of one. */
export function toPaymentBody(instruction: Instruction): PaymentBody | Rejected {
  const common = toCommonBody(instruction);
  if ('kind' in common) return common;
  const { returnUrl } = instruction;
  if (returnUrl === undefined) return rejected('provider_rejected', 'without a URL to return to');
  return { ...common, return_url: returnUrl, methods: [instruction.method.providerCode] };
}

function toCommonBody(instruction: Instruction) {
  const { amount, method, party, attemptId, reference, description } = instruction;
  const whole = amount.currency === method.currency ? amount.inDecimals(method.decimals) : undefined;
  if (whole === undefined || whole < 1n)
    return rejected('provider_rejected', 'the amount is no whole number of major units');
  const missing = method.requiredFields.filter((field) => !findField(party, field));
  if (missing.length > 0) return rejected('provider_rejected', `without ${missing.join(', ')}`);
  // Whatever the network of a number, its country has to be the method's (§10).
  const dialCode = findDialCode(method.code);
  if (dialCode !== undefined && !party.phone.digits.startsWith(dialCode))
    return rejected('invalid_recipient', 'the number belongs to another country than the method');
  return {
    amount: Number(whole), // At most 2^53 - 1: exact.
    currency: amount.currency,
    description: (description?.trim() || reference).slice(0, DESCRIPTION_LENGTH),
    customer: toCustomer(party),
    metadata: { [ATTEMPT_KEY]: attemptId, reference },
  };
}

function toCustomer({ email = '', firstName = '', lastName = '', phone, ...party }: Party): PayoutBody['customer'] {
  const { address, city, state, country, postalCode: zip } = party;
  const optional = Object.entries({ address, city, state, zip, country }).filter(([, value]) => value !== undefined);
  return { email, first_name: firstName, last_name: lastName, phone: phone.digits, ...Object.fromEntries(optional) };
}

function findField(party: Party, field: string): string | undefined {
  const place: Readonly<Record<string, unknown>> = CUSTOMER_FIELDS.includes(field) ? { ...party } : { ...party.fields };
  const found = Object.entries(place).find(([name]) => name === field)?.[1];
  return typeof found === 'string' && found.trim() !== '' ? found : undefined;
}

function rejected(reason: FailureReason, providerMessage: string): Rejected {
  return { kind: 'rejected', reason, said: { providerMessage } };
}

// ————— From the wire —————

/** What became of an initialize. `secrets` are the account's: they are taken out of what Moneroo says. */
export function toOutcome(exchange: HttpExchange, secrets: readonly string[] = []): SubmissionOutcome {
  return readSubmission(exchange, readInitialized, toWords(secrets));
}

function readInitialized({ status, body }: HttpAnswer): SubmissionOutcome | undefined {
  // 201 is shown; 200 and 202 are taken as well (§2). The id alone says that it exists, never `success`.
  const created = status < 300 ? Initialized.safeParse(body).data?.data : undefined;
  if (created) {
    const references = { providerReference: created.id };
    const url = readPageUrl(created.checkout_url);
    return { kind: 'accepted', references, ...(url !== undefined && { nextAction: { type: 'redirect', url } }) };
  }
  // Over the limit nothing is looked at, whatever the words (§3).
  if (status === 429) return { kind: 'deferred', cause: 'throttled (HTTP 429)', retryAfterMs: THROTTLED_MS };
  const refusal = Refusal.safeParse(body).data;
  if (!refusal || status < 400 || status >= 500) return undefined;
  const words = [refusal.message, ...listErrors(refusal.errors)].join('\n');
  const row = REFUSALS.find((candidate) => candidate.status === status && (candidate.message?.test(words) ?? true));
  return row && { kind: 'rejected', reason: row.reason, providerCode: String(status) };
}

function readPageUrl(text: string | undefined): string | undefined {
  return text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined;
}

/** Which payment or payout was asked about, and in which mode: an answer about another is none. */
export interface Question {
  readonly resource: Resource;
  readonly providerReference: string;
  readonly mode: Mode;
  /** Of the method that was asked for: whose a number without its country code is. */
  readonly country?: string;
}

/** What verify says. `secrets` as above. */
export function toReport(exchange: HttpExchange, question: Question, secrets: readonly string[] = []): StatusReport {
  return readStatus(
    exchange,
    (answer) => {
      const transaction = readTransaction(answer, question);
      return typeof transaction === 'string'
        ? { kind: 'unknown', cause: transaction }
        : toStatusReport(transaction, question);
    },
    toWords(secrets),
  );
}

/** Whose it is, by the metadata that we gave it. */
export function toIdentification(exchange: HttpExchange, question: Question): Identification {
  if (exchange.kind !== 'response') return { kind: 'unknown', cause: exchange.cause };
  const transaction = readTransaction(exchange, question);
  if (typeof transaction === 'string') return { kind: 'unknown', cause: transaction };
  const attemptId = transaction.metadata[ATTEMPT_KEY];
  return typeof attemptId === 'string' && attemptId !== '' ? { kind: 'attempt', attemptId } : { kind: 'none' };
}

/** The transaction that was asked about, or why the answer is none about it. */
function readTransaction({ status, body }: HttpAnswer, { providerReference, mode }: Question): Transaction | string {
  const transaction = status === 200 ? TransactionAnswer.safeParse(body).data?.data : undefined;
  // Even "no such id" proves nothing: the sandbox forgets after 90 days, and another key sees another half.
  if (!transaction) return `no answer about it (HTTP ${status})`;
  if (transaction.id !== providerReference) return 'the answer is about another one';
  const environment = Object.hasOwn(ENVIRONMENTS, transaction.environment)
    ? ENVIRONMENTS[transaction.environment]
    : undefined;
  return environment === mode ? transaction : 'the answer comes from another environment than the account’s mode';
}

function toStatusReport(transaction: Transaction, { resource, country }: Question): StatusReport {
  const { amount: text, currency, capture } = transaction;
  const kind = toKind(transaction.status);
  switch (kind) {
    case 'succeeded': {
      const amount = Money.parse(text, currency);
      // Paid, but how much? Whoever cannot hold the amount cannot match it.
      if (typeof amount === 'string') return { kind: 'unknown', cause: `a success whose amount is ${amount}` };
      const receipt = capture?.metadata?.network_transaction_id ?? undefined;
      const payer = readPayer(capture?.phone_number, country);
      return { kind, amount, ...(receipt !== undefined && { receipt }), ...(payer && { payer }) };
    }
    case 'failed': {
      const words = findFailureWords(transaction);
      return {
        kind,
        reason: toFailureReason(words, resource),
        ...(words !== undefined && { said: { providerMessage: words } }),
      };
    }
    case 'cancelled':
      return resource === 'payments'
        ? { kind, reason: 'cancelled_by_customer', providerCode: transaction.status }
        : { kind: 'unknown', cause: 'a payout cannot be cancelled' };
    case 'pending':
      return { kind };
    case undefined:
      return { kind: 'unknown', cause: 'a status that no page names' };
  }
}

/** Whoever paid typed his number on the page (§7), with or without plus and country code. */
function readPayer(text: string | null | undefined, country: string | undefined): Msisdn | undefined {
  const digits = text?.replace(/[\s+().-]/g, '') ?? '';
  const international = Msisdn.parseDigits(digits);
  if (country === undefined || international?.country === country) return international;
  const national = /^\d{4,15}$/.test(digits) ? Msisdn.parse(digits, country) : undefined;
  return national ?? international;
}

/** A word of theirs as one of ours; undefined where no page names it. */
function toKind(status: string): StatusKind | undefined {
  return Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined;
}

/** Why it failed, in the order of §6. Read only where the status is `failed`: a stale one can stand beside a success. */
function findFailureWords({ disburse, capture }: Transaction): string | undefined {
  const means = disburse ?? capture;
  const code = means?.failure_error_code;
  const words = [means?.failure_message, means?.gateway?.transaction_failure_message, code == null ? '' : String(code)];
  return words.find((text) => text !== undefined && text !== null && text.trim() !== '') ?? undefined;
}

export function toFailureReason(words: string | undefined, resource: Resource): FailureReason {
  if (words === undefined) return 'unknown_reason';
  const row = FAILURE_WORDS.find((candidate) => candidate.words.test(words));
  if (!row) return 'provider_rejected';
  return resource === 'payouts' ? row.payout : row.payment;
}

/** What the probe says about the key. */
export function toCredentialCheck(exchange: HttpExchange): CredentialCheck {
  if (exchange.kind !== 'response') return { kind: 'unreachable', detail: exchange.cause };
  const message = Refusal.safeParse(exchange.body).data?.message;
  if (message !== undefined && (exchange.status === 401 || exchange.status === 403))
    return { kind: 'refused', detail: `the secret key was refused (HTTP ${exchange.status})` };
  const isKnown = message !== undefined && exchange.status === 404 && !UNKNOWN_ROUTE.test(message);
  return isKnown
    ? { kind: 'ok' }
    : { kind: 'unreachable', detail: `no answer about the key (HTTP ${exchange.status})` };
}

/** The codes of a catalogue, or undefined where the answer is none. */
export function toCodes(exchange: HttpExchange): readonly string[] | undefined {
  if (exchange.kind !== 'response' || exchange.status !== 200) return undefined;
  return Catalogue.safeParse(exchange.body).data?.data.flatMap(({ short_code, is_enabled }) =>
    is_enabled ? [short_code] : [],
  );
}

/** Every text in `errors`, whichever of its forms it has (§3), with the names of the fields. */
function listErrors(errors: unknown): string[] {
  if (typeof errors === 'string') return [errors];
  if (typeof errors !== 'object' || errors === null) return [];
  return Object.entries(errors).flatMap(([name, value]) => [
    ...(/^\d+$/.test(name) ? [] : [name]),
    ...listErrors(value),
  ]);
}

function toWords(secrets: readonly string[]): WordsReader {
  return ({ body }) => {
    const refusal = Refusal.safeParse(body).data;
    if (!refusal) return undefined;
    const words = [...new Set([refusal.message, ...listErrors(refusal.errors)])].join('; ');
    return { providerMessage: redact(words, secrets) };
  };
}
