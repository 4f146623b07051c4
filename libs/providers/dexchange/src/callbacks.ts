import { Money } from '#libs/primitives';
import type { CallbackMessage, Callbacks, Operation, RawCallback, StatusReport } from '#libs/provider-kit';
import { toKind, toPhone } from './mapping.js';
import { toLowerKeys, Webhook } from './wire.js';

/** Nothing is signed (§0.3): whatever comes on an attempt's secret path only makes us read the status. */
export const callbacks: Callbacks = { confirmByInquiry: true, authenticate: () => 'unsigned', parse };

/** What a webhook claims; undefined where the bytes are none, such as the empty test message that was seen (§9). */
function parse({ body }: RawCallback): CallbackMessage | undefined {
  const webhook = Webhook.safeParse(toLowerKeys(readJson(body))).data;
  if (!webhook) return undefined;
  const { id, externaltransactionid, transactiontype, amount: francs, phone_number, status } = webhook;
  const operation = toOperation(id, transactiontype);
  const amount = francs === undefined ? undefined : Money.parse(francs, 'XOF');
  // The payer of a link is whoever opened it, not the customer that the merchant named.
  const payer = phone_number === undefined || operation === 'links' ? undefined : toPhone(phone_number);
  return {
    report: toClaim(status),
    references: id === undefined ? {} : { providerReference: id },
    ...(externaltransactionid !== undefined && { attemptId: externaltransactionid }),
    ...(operation && { operation }),
    ...(typeof amount === 'object' && { amount }),
    ...(payer && { payer }),
  };
}

function toClaim(status: string): StatusReport {
  const kind = toKind(status);
  switch (kind) {
    case 'succeeded':
    case 'pending':
      return { kind };
    case 'failed':
      return { kind, reason: 'unknown_reason' };
    case 'cancelled':
      return { kind, reason: 'cancelled_by_customer' };
    case 'expired':
      return { kind, reason: 'expired' };
    case undefined:
      return { kind: 'unknown', cause: 'a status that nobody names' };
  }
}

function toOperation(id: string | undefined, type: string | undefined): Operation | undefined {
  if (id?.startsWith('MID')) return 'links';
  if (type?.toUpperCase() === 'CASHOUT') return 'collections';
  return type?.toUpperCase() === 'CASHIN' ? 'payouts' : undefined;
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
