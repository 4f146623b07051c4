import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Which refunds stand in a collection's account. */
export class Refunds1795870000000 implements MigrationInterface {
  name = 'Refunds1795870000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const entries = new Table({
      name: 'refund_entries',
      columns: [
        { name: 'transaction_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'collection_id', type: 'varchar', length: '30' },
        { name: 'reserved', type: 'boolean' },
      ],
      indices: [new TableIndex({ name: 'refund_entries_by_collection', columnNames: ['collection_id'] })],
    });
    await runner.createTable(entries, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('refund_entries');
  }
}
