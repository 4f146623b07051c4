import { Money, Msisdn } from '#libs/primitives';
import { redact, type CallbackMessage, type Callbacks, type RawCallback } from '#libs/provider-kit';
import type { Settings } from './config.js';
import { toReferences, toResultReport } from './mapping.js';
import { StkCallback, type CallbackItem } from './wire.js';

/** Reads what M-Pesa posts about the pushes of one shortcode. */
export function createCallbacks(settings: Settings): Callbacks {
  return {
    // The header was only ever seen with a paybill (§4). What it says for a till is unknown, so nothing is expected there.
    account: settings.type === 'paybill' ? settings.shortcode : undefined,
    // Daraja signs nothing (§16.2): whoever learns the path can write whatever they like.
    authenticate: () => 'unsigned',
    parse: parseCallback,
  };
}

function parseCallback({ headers, body }: RawCallback): CallbackMessage | undefined {
  const callback = StkCallback.safeParse(parseJson(body)).data?.Body.stkCallback;
  if (!callback) return undefined;
  const items = callback.CallbackMetadata?.Item ?? [];
  const amount = readAmount(findValue(items, 'Amount'));
  // An amount that cannot be held against ours must not pass as one that was not named.
  if (amount === 'unreadable') return undefined;
  const payer = readPayer(findValue(items, 'PhoneNumber'));
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
    account: headers['businessshortcode'],
  };
}

// By name, never by place: their number and order differ from sample to sample (§4). No value counts as not named.
function findValue(items: readonly CallbackItem[], name: string): unknown {
  const value = items.find((item) => item.Name === name)?.Value;
  return value === null || value === '' ? undefined : value;
}

// A JSON number with at most two decimals prints as it was written, but for its trailing zeros: `150.00` is 150.
function readAmount(value: unknown): Money | undefined | 'unreadable' {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' && typeof value !== 'string') return 'unreadable';
  const amount = Money.parse(String(value), 'KES');
  return typeof amount === 'string' ? 'unreadable' : amount;
}

// C2B notices lost their readable numbers in 2022 (§13). Should these follow, the rest of the message must not be lost.
function readPayer(value: unknown): Msisdn | undefined {
  return typeof value === 'number' || typeof value === 'string' ? Msisdn.parseDigits(String(value)) : undefined;
}

// Ten letters and digits so far (§1.1), but opaque; anybody may have written it, so not of any length.
function readReceipt(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,40}$/.test(value) ? value : undefined;
}

// Prose for people, from a sender nobody vouches for.
function readWords(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redact(text).slice(0, 300);
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined; // No JSON, so no message of Daraja's.
  }
}
