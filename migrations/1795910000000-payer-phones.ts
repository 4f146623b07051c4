import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The number that a provider proved to have paid, to which a refund goes back. */
export class PayerPhones1795910000000 implements MigrationInterface {
  name = 'PayerPhones1795910000000';

  async up(runner: QueryRunner): Promise<void> {
    // No row is written: of what is there nobody asked who paid.
    await runner.query('ALTER TABLE transactions ADD COLUMN payer_phone varchar(20)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('transactions', 'payer_phone');
  }
}
