import { Table, TableColumn, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const BY_QUESTION = 'callback_tokens_by_balance_question';

/** What provider accounts hold, the questions for it with their paths, and from where on a merchant wants to be warned. */
export class Balances1795821000000 implements MigrationInterface {
  name = 'Balances1795821000000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    const balances = new Table({
      name: 'provider_balances',
      columns: [
        { name: 'provider_account_id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'merchant_id', type: 'varchar', length: '30' },
        { name: 'mode', type: 'varchar', length: '4' },
        { name: 'balances', type: 'json', isNullable: true },
        { name: 'as_of', type: 'bigint', isNullable: true },
        { name: 'answers_from', type: 'bigint', isNullable: true },
        { name: 'below_limit', type: 'json', isNullable: true },
        { name: 'refresh', type: 'varchar', length: '12' },
        { name: 'started_at', type: 'bigint' },
        { name: 'finished_at', type: 'bigint', isNullable: true },
        { name: 'questions', type: mysql ? 'int' : 'integer' },
        { name: 'next_ask_at', type: 'bigint' },
        { name: 'trouble', type: 'varchar', length: '255', isNullable: true },
      ],
    });
    await runner.createTable(balances, mysql);
    const questions = new Table({
      name: 'balance_questions',
      columns: [
        { name: 'id', type: 'varchar', length: '30', isPrimary: true },
        { name: 'provider_account_id', type: 'varchar', length: '30' },
        { name: 'asked_at', type: 'bigint' },
        { name: 'provider_ids', type: 'json', isNullable: true },
      ],
      indices: [
        new TableIndex({ name: 'balance_questions_by_account', columnNames: ['provider_account_id', 'asked_at'] }),
      ],
    });
    await runner.createTable(questions, mysql);
    // A server commits each step by itself: after a crash in the middle the next start takes up where this one ended.
    if (!(await runner.hasColumn('provider_accounts', 'low_balance'))) {
      await runner.addColumn(
        'provider_accounts',
        new TableColumn({ name: 'low_balance', type: 'json', isNullable: true }),
      );
    }
    if (!(await runner.hasColumn('callback_tokens', 'balance_question_id'))) {
      const column = { name: 'balance_question_id', type: 'varchar', length: '30', isNullable: true };
      await runner.addColumn('callback_tokens', new TableColumn(column));
    }
    const tokens = await runner.getTable('callback_tokens');
    if (tokens?.indices.some(({ name }) => name === BY_QUESTION) !== true) {
      const index = new TableIndex({ name: BY_QUESTION, columnNames: ['balance_question_id'] });
      await runner.createIndex('callback_tokens', index);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('callback_tokens', BY_QUESTION);
    await runner.dropColumn('callback_tokens', 'balance_question_id');
    await runner.dropColumn('provider_accounts', 'low_balance');
    await runner.dropTable('balance_questions');
    await runner.dropTable('provider_balances');
  }
}
