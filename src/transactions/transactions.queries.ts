import type { SelectQueryBuilder } from 'typeorm';
import { firstIdAt } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import type { Database } from '../database/database.js';
import type { ListTransactionsQuery } from './list-transactions.query.js';
import { LinkAttempt } from './link-attempt.entity.js';
import { Transaction } from './transaction.entity.js';

/** Which page of which transactions. */
export interface ListCriteria extends Omit<ListTransactionsQuery, 'cursor' | 'reference'> {
  /** The last id of the page before. */
  readonly after?: string | undefined;
  /** Only these ids; not empty. */
  readonly only?: readonly string[] | undefined;
}

/** The page newest first, and one row more to tell whether there is another. */
export function toListQuery(
  database: Database,
  { merchantId, mode }: Pick<MerchantCaller, 'merchantId' | 'mode'>,
  criteria: ListCriteria,
): SelectQueryBuilder<Transaction> {
  const { after, only, createdFrom, createdTo, phone, providerReference, receipt, paymentLinkId, limit } = criteria;
  const list = database.read
    .createQueryBuilder(Transaction, 'transaction')
    .where('transaction.merchant_id = :merchantId AND transaction.mode = :mode', { merchantId, mode });
  if (after !== undefined) list.andWhere('transaction.id < :after', { after });
  if (createdFrom !== undefined)
    list.andWhere('transaction.id >= :from', { from: firstIdAt('txn', Date.parse(createdFrom)) });
  if (createdTo !== undefined) list.andWhere('transaction.id < :to', { to: firstIdAt('txn', Date.parse(createdTo)) });
  for (const field of EXACT_FILTERS) {
    const value = criteria[field];
    if (value !== undefined)
      list.andWhere(toExactly(database, `transaction.${COLUMNS[field]}`, field), { [field]: value });
  }
  if (phone !== undefined) list.andWhere('transaction.phone = :phone', { phone: `+${phone.replace(/^[+ ]/, '')}` });
  if (only !== undefined) list.andWhere('transaction.id IN (:...only)', { only: [...only] });
  if (paymentLinkId !== undefined) {
    const ofLink = list.subQuery().select('tried.transactionId').from(LinkAttempt, 'tried');
    ofLink.where('tried.paymentLinkId = :paymentLinkId', { paymentLinkId });
    list.andWhere(`transaction.id IN ${ofLink.getQuery()}`).setParameters(ofLink.getParameters());
  }
  const selective = only ?? phone ?? providerReference ?? receipt ?? paymentLinkId;
  // Left alone, the planner walks the primary key of a large merchant and meets everybody else's rows.
  if (database.kind === 'mysql' && selective === undefined) list.useIndex('transactions_by_merchant');
  return list.orderBy('transaction.id', 'DESC').limit(limit + 1);
}

// The collations of MySQL and MariaDB equate `ELAN`, `élan` and `elan `: the first comparison finds by index, the second
// keeps what is the same to the byte.
function toExactly(database: Database, column: string, parameter: string): string {
  const equal = `${column} = :${parameter}`;
  if (database.kind !== 'mysql') return equal;
  return `${equal} AND CAST(${column} AS BINARY) = CAST(:${parameter} AS BINARY)`;
}

const EXACT_FILTERS = ['kind', 'status', 'method', 'provider', 'providerReference', 'receipt', 'batchId'] as const;
const COLUMNS: Readonly<Record<(typeof EXACT_FILTERS)[number], string>> = {
  kind: 'kind',
  status: 'status',
  method: 'method',
  provider: 'provider',
  providerReference: 'provider_reference',
  receipt: 'receipt',
  batchId: 'batch_id',
};
