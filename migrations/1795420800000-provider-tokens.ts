import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** One access token for each provider account, held over all processes. */
export class ProviderTokens1795420800000 implements MigrationInterface {
  name = 'ProviderTokens1795420800000';

  async up(runner: QueryRunner): Promise<void> {
    const table = new Table({
      name: 'provider_tokens',
      columns: [
        { name: 'account_key', type: 'varchar', length: '48', isPrimary: true },
        { name: 'sealed_token', type: 'text', isNullable: true },
        { name: 'token_hash', type: 'varchar', length: '64', isNullable: true },
        { name: 'refresh_at', type: 'bigint', isNullable: true },
        { name: 'expires_at', type: 'bigint', isNullable: true },
        { name: 'lease_token', type: 'varchar', length: '30', isNullable: true },
        { name: 'lease_ends_at', type: 'bigint', isNullable: true },
      ],
    });
    // A server commits a table by itself: after a crash just behind it the next start finds it made.
    await runner.createTable(table, runner.dataSource.options.type !== 'better-sqlite3');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('provider_tokens');
  }
}
