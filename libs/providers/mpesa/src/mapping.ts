import {
  readStatus,
  readSubmission,
  readToken,
  redact,
  type HttpAnswer,
  type HttpExchange,
  type Instruction,
  type ProviderExchange,
  type ProviderReferences,
  type ProviderWords,
  type WordsReader,
  type StatusReport,
  type SubmissionOutcome,
  type TokenAnswer,
} from '#libs/provider-kit';
import {
  CREDENTIAL_REFUSALS,
  INVALID_TOKEN,
  NO_PRODUCT,
  QUERY_IN_FLIGHT,
  QUERY_NO_ANSWER_CODE,
  PUSH_ERRORS,
  RESULT_CODES,
  THROTTLED_MS,
  TOKEN_REFUSALS,
  type ResultVerdict,
  type SyncRow,
} from './codes.js';
import type { Credentials, Settings } from './config.js';
import {
  findWireError,
  PushAnswer,
  QueryAnswer,
  TokenBody,
  type MerchantFields,
  type PushBody,
  type QueryBody,
  type WireError,
} from './wire.js';

/** What of an account goes into a request body. */
export interface Merchant {
  readonly passkey: Credentials['passkey'];
  readonly settings: Settings;
}

// ————— To the wire —————

const EAT_OFFSET_MS = 3 * 60 * 60 * 1000;

/** `YYYYMMDDHHmmss` in East Africa Time, which knows no summer time (§1). */
export function toTimestamp(epochMs: number): string {
  return new Date(epochMs + EAT_OFFSET_MS).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** The fields that prove whose shortcode asks. Password and Timestamp come from one string, or Daraja says "Wrong credentials". */
export function toMerchantFields({ passkey, settings }: Merchant, timestamp: string): MerchantFields {
  return {
    BusinessShortCode: settings.shortcode,
    Password: Buffer.from(settings.shortcode + passkey + timestamp).toString('base64'),
    Timestamp: timestamp,
  };
}

/**
 * The push of an instruction, or the refusal of one that M-Pesa has no words for. Everything but Password and Timestamp
 * follows from the instruction alone, so two tries of one attempt say the same.
 */
export function toPushBody(
  merchant: Merchant,
  instruction: Instruction,
  timestamp: string,
): PushBody | (SubmissionOutcome & { kind: 'rejected' }) {
  const { amount, party, callbackUrls } = instruction;
  const shillings = amount.currency === 'KES' ? amount.inDecimals(0) : undefined;
  if (shillings === undefined || shillings < 1n) return { kind: 'rejected', reason: 'provider_rejected' };
  // The field holds twelve digits from 254 on; which operator they belong to is not ours to judge (§17).
  if (!/^254\d{9}$/.test(party.phone.digits)) return { kind: 'rejected', reason: 'invalid_recipient' };
  const callbackUrl = callbackUrls['result'];
  if (callbackUrl === undefined) throw new TypeError('A push needs a callback URL for the purpose "result"');

  const { settings } = merchant;
  const isTill = settings.type === 'till';
  return {
    ...toMerchantFields(merchant, timestamp),
    TransactionType: isTill ? 'CustomerBuyGoodsOnline' : 'CustomerPayBillOnline',
    Amount: shillings.toString(),
    PartyA: party.phone.digits,
    PartyB: settings.tillNumber ?? settings.shortcode, // The schema gives every till a number, and no paybill.
    PhoneNumber: party.phone.digits,
    CallBackURL: callbackUrl,
    AccountReference: toAccountReference(instruction),
    TransactionDesc: toTransactionDesc(instruction.description),
  };
}

/** The question about an attempt. */
export function toQueryBody(merchant: Merchant, checkoutRequestId: string, timestamp: string): QueryBody {
  return { ...toMerchantFields(merchant, timestamp), CheckoutRequestID: checkoutRequestId };
}

const ACCOUNT_REFERENCE_LENGTH = 12;

/**
 * What the payer reads in the prompt and the SMS: the end of the merchant's reference, where references differ, with
 * the letters and digits that Daraja is known to take (§3.1).
 */
export function toAccountReference({ reference, attemptId }: Pick<Instruction, 'reference' | 'attemptId'>): string {
  const plain = reference.replace(/[^A-Za-z0-9]/g, '') || attemptId.replace(/[^A-Za-z0-9]/g, '');
  return plain.slice(-ACCOUNT_REFERENCE_LENGTH);
}

const TRANSACTION_DESC_LENGTH = 13;
const FORBIDDEN_WORDS = /m[- ]?pesa|safaricom|exec?|cmd|sql|query/i;

/** Always something: without it Daraja answers "Invalid Remarks" (§3.1). Its forbidden words (§16.4) are kept out here too. */
export function toTransactionDesc(description: string | undefined): string {
  return toPlainText(description, TRANSACTION_DESC_LENGTH) ?? 'Payment';
}

/** Letters, digits and single blanks, at most so many; undefined where nothing is left, or a forbidden word is in it. */
export function toPlainText(text: string | undefined, length: number): string | undefined {
  const plain = (text ?? '')
    .replace(/[^A-Za-z0-9 ]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  const short = plain.slice(0, length).trim();
  return short === '' || FORBIDDEN_WORDS.test(plain) ? undefined : short;
}

// ————— From the wire —————

/** What the OAuth call came to. Whatever went wrong in it, nothing else was sent. */
export function toTokenAnswer(exchange: HttpExchange): TokenAnswer {
  return readToken(exchange, ({ status, text, body }) => {
    const token = status === 200 ? TokenBody.safeParse(body).data : undefined;
    if (token) return { kind: 'token', token: token.access_token, expiresInMs: token.expires_in * 1000 };
    const code = findWireError(body)?.code ?? '';
    // Well-formed but wrong keys come back as HTTP 400 with nothing in it (§1.2).
    const isRefused = status === 401 || (status === 400 && (text.trim() === '' || CREDENTIAL_REFUSALS.has(code)));
    return isRefused ? { kind: 'rejected', cause: `credentials refused (HTTP ${status} ${code})` } : undefined;
  });
}

/** Whether Daraja turned a request away because of its token, in any of the spellings of §1.2: nothing was taken. */
export function isTokenRefusal({ status, body }: HttpAnswer): boolean {
  if (status < 400 || status >= 500) return false;
  const error = findWireError(body);
  return status === 401 || TOKEN_REFUSALS.has(error?.code ?? '') || INVALID_TOKEN.test(error?.message ?? '');
}

/** Whether the token was refused because it has no right to the product: an app that lacks it, or got it after the token. */
export function isProductRefusal(answer: HttpAnswer): boolean {
  return isTokenRefusal(answer) && NO_PRODUCT.test(findWireError(answer.body)?.message ?? '');
}

/** What became of a push. `secrets` are the account's: they are taken out of what Daraja says. */
export function toOutcome(exchange: ProviderExchange, secrets: readonly string[] = []): SubmissionOutcome {
  return readSubmission(exchange, readPushAnswer, toWords(secrets));
}

function readPushAnswer(answer: HttpAnswer): SubmissionOutcome | undefined {
  const push = answer.status === 200 ? PushAnswer.safeParse(answer.body).data : undefined;
  if (push?.ResponseCode === '0' && push.CheckoutRequestID !== undefined) {
    const references = toReferences(push.CheckoutRequestID, push.MerchantRequestID);
    return { kind: 'accepted', references, nextAction: { type: 'approve_on_phone' } };
  }
  // A yes without an id, or HTTP 200 with a ResponseCode that nobody documents: neither a yes nor a no.
  if (push) return { kind: 'unknown', cause: `ResponseCode ${push.ResponseCode} without a known meaning` };
  if (isProductRefusal(answer)) return { kind: 'rejected', reason: 'provider_misconfigured' };
  return readRefusal(answer.status, findWireError(answer.body), PUSH_ERRORS);
}

/** A refusal by the first row that fits; undefined where none does. */
export function readRefusal(
  status: number,
  error: WireError | undefined,
  rows: readonly SyncRow[],
): SubmissionOutcome | undefined {
  const says = error && rows.find((row) => fits(row, status, error))?.says;
  if (says?.kind === 'rejected') return { ...says, providerCode: error?.code };
  if (says?.kind === 'deferred') return { ...says, cause: `turned away with ${error?.code ?? 'no code'}` };
  // One integrator met the throttle as HTTP 429 (§1.2): whatever it says, a 429 was not taken.
  return status === 429 ? { kind: 'deferred', cause: 'throttled (HTTP 429)', retryAfterMs: THROTTLED_MS } : undefined;
}

function fits(row: SyncRow, status: number, error: WireError): boolean {
  if (status >= 500 && (row.code === null || row.message === null)) return false;
  return (row.code === null || row.code === error.code) && (row.message?.test(error.message) ?? true);
}

/**
 * What the query says about the payment it was asked about. It knows no receipt, amount or phone (§5).
 * `secrets` as above.
 */
export function toReport(
  exchange: ProviderExchange,
  checkoutRequestId: string,
  secrets: readonly string[] = [],
): StatusReport {
  return readStatus(exchange, (answer) => readQueryAnswer(answer, checkoutRequestId), toWords(secrets));
}

function readQueryAnswer({ status, body }: HttpAnswer, checkoutRequestId: string): StatusReport | undefined {
  const query = status === 200 ? QueryAnswer.safeParse(body).data : undefined;
  if (query && (query.CheckoutRequestID ?? checkoutRequestId) !== checkoutRequestId)
    return { kind: 'unknown', cause: 'the answer is about another payment' };
  if (query) {
    const report = toResultReport(query.ResultCode);
    return query.ResponseCode === '0' || report.kind === 'pending' ? report : undefined;
  }
  const error = findWireError(body);
  if (error?.code !== QUERY_NO_ANSWER_CODE) return undefined;
  const isInFlight = QUERY_IN_FLIGHT.test(error.message) || (status === 200 && error.message === '');
  return isInFlight ? { kind: 'pending' } : { kind: 'unknown', cause: 'no answer to the query' };
}

const verdicts: ReadonlyMap<string, ResultVerdict> = new Map(RESULT_CODES.map(({ code, says }) => [code, says]));

/** The verdict of a result code, in a callback or in a query's answer. A code in no table is unknown, never failed. */
export function toResultReport(resultCode: string): StatusReport {
  const verdict = verdicts.get(resultCode) ?? { kind: 'unknown', cause: `unknown result code ${resultCode}` };
  return 'reason' in verdict ? { ...verdict, providerCode: resultCode } : verdict;
}

/** The ids of a push, as answers and callbacks give them. */
export function toReferences(checkoutRequestId: string, merchantRequestId: string | undefined): ProviderReferences {
  const others = merchantRequestId === undefined ? {} : { others: { MerchantRequestID: merchantRequestId } };
  return { providerReference: checkoutRequestId, ...others };
}

/** Finds what Daraja said, without these secrets. */
export function toWords(secrets: readonly string[]): WordsReader {
  return ({ body }) => {
    const words = findWords(body);
    return words?.providerMessage === undefined
      ? words
      : { ...words, providerMessage: redact(words.providerMessage, secrets) };
  };
}

function findWords(body: unknown): ProviderWords | undefined {
  const query = QueryAnswer.safeParse(body).data;
  if (query) return { providerCode: query.ResultCode, providerMessage: query.ResultDesc };
  const push = PushAnswer.safeParse(body).data;
  if (push) return { providerCode: push.ResponseCode, providerMessage: push.ResponseDescription };
  const error = findWireError(body);
  return error && { providerCode: error.code, providerMessage: error.message };
}
