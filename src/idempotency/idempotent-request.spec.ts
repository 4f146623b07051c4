import fc from 'fast-check';
import { canonicalJson, readIdempotencyKey } from './idempotent-request.js';

describe('An Idempotency-Key', () => {
  it.each([
    ['k', 'k'],
    ['a b', 'a b'],
    ['k'.repeat(255), 'k'.repeat(255)],
    ['"quoted"', 'quoted'],
    [`"${'k'.repeat(255)}"`, 'k'.repeat(255)],
    ['"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'],
    ['" blanks "', ' blanks '],
    ["it's", "it's"],
    ['a"b', 'a"b'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
  ])('%s is %s', (header, key) => expect(readIdempotencyKey([header])).toBe(key));

  it.each([
    [undefined, 'idempotency_key_required'],
    [[], 'idempotency_key_required'],
    [[''], 'idempotency_key_required'],
    [['k'.repeat(256)], 'invalid_idempotency_key'],
    [[`"${'k'.repeat(256)}"`], 'invalid_idempotency_key'],
    [['""'], 'invalid_idempotency_key'],
    [['"open'], 'invalid_idempotency_key'],
    [['"a"b"'], 'invalid_idempotency_key'],
    [['é'], 'invalid_idempotency_key'],
    [['a\u0000b'], 'invalid_idempotency_key'],
    [[' '], 'invalid_idempotency_key'],
    [['a', 'a'], 'invalid_idempotency_key'],
    [['a', 'b'], 'invalid_idempotency_key'],
  ])('%j is none', (values, code) => expect(() => readIdempotencyKey(values)).toThrow(code));
});

describe('Canonical JSON', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, shuffled(member)]),
    );
  };
  // A name that is a whole number keeps its place in JavaScript, and __proto__ is none.
  const json = fc.jsonValue().filter((value) => !/"(__proto__|\d+)":/.test(JSON.stringify(value)));

  it('is the same whatever the order of names, and says the same', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    [{ a: 1 }, { a: '1' }],
    [{ a: null }, {}],
    [{ a: [] }, { a: {} }],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: { b: 1 } }, { a: 1, b: 1 }],
    [{ 'a":1,"b': 1 }, { a: 1, b: 1 }],
  ])('tells %j from %j', (one, other) => expect(canonicalJson(one)).not.toBe(canonicalJson(other)));

  it('takes a member that is undefined for one that is not there', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(canonicalJson(undefined)).toBe('null');
  });
});
