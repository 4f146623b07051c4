import {
  readStatus,
  readSubmission,
  type Account,
  type BalanceInquiry,
  type HttpAnswer,
  type Instruction,
  type MoneyMovement,
  type ProviderExchange,
  type ProviderReferences,
  type StatusReport,
  type SubmissionOutcome,
} from '#libs/provider-kit';
import { PURPOSES } from './callbacks.js';
import { PUBLISHED_CERTIFICATES } from './certificates.js';
import type { DarajaClient } from './client.js';
import { ORDER_ERRORS } from './codes.js';
import type { Credentials, Settings } from './config.js';
import { isProductRefusal, readRefusal, toPlainText, toWords } from './mapping.js';
import { toOrderReferences, toQuestionReferences, type OrderKind } from './results.js';
import { toSecurityCredential } from './security-credential.js';
import { Acknowledgement, findWireError, type PayoutBody, type ReversalBody } from './wire.js';

/** In whose name orders are made, and from where payouts leave. */
export interface Orderer {
  readonly initiator: string;
  readonly securityCredential: string;
  readonly shortcode: string;
  readonly payoutShortcode: string;
}

/** The account's orderer, or undefined where it has no API operator: then it neither pays out nor reverses. */
export function toOrderer({ credentials, settings, mode }: Account<Credentials, Settings>): Orderer | undefined {
  const { initiatorName, initiatorPassword } = credentials;
  if (initiatorName === undefined || initiatorPassword === undefined) return undefined;
  return {
    initiator: initiatorName,
    securityCredential: toSecurityCredential(initiatorPassword, settings.certificate ?? PUBLISHED_CERTIFICATES[mode]),
    shortcode: settings.shortcode,
    payoutShortcode: settings.payoutShortcode ?? settings.shortcode,
  };
}

const REMARKS_LENGTH = 100;
type Rejected = SubmissionOutcome & { readonly kind: 'rejected' };

/** The payout of an instruction, or the refusal of one that M-Pesa has no words for. The attempt id is Daraja's key. */
export function toPayoutBody(orderer: Orderer, instruction: Instruction): PayoutBody | Rejected {
  const { amount, party, attemptId, reference, description, callbackUrls } = instruction;
  const shillings = amount.currency === 'KES' ? amount.inDecimals(0) : undefined;
  if (shillings === undefined || shillings < 1n) return { kind: 'rejected', reason: 'provider_rejected' };
  if (!/^254\d{9}$/.test(party.phone.digits)) return { kind: 'rejected', reason: 'invalid_recipient' };
  const occasion = toPlainText(reference, REMARKS_LENGTH);
  return {
    OriginatorConversationID: attemptId,
    InitiatorName: orderer.initiator,
    SecurityCredential: orderer.securityCredential,
    CommandID: 'BusinessPayment',
    Amount: shillings.toString(),
    PartyA: orderer.payoutShortcode,
    PartyB: party.phone.digits,
    Remarks: toRemarks(description, 'Payout'),
    ...toUrls(callbackUrls, PURPOSES.payouts),
    ...(occasion !== undefined && { Occassion: occasion }),
  };
}

/** The reversal of a collection, as a whole and by its receipt, or the refusal where that cannot be (§11). */
export function toReversalBody(orderer: Orderer, instruction: Instruction): ReversalBody | Rejected {
  const { amount, original, attemptId, description, callbackUrls } = instruction;
  const shillings = amount.currency === 'KES' ? amount.inDecimals(0) : undefined;
  const isWhole = original?.amount.equals(amount) === true;
  if (shillings === undefined || original?.receipt === undefined || !isWhole)
    return { kind: 'rejected', reason: 'provider_rejected' };
  return {
    Initiator: orderer.initiator,
    SecurityCredential: orderer.securityCredential,
    CommandID: 'TransactionReversal',
    TransactionID: original.receipt,
    Amount: shillings.toString(),
    ReceiverParty: orderer.shortcode,
    RecieverIdentifierType: '11',
    Remarks: toRemarks(description, 'Refund'),
    ...toUrls(callbackUrls, PURPOSES.reversals),
    Occasion: attemptId, // For people in the portal: no API finds a reversal by it.
  };
}

// At least two characters (§9).
function toRemarks(description: string | undefined, fallback: string): string {
  const remarks = toPlainText(description, REMARKS_LENGTH) ?? '';
  return remarks.length < 2 ? fallback : remarks;
}

function toUrls(urls: Readonly<Record<string, string>>, [result, timeout]: readonly [string, string]) {
  const { [result]: resultUrl, [timeout]: timeoutUrl } = urls;
  if (resultUrl === undefined || timeoutUrl === undefined)
    throw new TypeError(`An order needs callback URLs for the purposes "${result}" and "${timeout}"`);
  return { QueueTimeOutURL: timeoutUrl, ResultURL: resultUrl };
}

/** What became of an order: `accepted` once it is acknowledged. A duplicate is unknown: the earlier one may have paid. */
export function toOrderOutcome(
  exchange: ProviderExchange,
  kind: OrderKind,
  secrets: readonly string[] = [],
): SubmissionOutcome {
  const read = (answer: HttpAnswer): SubmissionOutcome | undefined => {
    const acknowledged = readAcknowledgement(answer);
    if (acknowledged) {
      const references = toOrderReferences(acknowledged, kind);
      const isFindable = kind === 'payouts' || references.providerReference !== undefined;
      return isFindable ? { kind: 'accepted', references } : { kind: 'unknown', cause: 'acknowledged without its id' };
    }
    if (isProductRefusal(answer)) return { kind: 'rejected', reason: 'provider_misconfigured' };
    return answer.status === 200 ? undefined : readRefusal(answer.status, findWireError(answer.body), ORDER_ERRORS);
  };
  return readSubmission(exchange, read, toWords(secrets));
}

/** Whether a question was taken: then its answer comes as a Result that names these ids. */
export function toAsked(exchange: ProviderExchange, secrets: readonly string[] = []): StatusReport {
  const read = (answer: HttpAnswer): StatusReport | undefined => {
    const acknowledged = readAcknowledgement(answer);
    return acknowledged && { kind: 'asked', references: toQuestionReferences(acknowledged) };
  };
  return readStatus(exchange, read, toWords(secrets));
}

function readAcknowledgement({ status, body }: HttpAnswer) {
  const acknowledged = status === 200 ? Acknowledgement.safeParse(body).data : undefined;
  const { ResponseCode, ConversationID, OriginatorConversationID } = acknowledged ?? {};
  return ResponseCode === '0' && (ConversationID ?? OriginatorConversationID) !== undefined ? acknowledged : undefined;
}

/** Payouts by B2C v3. */
export function createPayouts(orderer: Orderer, client: DarajaClient, secrets: readonly string[]): MoneyMovement {
  const ask = createStatusQuery(orderer, client, secrets);
  return {
    async submit(instruction) {
      const body = toPayoutBody(orderer, instruction);
      return 'kind' in body
        ? body
        : toOrderOutcome(await client.payOut(body, instruction.sendBefore), 'payouts', secrets);
    },
    inquire: ({ attemptId, references, callbackUrls }) =>
      // Where the gateway did not take our id for its own, the one it gave is the one it knows.
      ask(references.others?.['OriginatorConversationID'] ?? attemptId, {
        shortcode: orderer.payoutShortcode,
        urls: toUrls(callbackUrls, PURPOSES.payoutStatus),
      }),
  };
}

/** Reversals of collections. */
export function createReversals(orderer: Orderer, client: DarajaClient, secrets: readonly string[]): MoneyMovement {
  const ask = createStatusQuery(orderer, client, secrets);
  return {
    async submit(instruction) {
      const body = toReversalBody(orderer, instruction);
      return 'kind' in body
        ? body
        : toOrderOutcome(await client.reverse(body, instruction.sendBefore), 'reversals', secrets);
    },
    async inquire({ references: { providerReference }, callbackUrls }) {
      if (providerReference === undefined) return { kind: 'unknown', cause: 'no_lookup_possible' };
      return ask(providerReference, {
        shortcode: orderer.shortcode,
        urls: toUrls(callbackUrls, PURPOSES.reversalStatus),
      });
    },
  };
}

type Urls = ReturnType<typeof toUrls>;

function createStatusQuery(orderer: Orderer, client: DarajaClient, secrets: readonly string[]) {
  return async (
    originalConversationId: string,
    { shortcode, urls }: { readonly shortcode: string; readonly urls: Urls },
  ): Promise<StatusReport> =>
    toAsked(
      await client.queryStatus({
        Initiator: orderer.initiator,
        SecurityCredential: orderer.securityCredential,
        CommandID: 'TransactionStatusQuery',
        OriginalConversationID: originalConversationId,
        PartyA: shortcode,
        IdentifierType: '4',
        Remarks: 'Status',
        ...urls,
      }),
      secrets,
    );
}

/** The float: of the shortcode that payouts leave from. */
export function createBalance(orderer: Orderer, client: DarajaClient, secrets: readonly string[]): BalanceInquiry {
  return {
    callbackPurposes: PURPOSES.balance,
    async read(callbackUrls) {
      const exchange = await client.queryBalance({
        Initiator: orderer.initiator,
        SecurityCredential: orderer.securityCredential,
        CommandID: 'AccountBalance',
        PartyA: orderer.payoutShortcode,
        IdentifierType: '4',
        Remarks: 'Balance',
        ...toUrls(callbackUrls, PURPOSES.balance),
      });
      const asked = toAsked(exchange, secrets);
      if (asked.kind === 'asked') return { kind: 'asked', ...toKept(asked.references) };
      return { kind: 'unknown', cause: 'cause' in asked ? asked.cause : 'no answer to the balance query' };
    },
  };
}

const toKept = (references: ProviderReferences | undefined) => (references === undefined ? {} : { references });
