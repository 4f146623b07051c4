import { toIsoTime } from '#libs/simulators/kit';
import type { Transaction } from './book.js';

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

export function toTransferView({ record, plan, endedAt }: Transaction): TransferView {
  return {
    id: record.id,
    direction: record.kind === 'payout' ? 'out' : 'in',
    party: record.recipient ?? plan?.party ?? '',
    amount: record.amount,
    currency: record.currency,
    reference: Object.values(record.metadata)[0] ?? '',
    status: 'completed',
    at: toIsoTime(endedAt ?? record.createdAt),
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
    createdAt: toIsoTime(createdAt),
    pendingAt: toIsoTime(pendingAt),
    endedAt: toIsoTime(endedAt),
  };
}
