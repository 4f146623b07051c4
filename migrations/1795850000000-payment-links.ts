import { Table, TableIndex, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

/** Payment links, and the secrets that sign for them. */
export class PaymentLinks1795850000000 implements MigrationInterface {
  name = 'PaymentLinks1795850000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    // A server commits each table by itself: after a crash in the middle the next start takes up where this one ended.
    for (const table of [toLinks(mysql), toSecrets()]) await runner.createTable(table, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of ['signing_secrets', 'payment_links']) await runner.dropTable(name);
  }
}

const text = (name: string, length: number, rest: Partial<TableColumnOptions> = {}): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: String(length),
  ...rest,
});
const NULLABLE = { isNullable: true };
const KEY = { isPrimary: true };

function toLinks(mysql: boolean): Table {
  const integer = mysql ? 'int' : 'integer';
  return new Table({
    name: 'payment_links',
    columns: [
      text('id', 30, KEY),
      text('merchant_id', 30),
      text('mode', 4),
      text('status', 12),
      { name: 'late', type: mysql ? 'tinyint' : 'boolean' },
      { name: 'version', type: integer },
      text('reference', 128),
      text('item_name', 255),
      { name: 'amount_minor', type: 'bigint' },
      text('currency', 3),
      text('success_url', 2000),
      text('failure_url', 2000),
      text('callback_url', 2000, NULLABLE),
      { name: 'custom_data', type: 'text', ...NULLABLE },
      { name: 'customer', type: 'json', ...NULLABLE },
      { name: 'methods', type: 'json', ...NULLABLE },
      text('locale', 2, NULLABLE),
      text('execution', 12),
      text('token_hash', 64),
      { name: 'sealed_token', type: 'text' },
      { name: 'attempts', type: integer },
      text('active_transaction_id', 30, NULLABLE),
      text('last_transaction_id', 30, NULLABLE),
      { name: 'last_failure', type: 'json', ...NULLABLE },
      text('paid_by', 30, NULLABLE),
      { name: 'duplicates', type: 'json' },
      text('created_by', 30),
      { name: 'created_at', type: 'bigint' },
      { name: 'updated_at', type: 'bigint' },
      { name: 'expires_at', type: 'bigint' },
      { name: 'completed_at', type: 'bigint', ...NULLABLE },
    ],
    indices: [
      new TableIndex({ name: 'payment_links_by_merchant', columnNames: ['merchant_id', 'mode', 'id'] }),
      new TableIndex({ name: 'payment_links_by_token', columnNames: ['token_hash'], isUnique: true }),
    ],
  });
}

function toSecrets(): Table {
  return new Table({
    name: 'signing_secrets',
    columns: [
      text('id', 30, KEY),
      text('merchant_id', 30),
      text('mode', 4),
      { name: 'sealed_secret', type: 'text' },
      { name: 'sealed_previous_secret', type: 'text', ...NULLABLE },
      { name: 'previous_secret_ends_at', type: 'bigint', ...NULLABLE },
      { name: 'created_at', type: 'bigint' },
      { name: 'updated_at', type: 'bigint' },
    ],
    indices: [
      new TableIndex({ name: 'signing_secrets_by_merchant', columnNames: ['merchant_id', 'mode'], isUnique: true }),
    ],
  });
}
