import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The merchant's order of events: a number for each, and the counters that give them. */
export class EventPositions1795766400000 implements MigrationInterface {
  name = 'EventPositions1795766400000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    // A server commits each step by itself: after a crash in the middle the next start takes up where this one ended.
    if (!(await runner.hasColumn('events', 'position'))) {
      // By the default every line that is there waits for its position, and so does every line that a process of the release
      // before adds while it still runs. No row is written: both engines keep the default beside the table.
      await runner.query('ALTER TABLE events ADD COLUMN position bigint DEFAULT 0');
    }
    const events = await runner.getTable('events');
    if (events?.indices.some(({ name }) => name === BY_POSITION) !== true) {
      const columnNames = ['merchant_id', 'mode', 'position', 'id', 'type'];
      await runner.createIndex('events', new TableIndex({ name: BY_POSITION, columnNames }));
    }
    const positions = new Table({
      name: 'event_positions',
      columns: [
        { name: 'merchant_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'mode', type: 'varchar', length: '4', isPrimary: true },
        { name: 'last_position', type: 'bigint' },
        { name: 'first_position', type: 'bigint' },
      ],
    });
    await runner.createTable(positions, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('event_positions');
    await runner.dropIndex('events', BY_POSITION);
    await runner.dropColumn('events', 'position');
  }
}

const BY_POSITION = 'events_by_position';
