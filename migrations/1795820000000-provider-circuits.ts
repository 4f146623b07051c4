import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What all processes know of providers that are not available, and who was told. */
export class ProviderCircuits1795820000000 implements MigrationInterface {
  name = 'ProviderCircuits1795820000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const circuits = new Table({
      name: 'provider_circuits',
      columns: [
        { name: 'provider_account_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'operation', type: 'varchar', length: '16', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'provider', type: 'varchar', length: '32' },
        { name: 'host_hash', type: 'varchar', length: '64' },
        { name: 'state', type: 'varchar', length: '8' },
        { name: 'retry_at', type: 'bigint' },
        { name: 'trial_ends_at', type: 'bigint' },
        { name: 'openings', type: mysql ? 'int' : 'integer' },
        { name: 'since', type: 'bigint' },
        { name: 'updated_at', type: 'bigint' },
      ],
      indices: [new TableIndex({ name: 'provider_circuits_by_state', columnNames: ['state', 'provider', 'mode'] })],
    });
    await runner.createTable(circuits, mysql);
    const notices = new Table({
      name: 'provider_notices',
      columns: [
        { name: 'notice_hash', type: 'varchar', length: '64', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'provider', type: 'varchar', length: '32' },
        { name: 'host_hash', type: 'varchar', length: '64' },
        { name: 'operation', type: 'varchar', length: '16' },
        { name: 'created_at', type: 'bigint' },
      ],
      indices: [new TableIndex({ name: 'provider_notices_by_place', columnNames: ['provider', 'mode', 'operation'] })],
    });
    await runner.createTable(notices, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('provider_notices');
    await runner.dropTable('provider_circuits');
  }
}
