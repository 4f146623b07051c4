import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** How far each recovery of an endpoint has come. */
export class WebhookRecoveries1795770000000 implements MigrationInterface {
  name = 'WebhookRecoveries1795770000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const integer = mysql ? 'int' : 'integer';
    const recoveries = new Table({
      name: 'webhook_recoveries',
      columns: [
        { name: 'id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'endpoint_id', type: 'varchar', length: '30' },
        { name: 'selection', type: 'varchar', length: '12' },
        { name: 'status', type: 'varchar', length: '12' },
        { name: 'since', type: 'bigint' },
        { name: 'until', type: 'bigint', isNullable: true },
        { name: 'event_type', type: 'varchar', length: '64', isNullable: true },
        { name: 'start_position', type: 'bigint' },
        { name: 'scanned_position', type: 'bigint' },
        { name: 'last_position', type: 'bigint' },
        { name: 'requeued', type: integer },
        { name: 'created_at', type: 'bigint' },
        { name: 'updated_at', type: 'bigint' },
        { name: 'completed_at', type: 'bigint', isNullable: true },
      ],
      indices: [
        new TableIndex({ name: 'webhook_recoveries_by_endpoint', columnNames: ['endpoint_id', 'status', 'id'] }),
      ],
    });
    await runner.createTable(recoveries, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('webhook_recoveries');
  }
}
