import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The secret before a rotation, and how long an endpoint has been failing. */
export class WebhookEndpointLife1795680000000 implements MigrationInterface {
  name = 'WebhookEndpointLife1795680000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const columns = [
      new TableColumn({ name: 'sealed_previous_secret', type: 'text', isNullable: true }),
      new TableColumn({ name: 'previous_secret_ends_at', type: 'bigint', isNullable: true }),
      new TableColumn({ name: 'failing_since', type: 'bigint', isNullable: true }),
      // With a default while it is added, for the rows that are there; entities always say it.
      new TableColumn({ name: 'failing_announced', type: mysql ? 'tinyint' : 'boolean', default: '0' }),
    ];
    // A server commits each column by itself: after a crash in the middle the next start takes up where this one ended.
    for (const column of columns) {
      if (!(await runner.hasColumn('webhook_endpoints', column.name)))
        await runner.addColumn('webhook_endpoints', column);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of ['failing_announced', 'failing_since', 'previous_secret_ends_at', 'sealed_previous_secret']) {
      await runner.dropColumn('webhook_endpoints', name);
    }
  }
}
