import { toIsoTime } from '#libs/simulators/kit';
import { isMoneyOut, type Transaction } from './book.js';
import { digitsOf } from './simulator.js';

/** A line of the book of money, as `GET /_control/transfers` shows it. */
export interface TransferView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  /** Digits, country code first. */
  readonly party: string;
  /** Francs. */
  readonly amount: string;
  readonly currency: 'XOF';
  /** The externalTransactionId. */
  readonly reference: string;
  readonly status: 'completed';
  readonly at: string;
  readonly service: string;
  readonly fee: string;
}

export function toTransferView(transaction: Transaction): TransferView {
  const { record, plan, endedAt } = transaction;
  return {
    id: record.id,
    direction: isMoneyOut(record) ? 'out' : 'in',
    party: digitsOf(transaction) ?? '',
    amount: String(record.amount),
    currency: 'XOF',
    reference: record.externalId,
    status: 'completed',
    at: toIsoTime(endedAt ?? record.createdAt),
    service: plan?.service ?? record.service ?? '',
    fee: String(record.fee),
  };
}

/** Everything known about one transaction. */
export function toTransactionView(transaction: Transaction) {
  const { record, plan, status, operatorRef, endedAt, wrongOtps } = transaction;
  const { createdAt, expiresAt, answerAt: _, ...rest } = record;
  return {
    ...rest,
    status,
    operatorRef,
    wrongOtps,
    service: plan?.service ?? record.service,
    number: plan?.number ?? record.number,
    createdAt: toIsoTime(createdAt),
    expiresAt: toIsoTime(expiresAt),
    endedAt: toIsoTime(endedAt),
  };
}
