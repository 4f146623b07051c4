import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What opens one WebSocket, once. */
export class RealtimeTickets1795890000000 implements MigrationInterface {
  name = 'RealtimeTickets1795890000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const tickets = new Table({
      name: 'realtime_tickets',
      columns: [
        { name: 'ticket_hash', type: 'varchar', length: '64', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'key_id', type: 'varchar', length: '30', isNullable: true },
        { name: 'narrowed', type: 'json', isNullable: true },
        { name: 'ends_at', type: 'bigint' },
      ],
      indices: [new TableIndex({ name: 'realtime_tickets_by_end', columnNames: ['ends_at'] })],
    });
    await runner.createTable(tickets, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('realtime_tickets');
  }
}
