import { createLogger } from './logger.js';
import { scrub } from './scrub.js';

describe('The scrubber', () => {
  it.each([
    ['an API key', 'key mlp_live_4Fh2kQ9aZ0bY7wLm3XcV was refused', '4Fh2kQ9a'],
    ['a webhook secret', 'signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'MfKQ9r8G'],
    ['a bearer token', 'Authorization: Bearer abcdefghijklmnop', 'abcdefgh'],
    ['basic credentials', 'authorization: basic dXNlcjpwYXNz', 'dXNlcjpw'],
    [
      'the address of a callback',
      'POST https://pay.example/callbacks/0123456789abcdef0123456789abcdef',
      '0123456789abcdef',
    ],
    ['the password of a database', 'mysql://malipo:hunter2@db:3306/malipo', 'hunter2'],
    ['an international number', 'prompt on +254708374149', '708374149'],
    ['its digits', 'PartyA 254708374149 is busy', '708374149'],
    ['digits next to letters', 'msisdn:254708374149;phone254708374149x', '708374149'],
    ['digits next to an underscore', 'phone_254708374149_1', '708374149'],
    ['a national number', 'call 0708374149', '0708374149'],
    ['a national number without its zero', 'call 708374149', '708374149'],
    ['a number with blanks', 'call +254 708 374 149 now', '374 149'],
    ['a number with dashes and brackets', 'call +254 (708) 374-149 now', '374-149'],
    ['an e-mail address', 'sent to achieng.o+x@mail.example.com', 'achieng'],
  ])('takes %s out of text', (_, text, secret) => {
    const scrubbed = String(scrub(text));
    expect(scrubbed).not.toContain(secret);
    expect(scrubbed).toContain('•••');
    expect(JSON.stringify(scrub({ deep: [{ text }] }))).not.toContain(secret);
  });

  it.each([
    'txn_01M8189TCERBBQ8ZWJG2W0N7YG',
    'txn_01K12345678901234567890123',
    'status 201 after 1500 ms',
    'amount 250000.00 KES',
    '2026-11-22T08:44:47.123Z',
    'http://127.0.0.1:3000/v1/transactions?limit=20',
  ])('leaves %s alone', (text) => expect(scrub(text)).toBe(text));

  it.each([
    'phone',
    'firstName',
    'customer',
    'consumerSecret',
    'initiatorPassword',
    'passkey',
    'accessToken',
    'Authorization',
    'credentials',
    'sql',
    'parameters',
  ])('hides what is called %s, whatever it is', (name) =>
    expect(scrub({ a: { [name]: { x: 'Achieng' } } })).toEqual({ a: { [name]: '•••' } }),
  );

  it('keeps values that tell nothing, and null where a secret is absent', () => {
    const plain = { route: '/v1/x', count: 3, ok: true, token: null, at: undefined, list: [1, 'a'] };
    expect(scrub(plain)).toEqual(plain);
  });

  it('bounds what it keeps', () => {
    expect(String(scrub('x'.repeat(100_000))).length).toBeLessThan(5_000);
    expect(scrub(Array.from({ length: 1_000 }, () => 1))).toHaveLength(20);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(JSON.stringify(scrub(circle)).length).toBeLessThan(100);
  });

  it('takes no time to speak of, however strange the text', () => {
    const startedAt = performance.now();
    for (const text of [
      '1'.repeat(100_000),
      '+1 '.repeat(50_000),
      'a@'.repeat(50_000),
      'a.'.repeat(50_000),
      'x://'.repeat(30_000),
    ])
      scrub(text);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('The logger', () => {
  it('scrubs messages, fields, errors with their causes, and stacks', () => {
    const lines: string[] = [];
    const logger = createLogger({ logLevel: 'trace' }, { write: (line) => void lines.push(line) });
    const error = Object.assign(new Error('no answer for +254708374149', { cause: new Error('to 254708374149') }), {
      sql: "INSERT INTO t VALUES ('Achieng')",
      parameters: ['Achieng'],
    });
    logger.log('to 254708374149', 'Context');
    logger.warn(
      { err: error, phone: '+254708374149', detail: { customer: { name: 'Achieng' } } },
      'Trouble.',
      'Context',
    );
    logger.error('failed for 254708374149', 'Error: 254708374149\n    at x', 'Context');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toMatch(/708374|Achieng/);
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['info', 'warn', 'error']);
  });
});
