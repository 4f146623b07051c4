import { formatCents, UTILITY, type ResultParameter, type Transfer } from './book.js';
import { toEastAfricaTime, toWireTimestamp } from './time.js';
import type { FoundTransaction } from './transaction-status.js';
import type { World } from './world.js';

/*
 * What the Results say beside their code, API by API: keys, types and formats as §9–§12 have them. JSON text, for
 * JSON.stringify knows no `100000.00`.
 */

const text = (value: string): string => JSON.stringify(value);
const CUSTOMER_NAME = 'Jane Doe';
/** Keys whose values the faults `resultAmount` and `resultAmountForm` change, and those that name a person. */
export const AMOUNT_KEYS: readonly string[] = ['TransactionAmount', 'Amount'];
export const PARTY_KEYS: readonly string[] = [
  'ReceiverPartyPublicName',
  'CreditPartyName',
  'DebitPartyName',
  'CreditPartyPublicName',
  'DebitPartyPublicName',
];
export const RECEIPT_KEYS: readonly string[] = ['TransactionReceipt', 'ReceiptNo'];

const toCustomer = (msisdn: string): string => `${msisdn} - ${CUSTOMER_NAME}`;

function toBusiness({ directory }: World, shortcode: string): string {
  return `${shortcode} - ${directory.merchants.find((merchant) => merchant.shortcode === shortcode)?.name ?? shortcode}`;
}

/** `14.03.2026 15:31:02`, as only B2C writes it. */
function toDottedTime(at: number): string {
  const { year, month, day, hour, minute, second } = toEastAfricaTime(at);
  return `${day}.${month}.${year} ${hour}:${minute}:${second}`;
}

export function toPayoutParameters(
  { book }: World,
  { shortcode, amount, receipt, party, at }: Transfer,
): ResultParameter[] {
  return [
    ['TransactionAmount', String(amount / 100n)],
    ['TransactionReceipt', text(receipt)],
    ['ReceiverPartyPublicName', text(toCustomer(party))],
    ['TransactionCompletedDateTime', text(toDottedTime(at))],
    ['B2CUtilityAccountAvailableFunds', formatCents(book.balanceOf(shortcode, UTILITY) - amount)],
    ['B2CWorkingAccountAvailableFunds', formatCents(book.balanceOf(shortcode, 'Working Account'))],
    ['B2CRecipientIsRegisteredCustomer', text('Y')],
    ['B2CChargesPaidAccountAvailableFunds', formatCents(book.balanceOf(shortcode, 'Charges Paid Account'))],
  ];
}

export function toReversalParameters(world: World, transfer: Transfer): ResultParameter[] {
  const { shortcode, account, amount, party, at, reverses } = transfer;
  const left = formatCents(world.book.balanceOf(shortcode, account) - amount);
  return [
    ['DebitAccountBalance', text(`${account}|KES|${left}|${left}|0.00|0.00`)],
    ['Amount', formatCents(amount)],
    ['TransCompletedTime', toWireTimestamp(at)],
    ['OriginalTransactionID', text(reverses ?? '')],
    ['Charge', '0.00'],
    ['CreditPartyPublicName', text(toCustomer(party))],
    ['DebitPartyPublicName', text(toBusiness(world, shortcode))],
  ];
}

const REASONS: Readonly<Record<FoundTransaction['kind'], string>> = {
  collection: 'Pay Bill Online',
  payout: 'Business Payment to Customer via API',
  reversal: 'Transaction Reversal via API',
};

export function toStatusParameters(world: World, found: FoundTransaction): ResultParameter[] {
  const { kind, account, msisdn, shortcode, initiatedAt, finalisedAt, receipt, status, amount } = found;
  const customer = toCustomer(msisdn);
  const business = toBusiness(world, shortcode);
  const [debit, credit] = kind === 'collection' ? [customer, business] : [business, customer];
  const creditKey = world.faults.get('statusParties') === 'bothDebit' ? 'DebitPartyName' : 'CreditPartyName';
  return [
    ['DebitPartyName', text(debit)],
    [creditKey, text(credit)],
    ['OriginatorConversationID', found.originatorConversationId === null ? null : text(found.originatorConversationId)],
    ['InitiatedTime', text(toWireTimestamp(initiatedAt))],
    ['DebitAccountType', text(kind === 'collection' ? 'MMF Account For Customer' : account)],
    ['DebitPartyCharges', kind === 'payout' ? text('Fee For B2C Payment|KES|0.00') : text('')],
    ['TransactionReason', null],
    ['ReasonType', text(REASONS[kind])],
    ['TransactionStatus', text(status)],
    ['FinalisedTime', finalisedAt === null ? null : text(toWireTimestamp(finalisedAt))],
    ['Amount', text(String(amount / 100n))],
    ['ConversationID', found.conversationId === null ? null : text(found.conversationId)],
    ['ReceiptNo', receipt === null ? null : text(receipt)],
  ];
}

const ACCOUNTS = [
  'Working Account',
  'Float Account',
  UTILITY,
  'Charges Paid Account',
  'Organization Settlement Account',
];

export function toBalanceParameters({ book }: World, shortcode: string, at: number): ResultParameter[] {
  const others = [...(book.accounts.get(shortcode)?.keys() ?? [])].filter((name) => !ACCOUNTS.includes(name));
  const accounts = [...ACCOUNTS, ...others].map((name) => {
    const amount = formatCents(book.balanceOf(shortcode, name));
    return `${name}|KES|${amount}|${amount}|0.00|0.00`;
  });
  return [
    ['AccountBalance', text(accounts.join('&'))],
    ['BOCompletedTime', text(toWireTimestamp(at))],
  ];
}
