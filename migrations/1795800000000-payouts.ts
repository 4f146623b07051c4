import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What an attempt asks of its provider, and the questions whose answers come by callback. */
export class Payouts1795800000000 implements MigrationInterface {
  name = 'Payouts1795800000000';

  async up(runner: QueryRunner): Promise<void> {
    const columns: readonly [string, TableColumn][] = [
      // Everything that was sent so far is money in. With a default while it is added; entities always say it.
      ['attempts', new TableColumn({ name: 'operation', type: 'varchar', length: '12', default: "'collections'" })],
      ['attempts', new TableColumn({ name: 'asked_at', type: 'bigint', isNullable: true })],
      ['callback_tokens', new TableColumn({ name: 'asked', type: 'json', isNullable: true })],
    ];
    // A server commits each column by itself: after a crash in the middle the next start takes up where this one ended.
    for (const [table, column] of columns) {
      if (!(await runner.hasColumn(table, column.name))) await runner.addColumn(table, column);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('callback_tokens', 'asked');
    await runner.dropColumn('attempts', 'asked_at');
    await runner.dropColumn('attempts', 'operation');
  }
}
