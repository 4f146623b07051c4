import { createHash } from 'node:crypto';
import { createIdSource, systemClock } from '#libs/primitives';

/** What the floors take, once their validation let it through. */
export interface CollectionBody {
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly method: string;
  readonly customer: { readonly phone: string; readonly name?: string };
  readonly description?: string;
  readonly metadata?: Record<string, string>;
}

/** Whose key it is. */
export interface Owner {
  readonly merchantId: string;
  readonly principalId: string;
}

/** The JSON schema of `CollectionBody`, as a hand-written Fastify server would have it. */
export const BODY_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['reference', 'amount', 'currency', 'method', 'customer'],
  properties: {
    reference: { type: 'string', minLength: 1, maxLength: 128 },
    amount: { type: 'string', pattern: '^\\d{1,15}(\\.\\d{2})?$' },
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    method: { type: 'string', pattern: '^[a-z][a-z0-9_]{1,39}$' },
    customer: {
      type: 'object',
      additionalProperties: false,
      required: ['phone'],
      properties: {
        phone: { type: 'string', pattern: '^\\+\\d{8,15}$' },
        name: { type: 'string', minLength: 1, maxLength: 120 },
      },
    },
    description: { type: 'string', minLength: 1, maxLength: 255 },
    metadata: { type: 'object', additionalProperties: { type: 'string', maxLength: 500 } },
  },
} as const;

const ids = createIdSource(systemClock);
const LIFE_MS = 900_000;

export const nextId = (prefix: string): string => ids.next(prefix);

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The answer to a request that was taken: as wide as the gateway's own. */
export function toAnswer(body: CollectionBody, id: string, now: number) {
  return {
    id,
    object: 'transaction',
    kind: 'collection',
    status: 'created',
    late: false,
    version: 1,
    mode: 'test',
    amount: body.amount,
    amountRefunded: '0.00',
    currency: body.currency,
    fee: null,
    reference: body.reference,
    description: body.description ?? null,
    purpose: null,
    method: body.method,
    provider: 'mpesa',
    providerReference: null,
    receipt: null,
    customer: body.customer,
    nextAction: null,
    failure: null,
    doubt: null,
    parentId: null,
    batchId: null,
    paymentLinkId: null,
    metadata: body.metadata ?? {},
    createdAt: new Date(now).toISOString(),
    updatedAt: new Date(now).toISOString(),
    completedAt: null,
    expiresAt: new Date(now + LIFE_MS).toISOString(),
  };
}

type Answer = ReturnType<typeof toAnswer>;

/** One statement with its values. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The four inserts of one accepted request, as one would write them by hand: record, transaction, event, job. */
export function toInserts(
  { merchantId, principalId }: Owner,
  key: string,
  body: CollectionBody,
  answer: Answer,
  now: number,
): Statement[] {
  const scope = `${merchantId}:test`;
  const [units = '', cents = '00'] = body.amount.split('.');
  return [
    {
      sql: 'INSERT INTO idempotency_records (key_hash, request_hash, subject_id, status_code, created_at) VALUES (?, ?, ?, ?, ?)',
      values: [sha256(`${scope}:${key}`), sha256(JSON.stringify(body)), answer.id, 201, now],
    },
    {
      sql:
        'INSERT INTO transactions (id, merchant_id, mode, kind, status, late, version, amount_minor, currency, refunded_minor, ' +
        'reference, description, method, provider, party, phone, metadata, created_by, created_at, updated_at, expires_at) ' +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      values: [
        ...[answer.id, merchantId, 'test', 'collection', 'created', 0, 1, Number(units + cents), body.currency, 0],
        ...[body.reference, body.description ?? '', body.method, 'mpesa', JSON.stringify(body.customer)],
        ...[body.customer.phone, JSON.stringify(answer.metadata), principalId, now, now, now + LIFE_MS],
      ],
    },
    {
      sql:
        'INSERT INTO events (id, merchant_id, mode, subject_id, type, data, reported, from_status, to_status, version, evidence, created_at) ' +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      values: [
        ...[nextId('evt'), merchantId, 'test', answer.id, 'collection.created', JSON.stringify(answer), 'noted'],
        ...['created', 'created', 1, JSON.stringify({ source: 'merchant', says: 'created', principalId }), now],
      ],
    },
    {
      sql: 'INSERT INTO jobs (id, kind, subject_id, run_at, attempts, created_at) VALUES (?, ?, ?, ?, ?, ?)',
      values: [nextId('job'), 'submit', answer.id, now, 0, now],
    },
  ];
}

/** The inserts that the gateway makes beyond those four: the reference, two guards of the phone, the job that expires it. */
export function toFurtherInserts(
  { merchantId }: Owner,
  body: CollectionBody,
  answer: Answer,
  now: number,
): Statement[] {
  const { phone } = body.customer;
  const guard = 'INSERT INTO phone_guards (guard_hash, kind, transaction_id, until, count) VALUES (?, ?, ?, ?, ?)';
  return [
    {
      sql: 'INSERT INTO reference_keys (reference_hash, transaction_id) VALUES (?, ?)',
      values: [sha256(`${merchantId}:test:reference:${body.reference}`), answer.id],
    },
    { sql: guard, values: [sha256(`open:${phone}`), 'open_prompt', answer.id, now + LIFE_MS, 0] },
    { sql: guard, values: [sha256(`repeat:${phone}:${body.amount}`), 'repeat_amount', answer.id, now + 120_000, 0] },
    {
      sql: 'INSERT INTO jobs (id, kind, subject_id, run_at, attempts, created_at) VALUES (?, ?, ?, ?, ?, ?)',
      values: [nextId('job'), 'expire', answer.id, now + LIFE_MS, 0, now],
    },
  ];
}

/** A merchant's key, and the row that says whose it is. */
export function makeKey(): { readonly apiKey: string; readonly statement: Statement } {
  const apiKey = `mlp_test_${'0'.repeat(38)}`;
  return {
    apiKey,
    statement: {
      sql:
        'INSERT INTO api_keys (id, key_hash, last4, merchant_id, mode, principal_id, name, scopes, created_at) ' +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      values: [
        ...[nextId('key'), sha256(apiKey), apiKey.slice(-4), nextId('mer'), 'test', nextId('prn'), 'Bench'],
        ...['["collections:write"]', Date.now()],
      ],
    },
  };
}

/** How a floor finds the owner of a key. */
export const FIND_OWNER =
  'SELECT merchant_id AS merchantId, principal_id AS principalId FROM api_keys WHERE key_hash = ? AND (ends_at IS NULL OR ends_at > ?)';
