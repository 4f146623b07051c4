import fc from 'fast-check';
import { findSecrets, redact, redactPath } from './redact.js';

describe('redact takes out', () => {
  it.each([
    ['Authorization: Bearer r4nd0mTwentyEightCharToken00', 'r4nd0mTwentyEightCharToken00'],
    ['sent Basic Y29uc3VtZXI6c2VjcmV0 and', 'Y29uc3VtZXI6c2VjcmV0'],
    ['{"access_token": "abc def", "x":1}', 'abc def'],
    ['{"Password":"cGFzcw\\"word=="}', 'word=='],
    ["{'consumerSecret': 'Zq9'}", 'Zq9'],
    ['client_secret=hunter2&grant=x', 'hunter2'],
    ['SecurityCredential: EsJocK7+NjqZPC3I3EO', 'EsJocK7'],
    ['passkey=bfb279f9aa9bdbcf', 'bfb279f9aa9bdbcf'],
    ['"pin": "4321"', '4321'],
    ['otp=998877', '998877'],
    ['Error Occurred - Invalid Access Token - r4nd0mTwenty', 'r4nd0mTwenty'],
    ['Invalid CallBackURL https://x.test/callbacks/0123456789abcdef0123456789abcdef', '0123456789abcdef'],
    ['key mlp_live_8f7s6d5f4s3d2f1 refused', '8f7s6d5f4s3d2f1'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig', 'eyJzdWIiOiIxIn0'],
    ['254708374149 - Jane', '254708374'],
    ['+254 708 374 149 is busy', '708 374'],
    ['(0708) 374-149', '374-149'],
    ['ws_CO_140320261530211700000123', '17000001'],
    ['22890123456', '2289012'],
    ['90123456', '9012345'],
  ])('%s', (text, secret) => expect(redact(text)).not.toContain(secret));

  it('any value known to be secret, wherever it stands', () => {
    expect(redact('it was Zq9x, in xZq9xx', ['Zq9x'])).toBe('it was [redacted], in x[redacted]x');
  });
});

describe('redact leaves alone', () => {
  it.each([
    'The balance is insufficient for the transaction.',
    '500.001.1001 The transaction is being processed',
    'Bad Request - Invalid Amount',
    'Invalid Access Token - Invalid API call as no apiproduct match found',
    'Amount 250000.00 KES is over the limit',
    'Transaction has expired at 2026-03-14 15:31:02',
    'receipt UCE4K7Q2ZP',
  ])('%s', (text) => expect(redact(text)).toBe(text));
});

it('redact is quick on hostile text', () => {
  const startedAt = performance.now();
  for (const piece of ['a', '"', 'token', '1 ', 'pin:', '"\\', '. ']) redact(piece.repeat(20_000));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

it('redact never lets a named secret or a phone through', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9+/=]{8,40}$/);
  const name = fc.constantFrom('password', 'access_token', 'consumerSecret', 'api_key', 'Passkey', 'authorization');
  fc.assert(
    fc.property(name, secret, (key, value) => {
      expect(redact(JSON.stringify({ before: 'x', [key]: value }))).not.toContain(value);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^\d{8,15}$/), (digits) =>
      expect(redact(`to ${digits} failed`)).not.toContain(digits),
    ),
  );
});

it.each([
  ['/mpesa/stkpush/v1/processrequest', '/mpesa/stkpush/v1/processrequest'],
  ['/v1/payments/py_0a1b2c3d4e5f6a7b/verify?token=x', '/v1/payments/:id/verify'],
  ['/balance/22890123456#x', '/balance/:id'],
  ['/users/a%40b.test', '/users/:id'],
  ['', ''],
])('redactPath(%p) is %p', (path, expected) => expect(redactPath(path)).toBe(expected));

it('findSecrets finds what headers and named fields carry', () => {
  const headers = { Authorization: 'Bearer tok-123456', 'X-Api-Key': 'key-123', accept: 'application/json' };
  const json = { Password: 'cGFzcw==', Amount: '1500', nested: [{ passkey: 'bfb279' }], pin: '12' };
  expect(findSecrets(headers, json)).toEqual(['tok-123456', 'cGFzcw==', 'key-123', 'bfb279']);
});
