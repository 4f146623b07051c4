import { createIdSource } from '#libs/primitives';
import { Database } from '../../src/database/database.js';
import { ReferenceKey, toReferenceHash } from '../../src/transactions/reference-key.entity.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import { TRANSACTION_KINDS, TRANSACTION_STATUSES } from '../../src/transactions/transaction-states.js';
import { toListQuery, type ListCriteria } from '../../src/transactions/transactions.queries.js';
import { toTransaction } from '../support/engine.js';
import { createTestGateway, describeOnBothDatabases, type TestGateway, type TestMerchant } from '../support/gateway.js';

const START = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;
const ROWS = 3_000;

describeOnBothDatabases('The list of transactions', (kind) => {
  let gateway: TestGateway;
  let database: Database;
  let merchant: TestMerchant;
  let own: Transaction[];

  // One merchant with a tenth of the rows in each mode, among many others: what a planner goes astray on.
  beforeAll(async () => {
    gateway = await createTestGateway({ database: kind });
    database = gateway.get(Database);
    merchant = await gateway.createMerchant();
    const rows = Array.from({ length: ROWS }, (_, index) =>
      toRow(index, index % 10 === 3 ? merchant.id : `mer_other${index % 10}`),
    );
    for (let start = 0; start < ROWS; start += 500) {
      const part = rows.slice(start, start + 500);
      await database.write(async (tx) => {
        await tx.insert(Transaction, part);
        await tx.insert(
          ReferenceKey,
          part.map((row) => ({ referenceHash: toReferenceHash(row), transactionId: row.id })),
        );
      });
    }
    if (kind === 'mysql') await database.read.query('ANALYZE TABLE transactions');
    own = rows.filter(({ merchantId, mode }) => merchantId === merchant.id && mode === 'test').reverse();
  });
  afterAll(() => gateway.close());

  /** Every field varies by a rhythm of its own, so that filters cut across each other. */
  function toRow(index: number, merchantId: string): Transaction {
    const createdAt = START + index * MINUTE;
    const turn = Math.floor(index / 10);
    return toTransaction({
      id: createIdSource({ now: () => createdAt }).next('txn'),
      merchantId,
      mode: turn % 20 === 19 ? 'live' : 'test',
      kind: TRANSACTION_KINDS[turn % 3]!,
      status: TRANSACTION_STATUSES[turn % TRANSACTION_STATUSES.length]!,
      reference: `REF-${turn % 2 === 0 ? 'a' : 'A'}-${Math.floor(turn / 2)}`,
      method: turn % 4 === 0 ? 'mtn_bj' : 'mpesa_ke',
      provider: turn % 5 === 0 ? 'moneroo' : 'mpesa',
      providerReference: turn % 7 === 0 ? null : `ws_CO_${turn % 50}`,
      receipt: turn % 2 === 0 ? `R${turn % 40}x` : null,
      phone: `+2547000000${String(turn % 60).padStart(2, '0')}`,
      batchId: turn % 6 === 0 ? `bat_${turn % 12}` : null,
      createdAt,
      updatedAt: createdAt,
    });
  }

  const get = (query: string) => gateway.request(`GET /v1/transactions?${query}`, { key: merchant.key });

  /** Every page, one after the other. */
  async function listAll(query: Record<string, string>, limit = 17): Promise<string[]> {
    const ids: string[] = [];
    let cursor: Record<string, string> = {};
    for (;;) {
      const { status, body } = await get(String(new URLSearchParams({ ...query, ...cursor, limit: String(limit) })));
      expect(status).toBe(200);
      expect(body.data.length).toBeLessThanOrEqual(limit);
      expect(body.hasMore).toBe(body.nextCursor !== null);
      ids.push(...body.data.map(({ id }: Transaction) => id));
      if (!body.hasMore) return ids;
      cursor = { cursor: body.nextCursor };
    }
  }

  const idsOf = (matches: (row: Transaction) => boolean): string[] => own.filter(matches).map(({ id }) => id);

  it('has every one of the merchant’s own in the mode, once, newest first, whatever the size of a page', async () => {
    expect(own.length).toBeGreaterThan(250);
    for (const limit of [7, 100]) expect(await listAll({}, limit)).toEqual(own.map(({ id }) => id));
    expect((await get('')).body.data).toHaveLength(20);
    const exact = await get(`limit=${own.length > 100 ? 100 : own.length}`);
    expect(exact.body.hasMore).toBe(true);
  });

  const from = START + 1_203 * MINUTE;
  const to = START + 2_003 * MINUTE;
  const iso = (at: number): string => new Date(at).toISOString();
  const filters: [Record<string, string>, (row: Transaction) => boolean][] = [
    ...TRANSACTION_KINDS.map((kind): (typeof filters)[number] => [{ kind }, (row) => row.kind === kind]),
    ...TRANSACTION_STATUSES.map((status): (typeof filters)[number] => [{ status }, (row) => row.status === status]),
    [{ reference: 'REF-a-6' }, (row) => row.reference === 'REF-a-6'],
    [{ reference: 'REF-A-6' }, (row) => row.reference === 'REF-A-6'],
    [{ reference: 'REF-a-6', kind: 'payout' }, (row) => row.reference === 'REF-a-6' && row.kind === 'payout'],
    [{ reference: 'REF-a-6', status: 'failed' }, (row) => row.reference === 'REF-a-6' && row.status === 'failed'],
    [{ method: 'mtn_bj' }, (row) => row.method === 'mtn_bj'],
    [{ method: 'MTN_BJ' }, () => false],
    [{ provider: 'moneroo' }, (row) => row.provider === 'moneroo'],
    [{ providerReference: 'ws_CO_12' }, (row) => row.providerReference === 'ws_CO_12'],
    [{ providerReference: 'ws_co_12' }, () => false],
    [{ receipt: 'R8x' }, (row) => row.receipt === 'R8x'],
    [{ receipt: 'r8X' }, () => false],
    [{ phone: '+254700000012' }, (row) => row.phone === '+254700000012'],
    [{ phone: '254700000012' }, (row) => row.phone === '+254700000012'],
    [{ batchId: 'bat_6' }, (row) => row.batchId === 'bat_6'],
    [{ createdFrom: iso(from) }, (row) => row.createdAt >= from],
    [{ createdTo: iso(to) }, (row) => row.createdAt < to],
    [{ createdFrom: iso(from), createdTo: iso(to) }, (row) => row.createdAt >= from && row.createdAt < to],
    [
      { kind: 'collection', method: 'mpesa_ke', provider: 'mpesa', createdFrom: iso(from) },
      (row) =>
        row.kind === 'collection' && row.method === 'mpesa_ke' && row.provider === 'mpesa' && row.createdAt >= from,
    ],
    [{ phone: '+254700000012', receipt: 'R32x' }, (row) => row.phone === '+254700000012' && row.receipt === 'R32x'],
    [{ reference: 'REF-nobody' }, () => false],
    [{ createdFrom: '2030-01-01T00:00:00Z' }, () => false],
  ];

  it('shows exactly what each filter says, alone and together, over all pages', async () => {
    for (const [query, matches] of filters) {
      expect([query, await listAll(query)]).toEqual([query, idsOf(matches)]);
    }
    // A filter that nothing fits proves little: most must cut something off and leave something.
    const telling = filters.filter(([, matches]) => idsOf(matches).length > 0);
    expect(telling.length).toBeGreaterThan(20);
  });

  it('keeps its place while newer ones arrive', async () => {
    const { body: first } = await get('limit=5');
    const createdAt = START + ROWS * MINUTE;
    const id = createIdSource({ now: () => createdAt }).next('txn');
    const row = toTransaction({ id, merchantId: merchant.id, createdAt });
    await database.write((tx) => tx.insert(Transaction, [row]));
    const { body: second } = await get(`limit=5&cursor=${first.nextCursor}`);
    expect(second.data.map(({ id }: Transaction) => id)).toEqual(own.slice(5, 10).map(({ id }) => id));
    expect((await get('limit=1')).body.data[0].id).toBe(row.id);
    await database.write((tx) => tx.manager.delete(Transaction, { id: row.id }));
  });

  const scans: [string, Partial<ListCriteria>, string][] = [
    ['the first page', {}, 'transactions_by_merchant'],
    ['a later page', { after: 'txn_01KT' }, 'transactions_by_merchant'],
    ['a status', { status: 'review' }, 'transactions_by_merchant'],
    ['a kind and a method', { kind: 'payout', method: 'mpesa_ke' }, 'transactions_by_merchant'],
    ['a span of time', { createdFrom: iso(from), createdTo: iso(to) }, 'transactions_by_merchant'],
    ['a phone', { phone: '+254700000012' }, 'transactions_by_phone'],
  ];

  it.each(scans)('reads %s along its index, without sorting', async (_, criteria, index) => {
    const query = toListQuery(database, { merchantId: merchant.id, mode: 'test' }, { limit: 50, ...criteria });
    const [sql, parameters] = query.getQueryAndParameters();
    if (kind === 'sqlite') {
      const plan: { detail: string }[] = await database.read.query(`EXPLAIN QUERY PLAN ${sql}`, parameters);
      expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining(`USING INDEX ${index} `)]);
    } else {
      const plan: { key: string; Extra: string }[] = await database.read.query(`EXPLAIN ${sql}`, parameters);
      expect(plan).toHaveLength(1);
      expect(plan[0]).toMatchObject({ key: index, Extra: expect.not.stringContaining('filesort') });
    }
  });
});
