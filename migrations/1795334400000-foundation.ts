import { Table, TableIndex, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

type Flag = 'KEY' | 'NULLABLE';

/** The first tables: one collection from request to proof. */
export class Foundation1795334400000 implements MigrationInterface {
  name = 'Foundation1795334400000';

  async up(runner: QueryRunner): Promise<void> {
    const mysql = runner.dataSource.options.type !== 'better-sqlite3';
    for (const { name, columns, indices } of TABLES) {
      const table = new Table({
        name,
        columns: columns.map((definition) => toColumn(definition, mysql)),
        indices: indices.map((index) => new TableIndex(index)),
      });
      // A server commits each table by itself: after a crash in the middle the next start takes up where this one ended.
      await runner.createTable(table, mysql);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of [...TABLES].reverse()) await runner.dropTable(name);
  }
}

interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly flag: Flag | undefined;
}

function toColumn({ name, type, flag }: ColumnDefinition, mysql: boolean): TableColumnOptions {
  const [, base = type, length] = /^(\w+)\((\d+)\)$/.exec(type) ?? [];
  const portable: Record<string, string> = mysql ? { integer: 'int', boolean: 'tinyint' } : {};
  return { name, type: portable[base] ?? base, length, isPrimary: flag === 'KEY', isNullable: flag === 'NULLABLE' };
}

const column = (name: string, type: string, flag?: Flag): ColumnDefinition => ({ name, type, flag });
const index = (name: string, columnNames: string[], isUnique = false) => ({ name, columnNames, isUnique });
const UNIQUE = true;
const KEY = 'KEY';
const NULLABLE = 'NULLABLE';

// prettier-ignore
const TABLES = [
  { name: 'api_keys',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('key_hash', 'varchar(64)'),
      column('last4', 'varchar(4)'),
      column('merchant_id', 'varchar(30)', NULLABLE),
      column('mode', 'varchar(4)'),
      column('principal_id', 'varchar(30)'),
      column('name', 'varchar(120)'),
      column('scopes', 'json'),
      column('created_at', 'bigint'),
      column('last_used_at', 'bigint', NULLABLE),
      column('ends_at', 'bigint', NULLABLE),
    ],
    indices: [
      index('api_keys_by_hash', ['key_hash'], UNIQUE),
      index('api_keys_by_merchant', ['merchant_id', 'mode', 'id']),
    ] },
  { name: 'attempts',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('transaction_id', 'varchar(30)'),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('provider_account_id', 'varchar(30)'),
      column('provider', 'varchar(32)'),
      column('sent_at', 'bigint'),
      column('verdict', 'varchar(16)', NULLABLE),
      column('provider_reference', 'varchar(255)', NULLABLE),
      column('provider_reference_hash', 'varchar(64)', NULLABLE),
      column('other_references', 'json', NULLABLE),
      column('hint', 'json', NULLABLE),
      column('answered_callback_id', 'varchar(30)', NULLABLE),
      column('inquiries', 'integer'),
      column('created_at', 'bigint'),
    ],
    indices: [
      index('attempts_by_provider_reference', ['provider_reference_hash'], UNIQUE),
      index('attempts_by_transaction', ['transaction_id', 'id']),
    ] },
  { name: 'callback_tokens',
    columns: [
      column('token_hash', 'varchar(64)', KEY),
      column('sealed_token', 'text'),
      column('attempt_id', 'varchar(30)', NULLABLE),
      column('provider_account_id', 'varchar(30)'),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('purpose', 'varchar(32)'),
      column('created_at', 'bigint'),
    ],
    indices: [
      index('callback_tokens_by_attempt', ['attempt_id']),
    ] },
  { name: 'callbacks',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('token_hash', 'varchar(64)'),
      column('digest', 'varchar(64)'),
      column('http_method', 'varchar(8)'),
      column('headers', 'json'),
      column('body', 'blob'),
      column('source_address', 'varchar(64)'),
      column('state', 'varchar(12)'),
      column('trust', 'varchar(12)', NULLABLE),
      column('outcome', 'varchar(255)', NULLABLE),
      column('merchant_id', 'varchar(30)', NULLABLE),
      column('mode', 'varchar(4)', NULLABLE),
      column('attempt_id', 'varchar(30)', NULLABLE),
      column('received_at', 'bigint'),
    ],
    indices: [
      index('callbacks_by_merchant', ['merchant_id', 'mode', 'id']),
      index('callbacks_by_digest', ['token_hash', 'digest'], UNIQUE),
    ] },
  { name: 'events',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('subject_id', 'varchar(30)'),
      column('type', 'varchar(64)', NULLABLE),
      column('data', 'json', NULLABLE),
      column('reported', 'varchar(20)', NULLABLE),
      column('from_status', 'varchar(20)', NULLABLE),
      column('to_status', 'varchar(20)', NULLABLE),
      column('version', 'integer', NULLABLE),
      column('attempt_id', 'varchar(30)', NULLABLE),
      column('evidence', 'json', NULLABLE),
      column('created_at', 'bigint'),
    ],
    indices: [
      index('events_by_subject', ['subject_id', 'id']),
    ] },
  { name: 'idempotency_records',
    columns: [
      column('key_hash', 'varchar(64)', KEY),
      column('request_hash', 'varchar(64)'),
      column('subject_id', 'varchar(30)'),
      column('status_code', 'integer'),
      column('created_at', 'bigint'),
    ],
    indices: [] },
  { name: 'jobs',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('kind', 'varchar(32)'),
      column('subject_id', 'varchar(30)'),
      column('run_at', 'bigint'),
      column('attempts', 'integer'),
      column('lease_token', 'varchar(30)', NULLABLE),
      column('created_at', 'bigint'),
    ],
    indices: [
      index('jobs_by_run_at', ['run_at']),
      index('jobs_by_subject', ['kind', 'subject_id'], UNIQUE),
    ] },
  { name: 'merchants',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('name', 'varchar(120)'),
      column('locale', 'varchar(8)'),
      column('status', 'varchar(16)'),
      column('colour', 'varchar(7)', NULLABLE),
      column('logo_url', 'varchar(500)', NULLABLE),
      column('notification_email', 'varchar(254)', NULLABLE),
      column('support_url', 'varchar(500)', NULLABLE),
      column('created_at', 'bigint'),
      column('updated_at', 'bigint'),
    ],
    indices: [] },
  { name: 'phone_guards',
    columns: [
      column('guard_hash', 'varchar(64)', KEY),
      column('kind', 'varchar(16)'),
      column('transaction_id', 'varchar(30)'),
      column('until', 'bigint'),
      column('count', 'integer'),
    ],
    indices: [] },
  { name: 'provider_accounts',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('provider', 'varchar(32)'),
      column('sealed_credentials', 'text'),
      column('settings', 'json'),
      column('priority', 'integer'),
      column('enabled', 'boolean'),
      column('version', 'integer'),
      column('created_at', 'bigint'),
      column('updated_at', 'bigint'),
    ],
    indices: [
      index('provider_accounts_by_merchant', ['merchant_id', 'mode', 'priority', 'id']),
    ] },
  { name: 'reference_keys',
    columns: [
      column('reference_hash', 'varchar(64)', KEY),
      column('transaction_id', 'varchar(30)'),
    ],
    indices: [] },
  { name: 'transactions',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('kind', 'varchar(16)'),
      column('status', 'varchar(20)'),
      column('late', 'boolean'),
      column('version', 'integer'),
      column('amount_minor', 'bigint'),
      column('currency', 'varchar(3)'),
      column('refunded_minor', 'bigint'),
      column('fee_minor', 'bigint', NULLABLE),
      column('reference', 'varchar(128)'),
      column('description', 'varchar(255)', NULLABLE),
      column('purpose', 'varchar(16)', NULLABLE),
      column('method', 'varchar(40)'),
      column('provider', 'varchar(32)', NULLABLE),
      column('forced_provider', 'varchar(32)', NULLABLE),
      column('attempt_id', 'varchar(30)', NULLABLE),
      column('first_sent_at', 'bigint', NULLABLE),
      column('provider_reference', 'varchar(255)', NULLABLE),
      column('receipt', 'varchar(64)', NULLABLE),
      column('party', 'json'),
      column('phone', 'varchar(20)'),
      column('return_url', 'varchar(2000)', NULLABLE),
      column('next_action', 'json', NULLABLE),
      column('failure', 'json', NULLABLE),
      column('doubt', 'json', NULLABLE),
      column('parent_id', 'varchar(30)', NULLABLE),
      column('batch_id', 'varchar(30)', NULLABLE),
      column('payment_link_id', 'varchar(30)', NULLABLE),
      column('metadata', 'json'),
      column('created_by', 'varchar(30)'),
      column('created_at', 'bigint'),
      column('updated_at', 'bigint'),
      column('completed_at', 'bigint', NULLABLE),
      column('expires_at', 'bigint'),
    ],
    indices: [
      index('transactions_by_receipt', ['receipt']),
      index('transactions_by_provider_reference', ['provider_reference']),
      index('transactions_by_phone', ['merchant_id', 'mode', 'phone', 'id']),
      index('transactions_by_merchant', ['merchant_id', 'mode', 'id']),
    ] },
  { name: 'webhook_deliveries',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('endpoint_id', 'varchar(30)'),
      column('event_id', 'varchar(30)'),
      column('event_type', 'varchar(64)'),
      column('status', 'varchar(12)'),
      column('attempts', 'json'),
      column('attempt_count', 'integer'),
      column('round_attempts', 'integer'),
      column('failure_reason', 'varchar(20)', NULLABLE),
      column('next_attempt_at', 'bigint', NULLABLE),
      column('created_at', 'bigint'),
      column('delivered_at', 'bigint', NULLABLE),
    ],
    indices: [
      index('webhook_deliveries_by_endpoint', ['endpoint_id', 'id']),
      index('webhook_deliveries_by_event', ['event_id']),
      index('webhook_deliveries_by_merchant', ['merchant_id', 'mode', 'id']),
    ] },
  { name: 'webhook_endpoints',
    columns: [
      column('id', 'varchar(30)', KEY),
      column('merchant_id', 'varchar(30)'),
      column('mode', 'varchar(4)'),
      column('url', 'varchar(2000)'),
      column('events', 'json'),
      column('description', 'varchar(255)', NULLABLE),
      column('enabled', 'boolean'),
      column('disabled_reason', 'varchar(12)', NULLABLE),
      column('sealed_secret', 'text'),
      column('created_at', 'bigint'),
      column('updated_at', 'bigint'),
    ],
    indices: [
      index('webhook_endpoints_by_merchant', ['merchant_id', 'mode', 'id']),
    ] },
];
