import { Logger } from '@nestjs/common';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openSource, openTestStore, type TestStore } from '../../test/support/open-database.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';
import { Database } from './database.js';
import { isDuplicate, isWorthRetrying } from './database-errors.js';
import type { Tx } from './tx.js';

describeOnBothDatabases('The database', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    store = await openTestStore(kind);
  });

  beforeEach(async () => {
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(ReferenceKey).execute());
  });

  afterAll(() => store.close());

  const add = (tx: Tx, name: string, transactionId = 'txn_1') =>
    tx.insert(ReferenceKey, [{ referenceHash: name, transactionId }]);
  const write = (name: string, transactionId?: string) => store.database.write((tx) => add(tx, name, transactionId));
  const find = (name: string) => store.database.read.findOne(ReferenceKey, { where: { referenceHash: name } });
  const names = async () => {
    const rows = await store.database.read.find(ReferenceKey, { order: { referenceHash: 'ASC' } });
    return rows.map((row) => row.referenceHash);
  };

  it('answers with what the work answers, and then the rows are there for everybody', async () => {
    const answer = await store.database.write(async (tx) => {
      await add(tx, 'a');
      return 'done';
    });
    expect(answer).toBe('done');
    const other = await store.connect();
    expect(await other.database.read.count(ReferenceKey)).toBe(1);
  });

  it('keeps exactly the writes that were answered, of fifty at once that partly fail', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        store.database.write(async (tx) => {
          await add(tx, `${index}-first`);
          if (index % 3 === 0) throw new Error(`refused ${index}`);
          await add(tx, `${index}-second`);
          if (index % 7 === 0) await add(tx, `${index}-first`);
          return index;
        }),
      ),
    );
    const expected = results.flatMap((result, index) =>
      result.status === 'fulfilled' ? [`${index}-first`, `${index}-second`] : [],
    );
    expect(await names()).toEqual(expected.sort());
    const kept = results.filter((result) => result.status === 'fulfilled');
    expect(kept).toHaveLength(Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 3 !== 0 && i % 7 !== 0).length);
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') expect(result.value).toBe(index);
      else if (index % 3 === 0) expect(result.reason).toEqual(new Error(`refused ${index}`));
      else expect(isDuplicate(result.reason)).toBe(true);
    }
  });

  it('loses nothing of the neighbours of one that fails at its very end', async () => {
    const [before, failing, after] = await Promise.allSettled([
      write('before'),
      store.database.write(async (tx) => {
        await add(tx, 'failing');
        await tx.manager.update(ReferenceKey, { referenceHash: 'before' }, { transactionId: 'txn_stolen' });
        throw new Error('at the end');
      }),
      write('after'),
    ]);
    expect([before.status, failing.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await names()).toEqual(['after', 'before']);
    expect((await find('before'))?.transactionId).toBe('txn_1');
  });

  it('shows readers nothing before the commit', async () => {
    let seen: unknown = 'not looked';
    await store.database.write(async (tx) => {
      await add(tx, 'a');
      seen = await find('a');
      expect(await tx.manager.findOne(ReferenceKey, { where: { referenceHash: 'a' } })).not.toBeNull();
    });
    expect(seen).toBeNull();
    expect(await find('a')).not.toBeNull();
  });

  it('never shows readers what is rolled back', async () => {
    const seen: unknown[] = [];
    const failing = store.database.write(async (tx) => {
      await add(tx, 'a');
      seen.push(await find('a'));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    seen.push(await find('a'));
    expect(seen).toEqual([null, null]);
  });

  it('lets a work go on after a duplicate that it expected', async () => {
    await write('taken');
    await store.database.write(async (tx) => {
      await expect(add(tx, 'taken')).rejects.toThrow();
      await add(tx, 'next');
    });
    expect(await names()).toEqual(['next', 'taken']);
  });

  describe('what should follow a commit', () => {
    it('follows once it is durable, in order', async () => {
      const other = await store.connect();
      const order: string[] = [];
      let durable: Promise<unknown> = Promise.resolve();
      await store.database.write(async (tx) => {
        tx.afterCommit(() => {
          order.push('first');
          durable = other.database.read.findOneOrFail(ReferenceKey, { where: { referenceHash: 'a' } });
        });
        tx.afterCommit(() => order.push('second'));
        await add(tx, 'a');
        order.push('work');
      });
      await expect(durable).resolves.toMatchObject({ transactionId: 'txn_1' });
      expect(order).toEqual(['work', 'first', 'second']);
    });

    it('does not follow what is rolled back', async () => {
      const followed: string[] = [];
      const results = await Promise.allSettled(
        ['kept', 'thrown', 'kept too'].map((name) =>
          store.database.write(async (tx) => {
            tx.afterCommit(() => followed.push(name));
            await add(tx, name);
            if (name === 'thrown') throw new Error('no');
          }),
        ),
      );
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(followed.sort()).toEqual(['kept', 'kept too']);
    });

    it('cannot take back what is committed, nor stop the writer, by failing', async () => {
      const followed: string[] = [];
      const results = await Promise.allSettled([
        store.database.write(async (tx) => {
          tx.afterCommit(() => {
            throw new Error('a driver that cannot be woken');
          });
          tx.afterCommit(() => followed.push('the next one'));
          await add(tx, 'a');
        }),
        write('b'),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled']);
      expect(followed).toEqual(['the next one']);
      await write('c');
      expect(await names()).toEqual(['a', 'b', 'c']);
    });
  });

  it('refuses a write inside a write, which would wait for itself, and goes on', async () => {
    const nested = store.database.write(async (tx) => {
      await add(tx, 'outer');
      await write('inner');
    });
    await expect(nested).rejects.toThrow('A write inside a write');
    expect(await names()).toEqual([]);
    await write('next');
    expect(await names()).toEqual(['next']);
  });

  it('refuses it on SQLite even where nobody follows writes; on a server it then commits by itself', async () => {
    const { source } = await openSource(store.settings);
    const database = await Database.over(source, { followWrites: false });
    const nested = database.write(async (tx) => {
      await database.write((inner) => add(inner, 'inner'));
      await add(tx, 'outer');
    });
    const [result] = await Promise.allSettled([nested]);
    expect(result.status).toBe(kind === 'sqlite' ? 'rejected' : 'fulfilled');
    expect(await names()).toEqual(kind === 'sqlite' ? [] : ['inner', 'outer']);
    await database.close();
    await source.destroy();
  });

  it('takes a write that another left behind for after its commit', async () => {
    let follow: Promise<unknown> = Promise.resolve();
    let begin: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (begin = resolve));
    await store.database.write(async (tx) => {
      // Runs in the context of this write, but only once it is over.
      follow = released.then(() => write('left behind'));
      await add(tx, 'first');
      tx.afterCommit(() => begin());
    });
    await follow;
    expect(await names()).toEqual(['first', 'left behind']);
  });

  it('tells a duplicate from everything else', async () => {
    await write('a');
    const duplicate: unknown = await write('a').catch((error: unknown) => error);
    const broken: unknown = await store.database
      .write((tx) => tx.manager.query('SELECT * FROM no_such_table'))
      .catch((error: unknown) => error);
    expect([isDuplicate(duplicate), isWorthRetrying(duplicate)]).toEqual([true, false]);
    expect([isDuplicate(broken), isWorthRetrying(broken)]).toEqual([false, false]);
    expect(isDuplicate(new Error('1062'))).toBe(false);
  });

  it('waits for writes under way when it is closed', async () => {
    const other = await store.connect();
    const pending = Array.from({ length: 5 }, (_, index) => other.database.write((tx) => add(tx, `late-${index}`)));
    await other.database.close();
    await Promise.all(pending);
    expect(await names()).toHaveLength(5);
  });

  if (kind === 'sqlite') {
    it('is durable: write-ahead log and a sync for each commit on the connection that writes', async () => {
      expect(await store.source.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
      expect(await store.source.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
      expect(await store.source.query('PRAGMA busy_timeout')).toEqual([{ timeout: 10_000 }]);
    });

    it('cannot be written through the connection that reads', async () => {
      const readOnly = store.database.read.query("INSERT INTO reference_keys VALUES ('x', 'y')");
      await expect(readOnly).rejects.toThrow(/readonly/);
    });

    it('commits what gathers together', async () => {
      const from = store.statements.length;
      await Promise.all(Array.from({ length: 100 }, (_, index) => write(`row-${index}`)));
      const commits = store.statements.slice(from).filter((statement) => statement === 'COMMIT').length;
      expect(await names()).toHaveLength(100);
      expect(commits).toBeLessThanOrEqual(5);
    });

    it('rejects a whole batch whose commit fails, and goes on with the next', async () => {
      const runner = store.source.createQueryRunner();
      const real = runner.query.bind(runner);
      let failures = 0;
      runner.query = ((sql: string, ...rest: unknown[]) =>
        sql === 'COMMIT' && failures++ === 0
          ? Promise.reject(new Error('disk full'))
          : Reflect.apply(real, runner, [sql, ...rest])) as typeof runner.query;
      try {
        const followed: string[] = [];
        const writes = ['a', 'b', 'c'].map((name) =>
          store.database.write(async (tx) => {
            tx.afterCommit(() => followed.push(name));
            await add(tx, name);
          }),
        );
        const results = await Promise.allSettled(writes);
        const kept = ['a', 'b', 'c'].filter((_, index) => results[index]?.status === 'fulfilled');
        expect(results[0]).toMatchObject({ status: 'rejected', reason: new Error('disk full') });
        expect(await names()).toEqual(kept);
        expect(followed).toEqual(kept);
        await write('d');
        expect(await names()).toEqual([...kept, 'd']);
      } finally {
        runner.query = real;
      }
    });

    it('says what was wrong, and keeps what it answered, where the disk is full', async () => {
      const [{ page_count: pages }] = await store.source.query('PRAGMA page_count');
      const [{ max_page_count: usual }] = await store.source.query('PRAGMA max_page_count');
      await store.source.query(`PRAGMA max_page_count = ${Number(pages) + 2}`);
      const large = 'x'.repeat(100_000);
      const results = await Promise.allSettled([write('small'), write('large', large), write('small too')]);
      await store.source.query(`PRAGMA max_page_count = ${usual}`);
      const kept = ['small', 'large', 'small too'].filter((_, index) => results[index]?.status === 'fulfilled');
      expect(results[1]).toMatchObject({ reason: { message: expect.stringMatching(/full/) } });
      expect(await names()).toEqual(kept);
      await write('large', large);
      expect(await names()).toContain('large');
    });
  } else {
    it('isolates by READ COMMITTED on every connection, however often it is used', async () => {
      const levels: string[] = [];
      // Three times as many as the pool has connections.
      const looks = Array.from({ length: 36 }, (_, index) =>
        store.database.write(async (tx) => {
          await add(tx, `row-${index}`);
          // MariaDB calls it tx_isolation, MySQL 8 transaction_isolation. (innodb_trx is a snapshot that may be too old.)
          const [{ Value: level }] = await tx.manager.query(
            "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
          );
          levels.push(level);
        }),
      );
      await Promise.all(looks);
      expect(levels).toEqual(Array(36).fill('READ-COMMITTED'));
    });

    it('runs a work again that lost a deadlock, and only that one', async () => {
      await write('x', 'txn_0');
      await write('y', 'txn_0');
      const tries = { forth: 0, back: 0 };
      const followed: string[] = [];
      let arrived = 0;
      let bothHold: () => void = () => undefined;
      const barrier = new Promise<void>((resolve) => (bothHold = resolve));
      const lockBoth = (name: 'forth' | 'back', first: string, second: string) =>
        store.database.write(async (tx) => {
          tx.afterCommit(() => followed.push(name));
          tries[name]++;
          await tx.manager.update(ReferenceKey, { referenceHash: first }, { transactionId: `txn_${name}` });
          if (tries[name] === 1) {
            // Each holds one row before either wants the other's.
            if (++arrived === 2) bothHold();
            await barrier;
          }
          await tx.manager.update(ReferenceKey, { referenceHash: second }, { transactionId: `txn_${name}` });
        });
      await Promise.all([lockBoth('forth', 'x', 'y'), lockBoth('back', 'y', 'x')]);
      expect([tries.forth, tries.back].sort()).toEqual([1, 2]);
      expect(followed.sort()).toEqual(['back', 'forth']);
      const loser = tries.forth === 2 ? 'txn_forth' : 'txn_back';
      expect([(await find('x'))?.transactionId, (await find('y'))?.transactionId]).toEqual([loser, loser]);
    });

    it('gives up at last where the server keeps asking to try again, and leaves no connection behind', async () => {
      let tries = 0;
      const stubborn = store.database.write(async (tx) => {
        tries++;
        await tx.manager.query("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213");
      });
      await expect(stubborn).rejects.toThrow();
      expect(tries).toBe(8);
      // More than the pool has connections: none was kept.
      await Promise.all(Array.from({ length: 30 }, (_, index) => write(`after-${index}`)));
      expect(await names()).toHaveLength(30);
    });

    it('does not run a work again that fails for another reason', async () => {
      let tries = 0;
      await write('a');
      const work = store.database.write(async (tx) => {
        tries++;
        await add(tx, 'a');
      });
      await expect(work).rejects.toThrow();
      expect(tries).toBe(1);
    });

    it('rejects, and holds nothing, where the connection dies in the middle', async () => {
      const killed = store.database.write(async (tx) => {
        await add(tx, 'half');
        const [{ id }] = await tx.manager.query('SELECT CONNECTION_ID() AS id');
        await store.source.query(`KILL ${id}`).catch(() => undefined);
        await add(tx, 'other half');
      });
      await expect(killed).rejects.toThrow();
      await write('half');
      expect(await names()).toEqual(['half']);
    });
  }
});
