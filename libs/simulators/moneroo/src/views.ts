import type { Transaction, WebhookRecord } from './book.js';

/** A line of the book of money, as `GET /_control/transfers` shows it. */
export interface TransferView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  /** Digits; empty where a card paid. */
  readonly party: string;
  /** Major units. */
  readonly amount: string;
  readonly currency: string;
  /** The first text of the metadata: the only place for an id of the caller's. */
  readonly reference: string;
  readonly status: 'completed';
  readonly at: string;
  readonly method: string;
  readonly environment: 'sandbox' | 'live';
}

const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export function toTransferView({ record, plan, endedAt }: Transaction): TransferView {
  return {
    id: record.id,
    direction: record.kind === 'payout' ? 'out' : 'in',
    party: record.recipient ?? plan?.party ?? '',
    amount: record.amount,
    currency: record.currency,
    reference: Object.values(record.metadata)[0] ?? '',
    status: 'completed',
    at: new Date(endedAt ?? record.createdAt).toISOString(),
    method: plan?.method ?? '',
    environment: record.environment,
  };
}

/** Everything known about one payment or payout. */
export function toTransactionView({ record, plan, status, message, pendingAt, endedAt }: Transaction) {
  const { createdAt, answerAt: _, abandonAt: __, ...rest } = record;
  return {
    ...rest,
    status,
    message,
    method: plan?.method ?? null,
    party: plan?.party ?? null,
    createdAt: isoTime(createdAt),
    pendingAt: isoTime(pendingAt),
    endedAt: isoTime(endedAt),
  };
}

export function toWebhookView({ id, about, event, url, body, signature, at, state, tries, againAt }: WebhookRecord) {
  return {
    id,
    about,
    event,
    url,
    body,
    signature,
    createdAt: isoTime(at),
    state,
    tries: tries.map((attempt) => ({ ...attempt, at: isoTime(attempt.at) })),
    nextTryAt: isoTime(againAt),
  };
}
