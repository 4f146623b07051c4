import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When an attempt was sent for the second and last time, at providers that refuse duplicates. */
export class OneResend1795830000000 implements MigrationInterface {
  name = 'OneResend1795830000000';

  async up(runner: QueryRunner): Promise<void> {
    // A server commits each step by itself: after a crash in the middle the next start takes up where this one ended.
    if (await runner.hasColumn('attempts', 'resent_at')) return;
    // No row is written: both engines keep the default beside the table.
    await runner.query('ALTER TABLE attempts ADD COLUMN resent_at bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('attempts', 'resent_at');
  }
}
