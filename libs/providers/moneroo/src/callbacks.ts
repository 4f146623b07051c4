import { createHmac, timingSafeEqual } from 'node:crypto';
import { Money } from '#libs/primitives';
import type { CallbackMessage, Callbacks, CallbackTrust, RawCallback, StatusReport } from '#libs/provider-kit';
import { ATTEMPT_KEY } from './codes.js';
import { Webhook } from './wire.js';

/** Webhooks of an account: signed over the bytes as they came, read afterwards, and confirmed by verify (§9). */
export function createCallbacks(webhookSecret: string): Callbacks {
  return { confirmByInquiry: true, authenticate: (raw) => authenticate(raw, webhookSecret), parse };
}

/** Moneroo signs every webhook: one without a signature is not its own. */
function authenticate({ headers, body }: RawCallback, secret: string): CallbackTrust {
  // Lower-case hex without a prefix (§9); a prefix that some expect does no harm.
  const given = /^(?:sha256=)?([0-9a-f]{64})$/.exec(headers['x-moneroo-signature'] ?? '')?.[1];
  if (given === undefined) return 'forged';
  const expected = createHmac('sha256', secret).update(body).digest();
  return timingSafeEqual(Buffer.from(given, 'hex'), expected) ? 'signed' : 'forged';
}

const OPERATIONS = { payment: 'collections', payout: 'payouts' } as const;

/** What a webhook claims. It says neither why nor, as documented, whose: that is what verify is for. */
export function parse({ body }: RawCallback): CallbackMessage | undefined {
  const webhook = Webhook.safeParse(readJson(body)).data;
  const [, resource, word] = /^(payment|payout)\.([a-z_]+)$/.exec(webhook?.event ?? '') ?? [];
  if (!webhook || word === undefined || (resource !== 'payment' && resource !== 'payout')) return undefined;
  const { id, status, amount: text, currency, metadata } = webhook.data;
  const amount = text === undefined || currency === undefined ? undefined : Money.parse(text, currency);
  const attemptId = metadata[ATTEMPT_KEY];
  return {
    // An event whose own status says otherwise is not worth believing.
    report:
      status === undefined || status === word
        ? toReport(resource, word)
        : { kind: 'unknown', cause: 'event and status differ' },
    references: { providerReference: id },
    operation: OPERATIONS[resource],
    ...(typeof attemptId === 'string' && { attemptId }),
    ...(typeof amount === 'object' && { amount }),
  };
}

function toReport(resource: 'payment' | 'payout', word: string): StatusReport {
  switch (word) {
    case 'success':
      return { kind: 'succeeded' };
    case 'failed':
      // Each failed try of a payer is announced, and the next may succeed (§9): only verify knows whether it is over.
      return resource === 'payout' ? { kind: 'failed', reason: 'unknown_reason' } : { kind: 'pending' };
    case 'cancelled':
      return resource === 'payment'
        ? { kind: 'cancelled', reason: 'cancelled_by_customer' }
        : { kind: 'unknown', cause: 'a payout cannot be cancelled' };
    case 'initiated':
    case 'pending':
      return { kind: 'pending' };
    default:
      return { kind: 'unknown', cause: 'an event that no page names' };
  }
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
