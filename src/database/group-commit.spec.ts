import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { type Database } from './database.js';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';
import type { BatchTx } from './batch-tx.js';
import { rowsWith } from './statements.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';

interface Item {
  readonly name: string;
  readonly owner: string;
}

type Answer = { readonly kind: 'created' } | { readonly kind: 'taken'; readonly by: string };

class PoisonError extends Error {}

describeOnBothDatabases('Group commit', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  beforeEach(async () => {
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(ReferenceKey).execute());
  });

  afterAll(() => store.close());

  const findKnown = async (batch: BatchTx, items: readonly Item[]) => {
    const names = items.map(({ name }) => name);
    const [known] = await batch.find(
      rowsWith(ReferenceKey, 'referenceHash', names, ['referenceHash', 'transactionId']),
    );
    return known;
  };

  /** Looks who is there, and inserts who is not. */
  const write = async (tx: BatchTx, items: readonly Item[]): Promise<(Answer | undefined)[]> => {
    if (items.some((item) => item.name === 'poison')) throw new PoisonError();
    const known = await findKnown(tx, items);
    const taken = new Set<string>();
    const answers = items.map(({ name }): Answer | undefined => {
      const holder = known.find((row) => row.referenceHash === name);
      if (holder) return { kind: 'taken', by: holder.transactionId };
      if (taken.has(name)) return undefined;
      taken.add(name);
      return { kind: 'created' };
    });
    const fresh = items.filter((_, index) => answers[index]?.kind === 'created');
    await tx.insert(
      ReferenceKey,
      fresh.map(({ name, owner }) => ({ referenceHash: name, transactionId: owner })),
    );
    return answers;
  };

  const start = (database = store.database, options: Partial<GroupCommitOptions<BatchTx, Item, Answer>> = {}) =>
    new GroupCommit<BatchTx, Item, Answer>((work) => database.writeBatch(work), {
      exclusiveKeys: (item) => [item.name],
      lanes: kind === 'mysql' ? 2 : 1,
      write,
      ...options,
    });

  const commitsSince = (from: number) => store.statements.slice(from).filter((sql) => sql === 'COMMIT').length;
  const readOwners = async () => {
    const rows = await store.database.read.find(ReferenceKey);
    return new Map(rows.map((row) => [row.referenceHash, row.transactionId]));
  };

  it('commits a hundred together, in a few transactions', async () => {
    const group = start();
    const from = store.statements.length;
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => group.submit({ name: `row-${index}`, owner: 'a' })),
    );
    expect(answers).toEqual(Array(100).fill({ kind: 'created' }));
    expect((await readOwners()).size).toBe(100);
    expect(commitsSince(from)).toBeLessThanOrEqual(4);
  });

  it('answers nobody before the commit that carries him', async () => {
    const other = await store.connect();
    const group = start();
    const seen = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await group.submit({ name: `row-${index}`, owner: 'a' });
        return other.database.read.countBy(ReferenceKey, { referenceHash: `row-${index}` });
      }),
    );
    expect(seen).toEqual(Array(20).fill(1));
  });

  it('lets the first of two with one key have it, in one turn of the event loop', async () => {
    const group = start();
    const answers = await Promise.all([
      group.submit({ name: 'key', owner: 'first' }),
      group.submit({ name: 'other', owner: 'x' }),
      group.submit({ name: 'key', owner: 'second' }),
      group.submit({ name: 'key', owner: 'third' }),
    ]);
    expect(answers).toEqual([
      { kind: 'created' },
      { kind: 'created' },
      { kind: 'taken', by: 'first' },
      { kind: 'taken', by: 'first' },
    ]);
  });

  it('gives each its own answer where another process was faster with some of the keys', async () => {
    const other = await store.connect();
    const hook = { before: async () => undefined as unknown };
    const group = start(store.database, {
      write: async (tx, items) => {
        const known = await findKnown(tx, items);
        await hook.before();
        const fresh = items.filter(({ name }) => !known.some((row) => row.referenceHash === name));
        await tx.insert(
          ReferenceKey,
          fresh.map(({ name, owner }) => ({ referenceHash: name, transactionId: owner })),
        );
        return items.map(({ name }) => {
          const holder = known.find((row) => row.referenceHash === name);
          return holder ? { kind: 'taken', by: holder.transactionId } : { kind: 'created' };
        });
      },
    });
    // Between our look and our insert; on SQLite nobody can be, so there the other is simply first.
    const intrude = () =>
      other.database.write((tx) => tx.insert(ReferenceKey, [{ referenceHash: 'row-7', transactionId: 'intruder' }]));
    if (kind === 'sqlite') await intrude();
    else {
      let intruded = false;
      hook.before = async () => {
        if (intruded) return;
        intruded = true;
        await intrude();
      };
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => group.submit({ name: `row-${index}`, owner: 'us' })),
    );
    expect(answers[7]).toEqual({ kind: 'taken', by: 'intruder' });
    expect(answers.filter((answer) => answer.kind === 'created')).toHaveLength(19);
    expect((await readOwners()).get('row-7')).toBe('intruder');
    expect((await readOwners()).size).toBe(20);
  });

  it('lets one item that cannot be written fail alone', async () => {
    const group = start();
    const results = await Promise.allSettled(
      ['a', 'poison', 'b', 'c'].map((name) => group.submit({ name, owner: 'us' })),
    );
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: expect.any(PoisonError) });
    expect([...(await readOwners()).keys()].sort()).toEqual(['a', 'b', 'c']);
  });

  it('tells everybody at once where the database is gone, and serves the next ones when it is back', async () => {
    let writes = 0;
    let gone = true;
    const flaky = {
      writeBatch: (work: (batch: BatchTx) => Promise<unknown>) => {
        writes++;
        return gone
          ? Promise.reject(Object.assign(new Error('gone'), { fatal: true }))
          : store.database.writeBatch(work);
      },
    } as unknown as Database;
    const group = start(flaky, { lanes: 1 });
    const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => group.submit({ name, owner: 'us' })));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(writes).toBe(1);
    gone = false;
    await expect(group.submit({ name: 'a', owner: 'us' })).resolves.toEqual({ kind: 'created' });
  });

  it('keeps one owner for each key among many submitters, keys and lanes, and answers all of them', async () => {
    const group = start(store.database, { lanes: 2 });
    const items = Array.from({ length: 400 }, (_, index) => ({
      name: `key-${(index * 7) % 50}`,
      owner: `owner-${index}`,
    }));
    const answers = await Promise.all(
      items.map(async (item, index) => {
        // In waves, so that new ones come while others are being committed.
        for (let turn = 0; turn < index % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        return group.submit(item);
      }),
    );
    const owners = await readOwners();
    expect(owners.size).toBe(50);
    for (const [index, answer] of answers.entries()) {
      const { name, owner } = items[index]!;
      if (answer.kind === 'created') expect(owners.get(name)).toBe(owner);
      else expect(owners.get(name)).toBe(answer.by);
    }
    expect(answers.filter((answer) => answer.kind === 'created')).toHaveLength(50);
  });

  it('serves two processes that fight for the same keys: one owner each, everybody answered', async () => {
    const groups = [start(), start((await store.connect()).database)];
    const answers = await Promise.all(
      groups.flatMap((group, side) =>
        Array.from({ length: 40 }, async (_, index) => ({
          side: `side-${side}`,
          name: `key-${index}`,
          answer: await group.submit({ name: `key-${index}`, owner: `side-${side}` }),
        })),
      ),
    );
    const owners = await readOwners();
    expect(owners.size).toBe(40);
    for (const { side, name, answer } of answers) {
      expect(answer).toEqual(owners.get(name) === side ? { kind: 'created' } : { kind: 'taken', by: owners.get(name) });
    }
  });
});
