import { formatCents, type Prompt, type Transfer, type Wallet } from './book.js';
import { findMagicByPhone, RESULT_CODES, toCallbackDescription } from './stk-codes.js';
import { toPromptText } from './stk-push.js';
import { toEastAfricaTime } from './time.js';
import type { World } from './world.js';

/** A phone as the control API and the page show it. */
export interface PhoneView {
  readonly msisdn: string;
  /** Shillings in the wallet. */
  readonly balance: string;
  /** The ResultCode that the number itself asks for, if it does. */
  readonly magic: string | null;
  readonly pinLocked: boolean;
  readonly blockedUntil: string | null;
  readonly prompt: PromptOnScreen | null;
  /** Text messages, newest first. */
  readonly messages: readonly { readonly at: string; readonly text: string }[];
  /** How the last prompt ended. */
  readonly lastEnd: { readonly checkoutRequestId: string; readonly code: string; readonly description: string } | null;
}

/** A prompt that waits for an answer. */
export interface PromptOnScreen {
  readonly checkoutRequestId: string;
  readonly text: string;
  readonly business: string;
  readonly amount: string;
  readonly reference: string;
  readonly isTill: boolean;
  readonly endsAt: string;
}

/** Everything known about one push: what tests count. */
export interface PromptView {
  readonly checkoutRequestId: string;
  readonly merchantRequestId: string;
  readonly shortcode: string;
  readonly partyB: string;
  readonly transactionType: string;
  readonly msisdn: string;
  readonly amount: string;
  readonly reference: string;
  readonly description: string;
  readonly callbackUrl: string;
  readonly state: 'queued' | 'shown' | 'answered' | 'ended';
  readonly acceptedAt: string;
  /** Null where the prompt never reached the phone. */
  readonly shownAt: string | null;
  readonly endedAt: string | null;
  readonly resultCode: string | null;
  readonly receipt: string | null;
}

/** A line of the book of money, as `GET /_control/transfers` shows it. */
export interface TransferView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly kind: Transfer['kind'];
  readonly party: string;
  readonly amount: string;
  readonly currency: 'KES';
  readonly reference: string;
  readonly status: 'completed' | 'reversed';
  readonly at: string;
  readonly receipt: string;
  readonly shortcode: string;
  readonly account: string;
  /** Of the push that brought it; null for money that went out. */
  readonly checkoutRequestId: string | null;
  /** Of the order that sent it; null for money that came in. */
  readonly conversationId: string | null;
  /** The receipt that a reversal undid. */
  readonly reverses: string | null;
  /** CallBackURL or ResultURL. */
  readonly callbackUrl: string;
}

/** How many messages a phone keeps on its screen. */
const MESSAGES_SHOWN = 20;

const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function toPhoneView(world: World, wallet: Wallet): PhoneView {
  const { msisdn, standing } = wallet;
  const isBlocked = standing.blockedUntil !== null && standing.blockedUntil > world.time.now();
  const waiting = world.book
    .openPromptsOf(msisdn)
    .find(({ shownAt, answer }) => shownAt !== null && (answer === null || answer.action === 'ignore'));
  const last = wallet.prompts.findLast(({ end }) => end !== null);
  return {
    msisdn,
    balance: formatCents(wallet.balance),
    magic: findMagicByPhone(msisdn)?.code ?? null,
    pinLocked: standing.wrongPins >= 3,
    blockedUntil: isBlocked ? isoTime(standing.blockedUntil) : null,
    prompt: waiting ? toPromptOnScreen(world, waiting) : null,
    messages: toMessages(world, wallet),
    lastEnd: last?.end
      ? {
          checkoutRequestId: last.push.checkoutRequestId,
          code: last.end.code,
          description: toCallbackDescription(last.end.code, 'usual'),
        }
      : null,
  };
}

function toPromptOnScreen(world: World, { push }: Prompt): PromptOnScreen {
  const merchant = world.directory.merchants.find(({ shortcode }) => shortcode === push.shortcode);
  const business = merchant?.name ?? push.shortcode;
  const isTill = push.transactionType === 'CustomerBuyGoodsOnline';
  const shown = { name: business, till: isTill ? push.partyB : undefined };
  return {
    checkoutRequestId: push.checkoutRequestId,
    text: toPromptText({ merchant: shown, amount: push.amount / 100n, reference: push.reference }),
    business,
    amount: formatCents(push.amount),
    reference: push.reference,
    isTill,
    endsAt: new Date(push.endsAt).toISOString(),
  };
}

/** The messages M-PESA sends after money moved. The balances they name are those of then, counted back from now. */
function toMessages(world: World, wallet: Wallet): { at: string; text: string }[] {
  let balance = wallet.balance;
  return wallet.transfers
    .slice(-MESSAGES_SHOWN)
    .reverse()
    .map((transfer) => {
      const text = toMessage(world, transfer, balance);
      balance += transfer.direction === 'in' ? transfer.amount : -transfer.amount;
      return { at: new Date(transfer.at).toISOString(), text };
    });
}

function toMessage({ directory }: World, transfer: Transfer, balance: bigint): string {
  const name =
    directory.merchants.find(({ shortcode }) => shortcode === transfer.shortcode)?.name ?? transfer.shortcode;
  const { day, month, year, hour, minute } = toEastAfricaTime(transfer.at);
  const clock = `${Number(hour) % 12 || 12}:${minute} ${Number(hour) < 12 ? 'AM' : 'PM'}`;
  const when = `on ${Number(day)}/${Number(month)}/${year.slice(2)} at ${clock}`;
  const left = `New M-PESA balance is Ksh${grouped(balance)}.`;
  const amount = `Ksh${grouped(transfer.amount)}`;
  switch (transfer.kind) {
    case 'payout':
      return `${transfer.receipt} Confirmed. You have received ${amount} from ${name} ${when}. ${left}`;
    case 'reversal':
      return (
        `${transfer.receipt} Confirmed. Reversal of transaction ${transfer.reverses ?? ''} has been successfully ` +
        `reversed ${when} and ${amount} is credited to your M-PESA account. ${left}`
      );
    case 'collection': {
      const paid =
        transfer.account === 'Merchant Account'
          ? `${amount} paid to ${name}`
          : `${amount} sent to ${name} for account ${transfer.reference}`;
      return `${transfer.receipt} Confirmed. ${paid} ${when}. ${left} Transaction cost, Ksh0.00.`;
    }
  }
}

/** `249,850.00`, as messages write it. */
function grouped(cents: bigint): string {
  return formatCents(cents).replace(/\B(?=(\d{3})+\.)/g, ',');
}

export function toPromptView({ push, shownAt, answer, end }: Prompt): PromptView {
  const state = end
    ? 'ended'
    : answer && answer.action !== 'ignore'
      ? 'answered'
      : shownAt === null
        ? 'queued'
        : 'shown';
  return {
    checkoutRequestId: push.checkoutRequestId,
    merchantRequestId: push.merchantRequestId,
    shortcode: push.shortcode,
    partyB: push.partyB,
    transactionType: push.transactionType,
    msisdn: push.msisdn,
    amount: formatCents(push.amount),
    reference: push.reference,
    description: push.description,
    callbackUrl: push.callbackUrl,
    state,
    acceptedAt: new Date(push.acceptedAt).toISOString(),
    shownAt: isoTime(shownAt),
    endedAt: isoTime(end?.at ?? null),
    resultCode: end?.code ?? null,
    receipt: end?.receipt ?? null,
  };
}

export function toTransferView({ amount, at, ...transfer }: Transfer): TransferView {
  const { id, direction, kind, party, reference, status, receipt, shortcode, account } = transfer;
  const { checkoutRequestId, conversationId, reverses, callbackUrl } = transfer;
  return {
    ...{ id, direction, kind, party, amount: formatCents(amount), currency: 'KES', reference, status },
    ...{ at: new Date(at).toISOString(), receipt, shortcode, account },
    ...{ checkoutRequestId, conversationId, reverses, callbackUrl },
  };
}

/** The numbers the phones page offers: one for each thing that can happen to a prompt. */
export const DEMO_PHONES: readonly { readonly msisdn: string; readonly code: string | null }[] = [
  { msisdn: '254700000123', code: null },
  { msisdn: '254711222333', code: null },
  ...['1', '1032', '1037', '2001', '1001', '1019', '8006'].map((code) => ({
    msisdn: `254700${code.padStart(6, '0')}`,
    code,
  })),
  { msisdn: '254708374149', code: '1037' },
].filter(({ code }) => code === null || Object.hasOwn(RESULT_CODES, code));
