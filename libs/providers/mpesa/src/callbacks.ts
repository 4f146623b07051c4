import type { CallbackMessage, Callbacks, RawCallback } from '#libs/provider-kit';
import type { Settings } from './config.js';
import { toReferences, toResultReport } from './mapping.js';
import { readBalanceResult, readNotice, readOrderResult, readStatusResult, type OwnNumbers } from './results.js';
import { parseJson, readAmount, readPhone, readReceipt, readWords } from './values.js';
import { ResultMessage, StkCallback, type CallbackItem } from './wire.js';

/**
 * What a URL was given out for decides how a message on it is read: all Results look alike (§8), and the path of a push,
 * whose purpose is `result`, must never speak about money that went out.
 */
export const PURPOSES = {
  payouts: ['payout', 'payout_timeout'],
  reversals: ['reversal', 'reversal_timeout'],
  payoutStatus: ['payout_status', 'payout_status_timeout'],
  reversalStatus: ['reversal_status', 'reversal_status_timeout'],
  balance: ['balance', 'balance_timeout'],
} as const;

const RESULT_PURPOSES: readonly string[] = Object.values(PURPOSES).map(([result]) => result);

/** Reads what M-Pesa posts about the pushes, payouts and reversals of one account. */
export function createCallbacks(settings: Settings): Callbacks {
  const own: OwnNumbers = {
    shortcode: settings.shortcode,
    others: [settings.payoutShortcode, settings.tillNumber].filter((number) => number !== undefined),
  };
  return {
    account: settings.shortcode,
    authenticate,
    parse: (raw) => parse(raw, settings, own),
    parseBalance({ purpose, body }) {
      const result = purpose === PURPOSES.balance[0] ? readResult(body) : undefined;
      return result && readBalanceResult(result);
    },
  };
}

/**
 * Daraja signs nothing (§16.2): whoever learns the path of a push can write whatever they like, and the query is there to
 * be asked. A Result was asked for and comes on a path of its own; a notice that one expired in the queue proves nothing.
 */
function authenticate({ purpose, body }: RawCallback): 'path' | 'unsigned' {
  return RESULT_PURPOSES.includes(purpose) && readResult(body) !== undefined ? 'path' : 'unsigned';
}

function parse(raw: RawCallback, settings: Settings, own: OwnNumbers): CallbackMessage | undefined {
  const result = readResult(raw.body);
  switch (raw.purpose) {
    case 'result':
      return parsePush(raw, settings);
    case 'payout':
      return result && readOrderResult(result, 'payouts', own);
    case 'reversal':
      return result && readOrderResult(result, 'reversals', own);
    case 'payout_timeout':
      return result && readNotice(result, 'payouts');
    case 'reversal_timeout':
      return result && readNotice(result, 'reversals');
    case 'payout_status':
      return result && readStatusResult(result, 'payouts', own);
    case 'reversal_status':
      return result && readStatusResult(result, 'reversals', own);
    default: // Of the balance, or that a question expired in the queue: about no attempt.
      return undefined;
  }
}

function readResult(body: Uint8Array) {
  return ResultMessage.safeParse(parseJson(body)).data?.Result;
}

function parsePush({ headers, body }: RawCallback, settings: Settings): CallbackMessage | undefined {
  const callback = StkCallback.safeParse(parseJson(body)).data?.Body.stkCallback;
  if (!callback) return undefined;
  const items = callback.CallbackMetadata?.Item ?? [];
  const amount = readAmount(findValue(items, 'Amount'));
  if (amount === 'unreadable') return undefined;
  const payer = readPhone(findValue(items, 'PhoneNumber'));
  const said = { providerCode: callback.ResultCode, providerMessage: readWords(callback.ResultDesc) };
  const report = toResultReport(callback.ResultCode);
  return {
    report:
      report.kind === 'succeeded'
        ? { ...report, receipt: readReceipt(findValue(items, 'MpesaReceiptNumber')), amount, payer, said }
        : { ...report, said },
    references: toReferences(callback.CheckoutRequestID, callback.MerchantRequestID),
    amount,
    payer,
    // The header was only ever seen with a paybill (§4). What it says for a till is unknown, so there it says nothing.
    account: settings.type === 'paybill' ? headers['businessshortcode'] : undefined,
  };
}

// By name, never by place: their number and order differ from sample to sample (§4). No value counts as not named.
function findValue(items: readonly CallbackItem[], name: string): unknown {
  const value = items.find((item) => item.Name === name)?.Value;
  return value === null || value === '' ? undefined : value;
}
