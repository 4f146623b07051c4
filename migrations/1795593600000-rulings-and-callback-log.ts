import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What the first of two persons ruled, and a way to find the callbacks of an attempt. */
export class RulingsAndCallbackLog1795593600000 implements MigrationInterface {
  name = 'RulingsAndCallbackLog1795593600000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const proposals = new Table({
      name: 'ruling_proposals',
      columns: [
        { name: 'transaction_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'version', type: mysql ? 'int' : 'integer' },
        { name: 'outcome', type: 'varchar', length: '12' },
        { name: 'note', type: 'varchar', length: '500' },
        { name: 'principal_id', type: 'varchar', length: '30' },
        { name: 'proposed_at', type: 'bigint' },
      ],
    });
    await runner.createTable(proposals, mysql);
    // A server commits each step by itself: after a crash in the middle the next start takes up where this one ended.
    const callbacks = await runner.getTable('callbacks');
    if (callbacks?.indices.some(({ name }) => name === BY_ATTEMPT) !== true) {
      await runner.createIndex('callbacks', new TableIndex({ name: BY_ATTEMPT, columnNames: ['attempt_id', 'id'] }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('callbacks', BY_ATTEMPT);
    await runner.dropTable('ruling_proposals');
  }
}

const BY_ATTEMPT = 'callbacks_by_attempt';
