import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { TestProcess } from '../../test/support/processes.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';

const ROUNDS = 12;

describeOnBothDatabases('A process killed while it writes', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  afterAll(() => store.close());

  it('loses nothing that was answered, and leaves nothing half done', async () => {
    const answered: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const child = new TestProcess('write-rows.mjs', JSON.stringify(store.settings), String(round));
      await child.firstLine();
      // Each round at another moment of the work.
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 120));
      await child.kill();
      answered.push(...child.lines);
    }
    const rows = await store.database.read.find(ReferenceKey, { select: { referenceHash: true } });
    const kept = new Set(rows.map((row) => row.referenceHash));
    expect(answered.length).toBeGreaterThan(ROUNDS * 8);
    expect(answered.filter((name) => !kept.has(`${name}-debit`) || !kept.has(`${name}-credit`))).toEqual([]);
    const debits = [...kept].filter((name) => name.endsWith('-debit'));
    expect(debits.filter((name) => !kept.has(name.replace('-debit', '-credit')))).toEqual([]);
    expect(kept.size).toBe(debits.length * 2);
    if (kind === 'sqlite') {
      expect(await store.source.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    }
  }, 60_000);
});
