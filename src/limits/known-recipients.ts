import type { DataSource } from 'typeorm';
import type { LookUp, Statement } from '../database/statements.js';
import type { Transaction } from '../transactions/transaction.entity.js';

/** A number that a merchant has paid in a mode. */
export type Recipient = Pick<Transaction, 'merchantId' | 'mode' | 'phone'>;

/** Looks up to which of these numbers a payout of the same merchant and mode has succeeded. */
export function knownAmong(recipients: readonly Recipient[]): LookUp<Recipient> {
  return {
    toStatement: (source) => (recipients.length === 0 ? undefined : toStatement(source, recipients)),
    read(_, raw) {
      if (!Array.isArray(raw)) throw new TypeError('transactions: the driver gave no rows.');
      return raw.map(({ merchant_id: merchantId, mode, phone }: Record<string, string>) => {
        return { merchantId, mode, phone } as Recipient;
      });
    },
  };
}

function toStatement(source: DataSource, recipients: readonly Recipient[]): Statement {
  // Left alone, the planner may read everything that ever succeeded.
  const hint = source.options.type === 'better-sqlite3' ? 'INDEXED BY' : 'FORCE INDEX';
  const index = source.options.type === 'better-sqlite3' ? 'transactions_by_phone' : '(transactions_by_phone)';
  const place = '(merchant_id = ? AND mode = ? AND phone = ?)';
  return {
    sql: `SELECT DISTINCT merchant_id, mode, phone FROM transactions ${hint} ${index} WHERE (${recipients.map(() => place).join(' OR ')}) AND status = 'succeeded' AND kind = 'payout'`,
    values: recipients.flatMap(({ merchantId, mode, phone }) => [merchantId, mode, phone]),
  };
}

/** The recipient as text, to look up by. */
export function toRecipientText({ merchantId, mode, phone }: Recipient): string {
  return `${merchantId} ${mode} ${phone}`;
}
