import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine } from '../../test/support/engine.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { RefundEntry } from '../transactions/refund-entry.entity.js';
import type { Report } from '../transactions/transaction-lifecycle.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { RefundLedger } from './refund-ledger.js';

const SENT = { attemptId: 'att_1', firstSentAt: 1_795_334_400_000 } as const;

describeOnBothDatabases('The account of refunds', (kind) => {
  let store: TestStore;
  let engine: Engine;

  beforeAll(async () => {
    store = await openTestStore(kind);
    engine = new Engine(store);
    new RefundLedger(engine.lifecycle).onModuleInit();
  });

  afterAll(() => store.close());

  let made = 0;
  const collect = (refundedMinor: bigint): Promise<Transaction> =>
    engine.store({ id: `txn_c${++made}`, status: 'succeeded', amountMinor: 15_000n, refundedMinor, ...SENT });

  const refund = async (original: Transaction, given: Partial<Transaction>): Promise<Transaction> => {
    const made = await engine.store({
      kind: 'refund',
      parentId: original.id,
      ...SENT,
      ...given,
      id: `${original.id}r`,
    });
    const reserved = made.status !== 'failed';
    const entry = { transactionId: made.id, collectionId: original.id, reserved };
    await store.database.write((tx) => tx.insert(RefundEntry, [entry]));
    return made;
  };

  const report = (id: string, event: Report['event']): Promise<unknown> =>
    engine.lifecycle.report({ transactionId: id, event, evidence: { source: 'inquiry', says: event } });

  it.each(['failed', 'cancelled', 'expired', 'reversed', 'rejected'] as const)(
    'gets back what a refund took that ends as %s, once, and tells so',
    async (event) => {
      const original = await collect(15_000n);
      const status = event === 'rejected' ? 'submitting' : 'pending';
      const { id } = await refund(original, { status, amountMinor: 4_000n });
      await report(id, event);
      const after = await engine.find(original.id);
      expect([after.refundedMinor, after.status, after.version]).toEqual([11_000n, 'succeeded', original.version + 1]);
      await report(id, event);
      expect((await engine.find(original.id)).refundedMinor).toBe(11_000n);
    },
  );

  it.each(['unknown', 'accepted', 'exhausted', 'succeeded', 'contradicted'] as const)(
    'keeps what a refund took of which %s is reported: nothing proves that no money moved',
    async (event) => {
      const original = await collect(4_000n);
      const status = event === 'exhausted' || event === 'contradicted' ? 'unconfirmed' : 'submitting';
      const { id } = await refund(original, { status, amountMinor: 4_000n });
      await report(id, event);
      expect((await engine.find(original.id)).refundedMinor).toBe(4_000n);
    },
  );

  it('takes again what was given back when the proof was wrong', async () => {
    const original = await collect(0n);
    const { id } = await refund(original, { status: 'failed', amountMinor: 4_000n });
    await report(id, 'succeeded');
    expect((await engine.find(id)).status).toBe('review');
    expect(await engine.find(original.id)).toMatchObject({ refundedMinor: 4_000n, status: 'succeeded' });
  });

  it('sends the collection to people when that comes to more than was paid', async () => {
    const original = await collect(12_000n);
    const { id } = await refund(original, { status: 'failed', amountMinor: 4_000n });
    await report(id, 'succeeded');
    const after = await engine.find(original.id);
    expect([after.status, after.doubt?.reason, after.refundedMinor]).toEqual(['review', 'over_refunded', 16_000n]);
  });

  it.each(['reversed', 'contradicted'] as const)(
    'holds back what was not sent yet when the collection is %s: its money may be gone',
    async (event) => {
      const original = await collect(9_000n);
      const { id } = await refund(original, { status: 'created', amountMinor: 5_000n });
      const sent = await engine.store({ kind: 'refund', parentId: original.id, status: 'pending', ...SENT });
      const entry = { transactionId: sent.id, collectionId: original.id, reserved: true };
      await store.database.write((tx) => tx.insert(RefundEntry, [entry]));
      await report(original.id, event);
      expect((await engine.find(id)).status).toBe('cancelled');
      expect((await engine.find(sent.id)).status).toBe('pending');
      expect(await engine.find(original.id)).toMatchObject({ status: 'review', refundedMinor: 4_000n });
    },
  );

  it('is over-refunded, which people must see, when the provider takes back what was refunded', async () => {
    const original = await collect(4_000n);
    await report(original.id, 'reversed');
    const after = await engine.find(original.id);
    expect([after.status, after.doubt?.reason]).toEqual(['review', 'over_refunded']);
  });
});
