import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** E-mails, what each merchant wants of them, and the addresses that get none. */
export class Emails1795840000000 implements MigrationInterface {
  name = 'Emails1795840000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    // On a server each table is made unless it is there: after a crash the next start takes up where this one ended.
    for (const table of toTables(mysql)) await runner.createTable(table, mysql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of ['email_suppressions', 'notification_settings', 'emails']) await runner.dropTable(name);
  }
}

function toTables(mysql: boolean): Table[] {
  const integer = mysql ? 'int' : 'integer';
  return [
    new Table({
      name: 'emails',
      columns: [
        { name: 'id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'kind', type: 'varchar', length: '32' },
        { name: 'event_id', type: 'varchar', length: '30' },
        { name: 'subject_id', type: 'varchar', length: '30' },
        { name: 'to_address', type: 'varchar', length: '254' },
        { name: 'to_hash', type: 'varchar', length: '64' },
        { name: 'locale', type: 'varchar', length: '2' },
        { name: 'content', type: 'json' },
        { name: 'status', type: 'varchar', length: '12' },
        { name: 'attempts', type: integer },
        { name: 'round', type: integer },
        { name: 'last_answer', type: 'varchar', length: '500', isNullable: true },
        { name: 'next_attempt_at', type: 'bigint', isNullable: true },
        { name: 'dedupe_hash', type: 'varchar', length: '64' },
        { name: 'created_at', type: 'bigint' },
        { name: 'sent_at', type: 'bigint', isNullable: true },
      ],
      indices: [
        new TableIndex({ name: 'emails_by_merchant', columnNames: ['merchant_id', 'mode', 'id'] }),
        new TableIndex({ name: 'emails_by_subject', columnNames: ['subject_id', 'id'] }),
        new TableIndex({ name: 'emails_by_address', columnNames: ['to_hash', 'id'] }),
        new TableIndex({ name: 'emails_once', columnNames: ['dedupe_hash'], isUnique: true }),
      ],
    }),
    new Table({
      name: 'notification_settings',
      columns: [
        { name: 'merchant_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'mode', type: 'varchar', length: '4', isPrimary: true },
        { name: 'switches', type: 'json' },
        { name: 'sender_name', type: 'varchar', length: '120', isNullable: true },
        { name: 'reply_to', type: 'varchar', length: '254', isNullable: true },
        { name: 'logo_url', type: 'varchar', length: '500', isNullable: true },
        { name: 'recipients', type: 'json' },
        { name: 'approvers', type: 'json' },
        { name: 'updated_at', type: 'bigint' },
      ],
    }),
    new Table({
      name: 'email_suppressions',
      columns: [
        { name: 'id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'address', type: 'varchar', length: '254' },
        { name: 'address_hash', type: 'varchar', length: '64' },
        { name: 'reason', type: 'varchar', length: '12' },
        { name: 'detail', type: 'varchar', length: '500', isNullable: true },
        { name: 'created_at', type: 'bigint' },
      ],
      indices: [
        new TableIndex({ name: 'email_suppressions_by_merchant', columnNames: ['merchant_id', 'mode', 'id'] }),
        new TableIndex({
          name: 'email_suppressions_once',
          columnNames: ['address_hash', 'reason'],
          isUnique: true,
        }),
      ],
    }),
  ];
}
