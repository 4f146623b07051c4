import { GatheredReads } from './gathered-reads.js';

/** Queries that are answered when the test says so. */
class Table {
  readonly queries: { readonly keys: readonly string[]; answer(rows: Record<string, string>): void; fail(): void }[] =
    [];
  readonly reads = new GatheredReads<string, string>(
    (key) => key,
    (keys) =>
      new Promise((resolve, reject) => {
        this.queries.push({
          keys,
          answer: (rows) => resolve(new Map(Object.entries(rows))),
          fail: () => reject(new Error('gone')),
        });
      }),
  );
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Reads that gather', () => {
  it('share one query in a turn, which asks for each key once', async () => {
    const { reads, queries } = new Table();
    const found = Promise.all(['a', 'b', 'a', 'c'].map((key) => reads.find(key)));
    await turn();
    expect(queries.map(({ keys }) => keys)).toEqual([['a', 'b', 'c']]);
    queries[0]?.answer({ a: 'A', c: 'C' });
    expect(await found).toEqual(['A', undefined, 'A', 'C']);
  });

  it('never take the answer of a query that began before them: what changed meanwhile is seen', async () => {
    const { reads, queries } = new Table();
    const early = reads.find('a');
    await turn();
    const late = reads.find('a');
    await turn();
    expect(queries).toHaveLength(1);
    queries[0]?.answer({ a: 'as it was' });
    expect(await early).toBe('as it was');
    await turn();
    queries[1]?.answer({ a: 'revoked' });
    expect(await late).toBe('revoked');
    expect(queries).toHaveLength(2);
  });

  it('tell everybody who asked that it failed, and serve the next ones', async () => {
    const { reads, queries } = new Table();
    const failed = Promise.allSettled([reads.find('a'), reads.find('b')]);
    await turn();
    const next = reads.find('a');
    queries[0]?.fail();
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await turn();
    queries[1]?.answer({ a: 'A' });
    expect(await next).toBe('A');
  });
});
