import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Finds old idempotency records to forget, and transactions by their status to count those in doubt. Both servers build a
 * secondary index without stopping writes; on SQLite it takes about a second a million rows.
 */
export class SurfaceIndices1795507200000 implements MigrationInterface {
  name = 'SurfaceIndices1795507200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, index] of INDICES) await runner.createIndex(table, index);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, index] of [...INDICES].reverse()) await runner.dropIndex(table, index);
  }
}

const INDICES: readonly (readonly [string, TableIndex])[] = [
  ['idempotency_records', new TableIndex({ name: 'idempotency_records_by_age', columnNames: ['created_at'] })],
  ['transactions', new TableIndex({ name: 'transactions_by_status', columnNames: ['status'] })],
];
