import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsString, MaxLength, ValidateNested } from 'class-validator';
import { IsAmount } from './amount.decorator.js';
import { IfGiven } from './if-given.js';
import { IsInstant, toIso } from './instants.js';
import { IsMetadata } from './metadata.decorator.js';
import { ObjectIdPipe } from './object-id.pipe.js';
import { createValidationPipe } from './validation.pipe.js';

class Inner {
  @MaxLength(3)
  name!: string;
}

class Everything {
  @IfGiven()
  @IsAmount()
  amount?: string | number;

  @IsMetadata()
  metadata?: Record<string, string>;

  @IfGiven()
  @IsInstant()
  at?: string;

  @IfGiven()
  @IsString()
  text?: string;

  @IfGiven()
  @ValidateNested()
  @Type(() => Inner)
  inner?: Inner;
}

const pipe = createValidationPipe();
const check = (value: unknown, type: 'body' | 'query' = 'body'): Promise<unknown> =>
  pipe.transform(value, { type, metatype: Everything });

async function faultsOf(value: unknown, type: 'body' | 'query' = 'body'): Promise<[string, [string, string][]]> {
  const problem = await check(value, type).then(
    () => undefined,
    (error: unknown) => error as any,
  );
  return [problem?.code, problem?.extras.errors.map((fault: any) => [fault.pointer, fault.code])];
}

describe('Input', () => {
  it.each<[string, unknown]>([
    ['nothing', {}],
    ['nothing at all', undefined],
    ['a whole number', { amount: 150 }],
    ['a decimal', { amount: '150.00' }],
    ['the largest amount', { amount: Number.MAX_SAFE_INTEGER }],
    ['no metadata', { metadata: {} }],
    [
      'as much metadata as there may be',
      {
        metadata: Object.fromEntries(
          Array.from({ length: 50 }, (_, index) => [`${index}`.padEnd(40, 'x'), 'y'.repeat(500)]),
        ),
      },
    ],
    ['an instant', { at: '2026-01-31T08:00:00Z' }],
    ['an instant elsewhere, to the microsecond', { at: '2026-01-31T08:00:00.123456+03:00' }],
    ['a leap day', { at: '2028-02-29T00:00:00Z' }],
  ])('takes %s', async (_, value) => expect(await faultsOf(value)).toEqual([undefined, undefined]));

  it.each<[string, unknown, string, [string, string][]]>([
    ['an amount that was rounded', { amount: 2 ** 53 }, 'amount_not_exact', [['/amount', 'amount_not_exact']]],
    ['an amount that is none', { amount: '1,5' }, 'amount_not_exact', [['/amount', 'amount_not_exact']]],
    ['null where nothing is meant', { text: null }, 'invalid_request', [['/text', 'is_string']]],
    [
      'an unknown name before anything else',
      { amount: '1,5', nope: 1 },
      'unknown_field',
      [
        ['/nope', 'unknown_field'],
        ['/amount', 'amount_not_exact'],
      ],
    ],
    ['a name that needs escapes in a pointer', { 'a/b~c': 1 }, 'unknown_field', [['/a~1b~0c', 'unknown_field']]],
    [
      'a fault inside',
      { inner: { name: 'long', nope: 1 } },
      'unknown_field',
      [
        ['/inner/nope', 'unknown_field'],
        ['/inner/name', 'max_length'],
      ],
    ],
    [
      'metadata with too many names',
      { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [index, 'y'])) },
      'invalid_request',
      [['/metadata', 'metadata']],
    ],
    [
      'metadata with a long name',
      { metadata: { ['x'.repeat(41)]: '' } },
      'invalid_request',
      [['/metadata', 'metadata']],
    ],
    ['metadata with an empty name', { metadata: { '': 'y' } }, 'invalid_request', [['/metadata', 'metadata']]],
    ['metadata with a number', { metadata: { a: 1 } }, 'invalid_request', [['/metadata', 'metadata']]],
    ['metadata with long text', { metadata: { a: 'y'.repeat(501) } }, 'invalid_request', [['/metadata', 'metadata']]],
    ['a list for metadata', { metadata: ['a'] }, 'invalid_request', [['/metadata', 'metadata']]],
    ['a day that there is not', { at: '2026-02-30T00:00:00Z' }, 'invalid_request', [['/at', 'is_instant']]],
    ['a week', { at: '2026-W05-1' }, 'invalid_request', [['/at', 'is_instant']]],
    ['an instant nowhere', { at: '2026-01-31T08:00:00' }, 'invalid_request', [['/at', 'is_instant']]],
    ['two instants', { at: ['2026-01-31T08:00:00Z'] }, 'invalid_request', [['/at', 'is_instant']]],
  ])('refuses %s', async (_, value, code, faults) => expect(await faultsOf(value)).toEqual([code, faults]));

  it('is named by the query parameter where it came in a query', async () => {
    expect(await faultsOf({ nope: '1' }, 'query')).toEqual(['unknown_field', [['#query/nope', 'unknown_field']]]);
    await expect(check({ nope: '1' }, 'query')).rejects.toThrow('There is no query parameter nope here.');
  });

  it('that is long is not repeated at length', async () => {
    await expect(check({ ['x'.repeat(10_000)]: 1 })).rejects.toThrow(/^.{0,150}$/);
  });
});

describe('Instants', () => {
  it('are written in UTC with milliseconds', () => expect(toIso(0)).toBe('1970-01-01T00:00:00.000Z'));
});

describe('Ids in a path', () => {
  const transform = (id: unknown): string => new ObjectIdPipe('txn').transform(id);
  const id = 'txn_01ARZ3NDEKTSV4RRFFQ69G5FAV';

  it('are taken as we make them', () => expect(transform(id)).toBe(id));
  it.each([
    id.toLowerCase(),
    `${id} `,
    ` ${id}`,
    `${id}\n`,
    `${id}0`,
    id.slice(0, -1),
    id.replace('txn', 'pac'),
    id.replace('Z', 'U'),
    '',
    undefined,
    [id],
  ])('%j is found nowhere', (other) => expect(() => transform(other)).toThrow('not_found'));
});
