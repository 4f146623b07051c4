import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

const COLUMNS = [
  ['provider_accounts', { name: 'callback_token_hash', type: 'varchar', length: '64', isNullable: true }],
  ['callback_tokens', { name: 'ends_at', type: 'bigint', isNullable: true }],
  ['callbacks', { name: 'provider_account_id', type: 'varchar', length: '30', isNullable: true }],
] as const;

/** Paths that a whole provider account shares, and what came on them. */
export class AccountCallbacks1795810000000 implements MigrationInterface {
  name = 'AccountCallbacks1795810000000';

  async up(runner: QueryRunner): Promise<void> {
    // A server commits each column by itself: after a crash in the middle the next start takes up where this one ended.
    for (const [table, column] of COLUMNS) {
      if (!(await runner.hasColumn(table, column.name))) await runner.addColumn(table, new TableColumn(column));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, { name }] of COLUMNS) await runner.dropColumn(table, name);
  }
}
