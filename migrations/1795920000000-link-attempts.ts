import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Which collections are tries to pay which link. Looks once through all transactions for those that exist already. */
export class LinkAttempts1795920000000 implements MigrationInterface {
  name = 'LinkAttempts1795920000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const attempts = new Table({
      name: 'link_attempts',
      columns: [
        { name: 'transaction_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'payment_link_id', type: 'varchar', length: '30' },
      ],
      indices: [new TableIndex({ name: 'link_attempts_by_link', columnNames: ['payment_link_id', 'transaction_id'] })],
    });
    await runner.createTable(attempts, mysql);
    await runner.query(
      'INSERT INTO link_attempts (transaction_id, payment_link_id) SELECT id, payment_link_id FROM transactions WHERE payment_link_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('link_attempts');
  }
}
