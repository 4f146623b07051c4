import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import { IsArray, IsInt, IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { CreateCollectionDto, CustomerDto } from '../collections/create-collection.dto.js';
import { compileDto } from './compiled-dto.js';
import { createValidationPipe } from './validation.pipe.js';

const metadata = { type: 'body', metatype: CreateCollectionDto } as const;
const ours = createValidationPipe();
// The pipe as it would be without the quick way.
const slow = new ValidationPipe({
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
});
const quick = compileDto(CreateCollectionDto);

const good = {
  reference: 'INV-118',
  amount: '150.00',
  currency: 'KES',
  method: 'mpesa_ke',
  customer: { phone: '+254708374149' },
};
const full = {
  ...good,
  customer: { ...good.customer, name: 'Achieng', email: 'a@example.com', locale: 'fr', country: 'KE', city: 'Kisumu' },
  description: 'Order 118',
  returnUrl: 'https://shop.example/back',
  expiresInSeconds: 60,
  metadata: { orderId: '118' },
  provider: 'mpesa',
};

/** As the body parser gives it: an object of its own, of nothing but JSON. */
function copy(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** What the slow pipe makes of it; undefined where it refuses. */
async function bySlow(value: unknown): Promise<object | undefined> {
  return slow.transform(copy(value), metadata).then(
    (object: object) => object,
    () => undefined,
  );
}

async function verdictOf(value: unknown): Promise<unknown> {
  return ours.transform(copy(value), metadata).then(
    (object: unknown) => object,
    (thrown: unknown) => {
      const problem = thrown as any;
      return { code: problem.code, errors: problem.extras?.errors, detail: problem.detail };
    },
  );
}

/** Values of every sort, in the place of any field. */
const anything = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.constantFrom('', ' ', 'KES', 'kes', 'mpesa_ke', '150.00', '0', '-1', '1e3', 'a\u0000b', 'x'.repeat(129), 'mpesa'),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.array(fc.jsonValue(), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 45 }), fc.oneof(fc.string({ maxLength: 505 }), fc.jsonValue()), { maxKeys: 4 }),
  fc.constantFrom<object>(
    { toString: 'x' },
    { valueOf: '1', then: 'x' },
    { a: { hasOwnProperty: 'x' } },
    full.customer,
  ),
);
const names = [...Object.keys(full), 'constructor', 'toString', 'then', 'hasOwnProperty', 'nope'];
const nestedNames = [...Object.keys(full.customer), 'fields', 'toString', 'nope'];
const mutation = fc.record({
  base: fc.constantFrom<object>(good, full),
  changes: fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 3 }),
  customer: fc.option(fc.dictionary(fc.constantFrom(...nestedNames), anything, { maxKeys: 2 })),
  left: fc.subarray(Object.keys(full), { maxLength: 2 }),
});

describe('A compiled reader', () => {
  it('takes what is right, as the class that the controller names', () => {
    for (const body of [good, full]) {
      const read = quick?.(copy(body));
      expect(read).toBeInstanceOf(CreateCollectionDto);
      expect((read as CreateCollectionDto).customer).toBeInstanceOf(CustomerDto);
      expect({ ...read }).toEqual(body);
    }
  });

  it('takes nothing that the pipe refuses, and reads the rest as the pipe does', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(mutation, async ({ base, changes, customer, left }) => {
        const body: Record<string, unknown> = { ...base, ...changes };
        if (customer) body['customer'] = { ...full.customer, ...customer };
        for (const name of left) Reflect.deleteProperty(body, name);
        const read = quick?.(copy(body));
        if (read === undefined) return;
        taken++;
        const slowly = await bySlow(body);
        expect(slowly).toBeDefined();
        expect(read).toStrictEqual(slowly);
        expect(Object.keys(read)).toEqual(Object.keys(slowly ?? {}));
      }),
      { seed: 1_795_334_400, numRuns: 3_000 },
    );
    // Else the test would have proven nothing.
    expect(taken).toBeGreaterThan(100);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a list', [good]],
    ['text', 'x'],
    ['an unknown name', { ...good, nope: 1 }],
    ['an unknown name inside', { ...good, customer: { ...good.customer, nope: 1 } }],
    ['a missing field', { ...good, reference: undefined }],
    ['a missing customer', { ...good, customer: undefined }],
    ['a customer who is a list', { ...good, customer: [good.customer] }],
    ['a customer who is null', { ...good, customer: null }],
    ['a wrong field', { ...good, currency: 'kes' }],
    ['two wrong fields', { ...good, currency: 'kes', amount: '1,5' }],
    ['a wrong field inside', { ...good, customer: { phone: 1 } }],
    ['null where nothing is meant', { ...good, description: null }],
    ['too much metadata', { ...good, metadata: { a: 'y'.repeat(501) } }],
    ['an object where text is meant', { ...good, reference: { a: 1 } }],
  ])('leaves %s to the pipe, in the words of the pipe', async (_, value) => {
    expect(quick?.(copy(value))).toBeUndefined();
    const told: any = await verdictOf(value);
    expect(told.code).toMatch(/^(invalid_request|unknown_field|amount_not_exact)$/);
    expect(told.errors.length).toBeGreaterThan(0);
  });

  it('is not made for a class that needs more than it knows', () => {
    class Listed {
      @IsArray()
      @IsString({ each: true })
      names!: string[];
    }
    class Changed {
      @Transform(({ value }) => Number(value))
      @IsInt()
      count!: number;
    }
    class Typed {
      @Type(() => Number)
      @IsInt()
      count!: number;
    }
    class Untyped {
      @ValidateNested()
      inner!: object;
    }
    class Bare {
      name = 'nobody checks it';
    }
    for (const dto of [Listed, Changed, Typed, Untyped, Bare]) expect(compileDto(dto)).toBeUndefined();
  });
});
