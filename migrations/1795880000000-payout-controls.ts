import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Caps, approval rules and the kill switch of payouts, what is counted, and who agreed. */
export class PayoutControls1795880000000 implements MigrationInterface {
  name = 'PayoutControls1795880000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const controls = new Table({
      name: 'payout_controls',
      columns: [
        { name: 'merchant_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'mode', type: 'varchar', length: '4', isPrimary: true },
        { name: 'limits', type: 'json' },
        { name: 'maxima', type: 'json' },
        { name: 'approval_rules', type: 'json' },
        { name: 'stopped', type: 'json', isNullable: true },
        { name: 'updated_at', type: 'bigint' },
      ],
    });
    const usage = new Table({
      name: 'limit_usage',
      columns: [
        { name: 'usage_hash', type: 'varchar', length: '64', isPrimary: true },
        { name: 'used_minor', type: 'bigint' },
        { name: 'ends_at', type: 'bigint' },
      ],
      indices: [new TableIndex({ name: 'limit_usage_by_end', columnNames: ['ends_at'] })],
    });
    const reservations = new Table({
      name: 'limit_reservations',
      columns: [
        { name: 'transaction_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'usage_hashes', type: 'json' },
        { name: 'ends_at', type: 'bigint' },
      ],
      indices: [new TableIndex({ name: 'limit_reservations_by_end', columnNames: ['ends_at'] })],
    });
    for (const table of [controls, usage, reservations]) await runner.createTable(table, mysql);
    // A server commits each step by itself: after a crash in the middle the next start takes up where this one ended.
    if (!(await runner.hasColumn('transactions', 'approvals'))) {
      // No row is written: nobody was asked to agree to what is there.
      await runner.query('ALTER TABLE transactions ADD COLUMN approvals json');
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('transactions', 'approvals');
    for (const table of ['limit_reservations', 'limit_usage', 'payout_controls']) await runner.dropTable(table);
  }
}
