import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { Cursors, PageQuery } from './pages.js';

describe('Cursors', () => {
  const cursors = new Cursors(Buffer.alloc(32, 7));
  const id = fc.stringMatching(/^[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}$/);
  const binding = fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)));

  it('lead back to where they were made, in their own list alone', () => {
    fc.assert(
      fc.property(id, binding, binding, (at, mine, other) => {
        const cursor = cursors.make(at, mine);
        expect(cursors.read(cursor, mine)).toBe(at);
        if (JSON.stringify(mine) !== JSON.stringify(other))
          expect(() => cursors.read(cursor, other)).toThrow('invalid_cursor');
      }),
    );
  });

  it('cannot be made up, changed, or used with another key', () => {
    const cursor = cursors.make('txn_1', ['list']);
    const forged = Buffer.from(Buffer.from(cursor, 'base64url').toString().replace('txn_1', 'txn_2')).toString(
      'base64url',
    );
    expect(() => cursors.read(forged, ['list'])).toThrow('invalid_cursor');
    expect(() => new Cursors(Buffer.alloc(32, 8)).read(cursor, ['list'])).toThrow('invalid_cursor');
    fc.assert(fc.property(fc.string(), (text) => expect(() => cursors.read(text, ['list'])).toThrow('invalid_cursor')));
  });

  it('are there exactly where more follows', () => {
    const rows = ['c', 'b', 'a'].map((name) => ({ id: name }));
    const page = (limit: number) => cursors.toPage(rows.slice(0, limit + 1), limit, [], (row) => row.id);
    expect(page(2)).toEqual({ data: ['c', 'b'], hasMore: true, nextCursor: cursors.make('b', []) });
    expect(page(3)).toEqual({ data: ['c', 'b', 'a'], hasMore: false, nextCursor: null });
    expect(cursors.toPage([], 20, [], () => 1)).toEqual({ data: [], hasMore: false, nextCursor: null });
    expect(cursors.read(undefined, [])).toBeUndefined();
  });
});

describe('The limit of a page', () => {
  const faultsOf = (limit: unknown): number => validateSync(plainToInstance(PageQuery, { limit })).length;

  it('is 20 unless asked for', () => {
    expect(plainToInstance(PageQuery, {}).limit).toBe(20);
    expect(plainToInstance(PageQuery, { limit: '7' }).limit).toBe(7);
  });

  it.each(['1', '100', '007'])('can be %s', (limit) => expect(faultsOf(limit)).toBe(0));
  it.each(['0', '101', '-1', '1e1', '0x10', '1.0', ' 1', '', 'x', ['1'], '1000000'])('cannot be %j', (limit) =>
    expect(faultsOf(limit)).toBe(1),
  );
});
