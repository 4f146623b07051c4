import { describeOnBothDatabases } from '../../test/support/databases.js';
import { toTransaction } from '../../test/support/engine.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';
import { Transaction } from '../transactions/transaction.entity.js';
import { isDuplicate } from './database-errors.js';
import { forUpdate, rowsWith } from './statements.js';

class NotMetError extends Error {}

const keys = (...names: string[]): ReferenceKey[] => names.map((name) => ({ referenceHash: name, transactionId: 'a' }));
const withNames = (...names: string[]) =>
  rowsWith(ReferenceKey, 'referenceHash', names, ['referenceHash', 'transactionId']);

describeOnBothDatabases('A batch', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  beforeEach(async () => {
    for (const table of [ReferenceKey, Transaction])
      await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(table).execute());
  });

  afterAll(() => store.close());

  const stored = async () => (await store.database.read.find(ReferenceKey)).map((row) => row.referenceHash).sort();
  const countCommits = (from: number) => store.statements.slice(from).filter((sql) => sql === 'COMMIT').length;

  it('looks up several tables, decides, and writes all of it in one commit', async () => {
    const transaction = toTransaction({ doubt: null, late: true, feeMinor: 9_007_199_254_740_991n });
    await store.database.write((tx) => tx.insert(ReferenceKey, keys('known')));
    const from = store.statements.length;
    const found = await store.database.writeBatch(async (batch) => {
      const rows = await batch.find(
        withNames('known', 'unknown'),
        withNames(),
        rowsWith(Transaction, 'id', [transaction.id], ['id']),
      );
      await batch.insert(ReferenceKey, keys('one', 'two', 'three'));
      await batch.insert(Transaction, [transaction]);
      return rows;
    });
    expect(found).toEqual([keys('known'), [], []]);
    expect(await stored()).toEqual(['known', 'one', 'three', 'two']);
    expect({ ...(await store.database.read.findOneBy(Transaction, { id: transaction.id })) }).toEqual(transaction);
    expect(countCommits(from)).toBe(1);
  });

  it('reads every type back as the entity has it', async () => {
    const transaction = toTransaction({
      late: true,
      party: { phone: '+254700000001', name: `O'Brien \\ "Ñandú" 🦒`, fields: { note: 'a%b_c\n' } },
      metadata: { quote: `'; DROP TABLE transactions; --`, place: '?' },
      doubt: { reason: 'answer_lost', since: 1_900_000_000_123, nextInquiryAt: null, deadline: 1 },
    });
    await store.database.writeBatch((batch) => batch.insert(Transaction, [transaction]));
    const properties = Object.keys(transaction) as (keyof Transaction)[];
    const [[read]] = await store.database.writeBatch((batch) =>
      batch.find(rowsWith(Transaction, 'reference', [transaction.reference], properties)),
    );
    expect(read).toEqual(transaction);
  });

  it('takes what looks like SQL for the text that it is', async () => {
    const names = [`'; DELETE FROM reference_keys; --`, '\\', `\\'`, '?', '??', `"`, `/* ' */`];
    await store.database.writeBatch((batch) => batch.insert(ReferenceKey, keys(...names)));
    expect(await stored()).toEqual([...names].sort());
    const [found] = await store.database.writeBatch((batch) => batch.find(withNames(...names)));
    expect(found).toHaveLength(names.length);
  });

  it('holds what it looks up for update: of many at once each sees what the one before it left', async () => {
    const { id } = toTransaction();
    await store.database.write((tx) => tx.insert(Transaction, [toTransaction({ id, refundedMinor: 0n })]));
    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        store.database.writeBatch(async (batch) => {
          const [[row]] = await batch.findWithin(forUpdate(rowsWith(Transaction, 'id', [id], ['refundedMinor'])));
          batch.addTo(Transaction, { where: { id }, add: { refundedMinor: 3n } });
          return row?.refundedMinor;
        }),
      ),
    );
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index * 3));
    expect(await store.database.read.findOneBy(Transaction, { id })).toMatchObject({ refundedMinor: 60n });
  });

  it('lets go of what it held where it then writes nothing, or fails', async () => {
    const { id } = toTransaction();
    await store.database.write((tx) => tx.insert(Transaction, [toTransaction({ id })]));
    const hold = (then: () => void) =>
      store.database.writeBatch(async (batch) => {
        await batch.findWithin(forUpdate(rowsWith(Transaction, 'id', [id], ['id'])));
        then();
      });
    await hold(() => undefined);
    await expect(
      hold(() => {
        throw new NotMetError();
      }),
    ).rejects.toThrow(NotMetError);
    await store.database.write((tx) => tx.manager.update(Transaction, { id }, { late: true }));
    expect(await store.database.read.findOneBy(Transaction, { id })).toMatchObject({ late: true });
  });

  it('adds exactly, up to the largest amount that there is', async () => {
    const { id } = toTransaction();
    await store.database.write((tx) => tx.insert(Transaction, [toTransaction({ id, refundedMinor: 1n })]));
    const add = 9_007_199_254_740_990n;
    await store.database.writeBatch(async (batch) =>
      batch.addTo(Transaction, { where: { id }, add: { refundedMinor: add } }),
    );
    expect(await store.database.read.findOneBy(Transaction, { id })).toMatchObject({ refundedMinor: add + 1n });
  });

  it('begins nothing where there is nothing to write', async () => {
    const from = store.statements.length;
    await store.database.writeBatch((batch) => batch.find(withNames('a')));
    if (kind === 'mysql') expect(store.statements.slice(from)).toHaveLength(1);
    expect(await stored()).toEqual([]);
  });

  it('inserts any number of rows', async () => {
    const names = Array.from({ length: 77 }, (_, index) => `row-${String(index).padStart(2, '0')}`);
    await store.database.writeBatch((batch) => batch.insert(ReferenceKey, keys(...names)));
    expect(await stored()).toEqual(names);
  });

  it('leaves nothing where a key is taken, whichever statement met it', async () => {
    await store.database.write((tx) => tx.insert(ReferenceKey, keys('taken')));
    const followed: string[] = [];
    const error: unknown = await store.database
      .writeBatch(async (batch) => {
        await batch.insert(ReferenceKey, keys('free'));
        await batch.insert(ReferenceKey, keys('taken'));
        await batch.insert(ReferenceKey, keys('later'));
        batch.afterCommit(() => followed.push('woken'));
      })
      .catch((thrown: unknown) => thrown);
    expect(isDuplicate(error)).toBe(true);
    // What was sent holds names and phones: it must not reach a log with the error.
    expect(JSON.stringify(error)).not.toContain('later');
    expect(followed).toEqual([]);
    expect(await stored()).toEqual(['taken']);
  });

  it('leaves nothing where a row that must be met was not', async () => {
    await store.database.write((tx) => tx.insert(ReferenceKey, keys('met', 'other')));
    const move = (referenceHash: string, transactionId: string) =>
      store.database.writeBatch(async (batch) => {
        await batch.insert(ReferenceKey, keys('fresh'));
        const where = { referenceHash, transactionId };
        batch.updateOne(ReferenceKey, { changes: { transactionId: 'b' }, where }, () => new NotMetError());
      });
    await expect(move('met', 'somebody else')).rejects.toBeInstanceOf(NotMetError);
    expect(await stored()).toEqual(['met', 'other']);
    await move('met', 'a');
    expect(await stored()).toEqual(['fresh', 'met', 'other']);
    const rows = await store.database.read.findBy(ReferenceKey, { transactionId: 'b' });
    expect(rows.map((row) => row.referenceHash)).toEqual(['met']);
  });

  it('follows up after the commit alone, and is not undone by what follows', async () => {
    const seen: string[][] = [];
    await store.database.writeBatch(async (batch) => {
      await batch.insert(ReferenceKey, keys('a'));
      batch.afterCommit(() => {
        throw new Error('no');
      });
      batch.afterCommit(() => void stored().then((names) => seen.push(names)));
      expect(seen).toEqual([]);
    });
    expect(await stored()).toEqual(['a']);
  });

  it('throws what its work throws, and leaves the connection fit for the next', async () => {
    for (let time = 0; time < 12; time++) {
      const failing = store.database.writeBatch(async (batch) => {
        await batch.insert(ReferenceKey, keys('never'));
        throw new NotMetError();
      });
      await expect(failing).rejects.toBeInstanceOf(NotMetError);
    }
    await store.database.writeBatch((batch) => batch.insert(ReferenceKey, keys('after')));
    expect(await stored()).toEqual(['after']);
  });

  if (kind === 'mysql') {
    it('outlives connections that the server has ended', async () => {
      await store.database.writeBatch((batch) => batch.insert(ReferenceKey, keys('before')));
      const others = await store.source.query<{ id: string }[]>(
        'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
      );
      for (const { id } of others) await store.source.query(`KILL ${Number(id)}`).catch(() => undefined);
      // The first may still meet a dead connection and says so; nothing of it is written then.
      const first = await store.database
        .writeBatch((batch) => batch.insert(ReferenceKey, keys('first')))
        .then(
          () => ['first'],
          () => [],
        );
      const second = store.database.writeBatch((batch) => batch.insert(ReferenceKey, keys('second')));
      await second.catch(() => store.database.writeBatch((batch) => batch.insert(ReferenceKey, keys('second'))));
      expect(await stored()).toEqual(['before', ...first, 'second']);
    });

    it('and another writer both end where each waits for the other', async () => {
      await store.database.write((tx) => tx.insert(ReferenceKey, keys('left', 'right')));
      let holding: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (holding = resolve));
      let met = false;
      const other = store.database.write(async (tx) => {
        await tx.manager.update(ReferenceKey, { referenceHash: 'right' }, { transactionId: 'other' });
        holding();
        // The one whom the server breaks begins again: by then nobody is waiting.
        if (!met) await untilSomebodyWaits(store);
        met = true;
        await tx.manager.update(ReferenceKey, { referenceHash: 'left' }, { transactionId: 'other' });
      });
      await held;
      const batched = store.database.writeBatch(async (batch) => {
        for (const referenceHash of ['left', 'right']) {
          const update = { changes: { transactionId: 'batch' }, where: { referenceHash } };
          batch.updateOne(ReferenceKey, update, () => new NotMetError());
        }
      });
      await Promise.all([other, batched]);
      // Whoever came last wrote both.
      expect(new Set((await store.database.read.find(ReferenceKey)).map((row) => row.transactionId)).size).toBe(1);
    });
  }
});

/** Waits until a transaction waits for a lock that another holds. */
async function untilSomebodyWaits({ source }: TestStore): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const waiting = await source.query<object[]>(
      "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    );
    if (waiting.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('Nobody waited.');
}
