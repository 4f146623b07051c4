import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { toTransaction } from '../../test/support/engine.js';
import { Callback } from '../callbacks/callback.entity.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';
import { Transaction } from '../transactions/transaction.entity.js';

describeOnBothDatabases('Inserting whole rows', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  afterAll(() => store.close());

  const roundTrip = async (row: Transaction): Promise<Transaction> => {
    await store.database.write((tx) => tx.insert(Transaction, [row]));
    return store.database.read.findOneOrFail(Transaction, { where: { id: row.id } });
  };

  it('brings every type back as it was', async () => {
    const row = toTransaction({
      amountMinor: 9_007_199_254_740_991n,
      feeMinor: null,
      refundedMinor: 0n,
      late: true,
      party: { phone: '+254700000001', name: 'Wanjikũ O\'Brien \\ "Ñandú" 🦒', fields: { note: 'a%b_c\n' } },
      metadata: { order: '118', quote: `'; DROP TABLE transactions; --` },
      doubt: { reason: 'answer_lost', since: 1_900_000_000_123, nextInquiryAt: null, deadline: 1_900_000_100_000 },
      nextAction: null,
      description: null,
      createdAt: 1_795_334_400_123,
      expiresAt: 9_999_999_999_999,
    });
    expect({ ...(await roundTrip(row)) }).toEqual(row);
  });

  it.each([true, false])('keeps %s a boolean', async (late) => {
    expect((await roundTrip(toTransaction({ late }))).late).toBe(late);
  });

  it.each([0n, 1n, 15_000n, 4_503_599_627_370_497n])(
    'keeps %s minor units exact, and a bigint',
    async (amountMinor) => {
      expect((await roundTrip(toTransaction({ amountMinor, feeMinor: amountMinor }))).feeMinor).toBe(amountMinor);
    },
  );

  it('keeps bytes as they were', async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const row: Callback = {
      id: 'cbk_1',
      tokenHash: 't'.repeat(64),
      digest: 'd'.repeat(64),
      httpMethod: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      sourceAddress: '127.0.0.1',
      state: 'received',
      trust: null,
      outcome: null,
      merchantId: null,
      mode: null,
      providerAccountId: null,
      attemptId: null,
      receivedAt: 1,
    };
    await store.database.write((tx) => tx.insert(Callback, [row]));
    const back = await store.database.read.findOneOrFail(Callback, { where: { id: row.id } });
    expect(Buffer.from(back.body).equals(body)).toBe(true);
    expect(back.headers).toEqual(row.headers);
  });

  it('refuses a row that lacks a column, and inserts none of its neighbours', async () => {
    const { receipt: _, ...incomplete } = toTransaction();
    const whole = toTransaction();
    const insert = store.database.write((tx) => tx.insert(Transaction, [whole, incomplete as Transaction]));
    await expect(insert).rejects.toThrow('transactions.receipt is missing');
    expect(await store.database.read.findOne(Transaction, { where: { id: whole.id } })).toBeNull();
  });

  it('refuses text that is longer than its column, rather than cutting it', async () => {
    const row = toTransaction({ currency: 'KESX' });
    if (kind === 'mysql') {
      await expect(roundTrip(row)).rejects.toThrow(/too long/i);
    } else {
      // SQLite has no lengths; what it takes, it takes whole.
      expect((await roundTrip(row)).currency).toBe('KESX');
    }
  });

  it('inserts a thousand rows with one statement, and none with none', async () => {
    const from = store.statements.length;
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      referenceHash: `many-${index}`,
      transactionId: 'txn_1',
    }));
    await store.database.write((tx) => tx.insert(ReferenceKey, rows));
    await store.database.write((tx) => tx.insert(ReferenceKey, []));
    const inserts = store.statements.slice(from).filter((statement) => statement.startsWith('INSERT'));
    expect(inserts).toHaveLength(1);
    expect(await store.database.read.count(ReferenceKey)).toBe(1_000);
  });
});
