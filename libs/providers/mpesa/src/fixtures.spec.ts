import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Money, Msisdn } from '#libs/primitives';
import type { HttpAnswer, RawCallback } from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';
import { isProductRefusal, isTokenRefusal, toOutcome, toReport, toTokenAnswer } from './mapping.js';

// Every documented body, read from its file.

const folder = fileURLToPath(new URL('../fixtures/', import.meta.url));
const CHECKOUT = 'ws_CO_140320261530211700000123';
const MERCHANT = 'a1b2-4c3d-9e8f-0123456789ab2201457';
const references = { providerReference: CHECKOUT, others: { MerchantRequestID: MERCHANT } };

const noToken = (kind: string) => ({ kind, cause: expect.any(String) });
const misconfigured = { kind: 'rejected', reason: 'provider_misconfigured' };
const deferred = { kind: 'deferred', retryAfterMs: expect.any(Number) };
const unknown = { kind: 'unknown' };

const tokens: [string, object][] = [
  ['oauth-token.http', { kind: 'token', token: 'r4nd0mTwentyEightCharToken00', expiresInMs: 3_599_000 }],
  ['oauth-token-number.http', { kind: 'token', token: 'r4nd0mTwentyEightCharToken00', expiresInMs: 3_599_000 }],
  ['oauth-wrong-keys.http', noToken('rejected')],
  ['oauth-invalid-authentication.http', noToken('rejected')],
  ['oauth-invalid-grant-type.http', noToken('rejected')],
  ['firewall.http', noToken('deferred')],
  ['bad-gateway.http', noToken('deferred')],
];

const pushes: [string, object][] = [
  ['push-accepted.http', { kind: 'accepted', references, nextAction: { type: 'approve_on_phone' } }],
  ['push-invalid-phone.http', { kind: 'rejected', reason: 'invalid_recipient', providerCode: '400.002.02' }],
  ['push-invalid-amount.http', { kind: 'rejected', reason: 'provider_rejected', providerCode: '400.002.02' }],
  ['push-invalid-payload.http', { kind: 'rejected', reason: 'provider_rejected', providerCode: '400.002.05' }],
  ['push-bad-request.http', { kind: 'rejected', reason: 'provider_rejected', providerCode: '400.003.02' }],
  ['push-resource-not-found.http', { ...misconfigured, providerCode: '404.001.01' }],
  ['push-invalid-header.http', { ...misconfigured, providerCode: '404.001.04' }],
  ['push-method-not-allowed.http', { ...misconfigured, providerCode: '405.001' }],
  ['push-merchant-unknown.http', { ...misconfigured, providerCode: '500.001.1001' }],
  ['push-wrong-credentials.http', { ...misconfigured, providerCode: '500.001.1001' }],
  ['push-wrong-credentials-older.http', { ...misconfigured, providerCode: '500.001.1001' }],
  ['push-type-not-allowed.http', { ...misconfigured, providerCode: '500.001.1001' }],
  ['push-subscriber-locked.http', { kind: 'rejected', reason: 'subscriber_busy', providerCode: '500.001.1001' }],
  ['push-spike-arrest.http', deferred],
  ['push-system-busy.http', deferred],
  ['push-quota.http', deferred],
  ['push-maintenance.http', deferred],
  ['push-no-proxy.http', deferred],
  ['push-internal-error.http', unknown],
  ['push-unreachable-service.http', unknown],
  ['push-soap-fault.http', unknown],
  ['firewall.http', unknown],
  ['bad-gateway.http', unknown],
  ['token-no-product.http', misconfigured],
  ['token-no-product-fault.http', misconfigured],
  ['token-no-product-envelope.http', misconfigured],
];

const refusals: [string, { product: boolean }][] = [
  ['token-404.http', { product: false }],
  ['token-400.http', { product: false }],
  ['token-401-echo.http', { product: false }],
  ['token-401-pull.http', { product: false }],
  ['token-401-other.http', { product: false }],
  ['token-401-plain.http', { product: false }],
  ['token-no-product.http', { product: true }],
  ['token-no-product-fault.http', { product: true }],
  ['token-no-product-envelope.http', { product: true }],
];

const queries: [string, object][] = [
  ['query-paid.http', { kind: 'succeeded' }],
  ['query-cancelled.http', { kind: 'cancelled', reason: 'cancelled_by_customer', providerCode: '1032' }],
  ['query-unreached.http', { kind: 'expired', reason: 'customer_unreachable', providerCode: '1037' }],
  ['query-no-funds.http', { kind: 'failed', reason: 'insufficient_funds', providerCode: '1' }],
  ['query-in-flight-4999.http', { kind: 'pending' }],
  ['query-in-flight-classic.http', { kind: 'pending' }],
  ['query-in-flight-empty.http', { kind: 'pending' }],
  ['query-does-not-exist.http', unknown],
  ['query-noise.http', unknown],
  ['push-spike-arrest.http', unknown],
  ['push-invalid-payload.http', unknown],
  ['token-404.http', unknown],
  ['firewall.http', unknown],
  ['bad-gateway.http', unknown],
];

const payer = Msisdn.parse('+254700000123');
const callbacks: [string, object][] = [
  ['callback-paid.http', { report: paid('150'), references, amount: kes('150'), payer, account: '174379' }],
  ['callback-paid-four-items.http', { report: paid('1'), references, amount: kes('1'), payer, account: '174379' }],
  ['callback-cancelled.http', { report: { kind: 'cancelled', providerCode: '1032' }, references, account: '174379' }],
  ['callback-unreached.http', { report: { kind: 'expired', providerCode: '1037' }, references, account: '174379' }],
  ['callback-text-code.http', { report: { kind: 'failed', providerCode: 'SFC_IC0003' }, references }],
];

describe('documented bodies', () => {
  it.each(tokens)('OAuth, %s', (file, expected) => expect(toTokenAnswer(answer(file))).toEqual(expected));
  it.each(pushes)('push, %s', (file, expected) => expect(toOutcome(answer(file))).toMatchObject(expected));
  it.each(queries)('query, %s', (file, expected) => expect(toReport(answer(file), CHECKOUT)).toMatchObject(expected));
  it.each(callbacks)('callback, %s', (file, expected) => {
    const { parse } = createCallbacks({ type: 'paybill', shortcode: '174379' });
    expect(parse(callback(file))).toMatchObject(expected);
  });

  it.each(refusals)('refused token, %s', (file, { product }) => {
    expect(isTokenRefusal(answer(file))).toBe(true);
    expect(isProductRefusal(answer(file))).toBe(product);
  });

  it.each([...pushes, ...queries].filter(([file]) => !refusals.some(([refusal]) => refusal === file)))(
    'no refused token, %s',
    (file) => expect(isTokenRefusal(answer(file))).toBe(false),
  );

  it('a query that is answered knows no receipt, amount or payer', () => {
    expect(toReport(answer('query-paid.http'), CHECKOUT)).toEqual({
      kind: 'succeeded',
      said: {
        httpStatus: 200,
        providerCode: '0',
        providerMessage: 'The service request is processed successfully.',
      },
    });
  });

  it('an echoed token is kept nowhere', () => {
    expect(JSON.stringify(toOutcome(answer('token-401-echo.http')))).not.toContain('r4nd0mTwenty');
  });

  it('every file is in a table above', () => {
    const named = [...tokens, ...pushes, ...queries, ...callbacks, ...refusals].map(([file]) => file);
    expect([...new Set(named)].sort()).toEqual(readdirSync(folder).sort());
  });
});

function kes(amount: string): Money {
  const money = Money.parse(amount, 'KES');
  if (typeof money === 'string') throw new TypeError(money);
  return money;
}

function paid(amount: string): object {
  return { kind: 'succeeded', receipt: 'UCE4K7Q2ZP', amount: kes(amount), payer };
}

function readMessage(file: string) {
  const text = readFileSync(folder + file, 'utf8');
  const end = text.indexOf('\n\n');
  const [first = '', ...lines] = (end < 0 ? text.trimEnd() : text.slice(0, end)).split('\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { first, headers, text: end < 0 ? '' : text.slice(end + 2).trim() };
}

function answer(file: string): HttpAnswer {
  const { first, headers, text } = readMessage(file);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  return { kind: 'response', status, headers, text, body: parseJson(text), durationMs: 1 };
}

function callback(file: string): RawCallback {
  const { first, headers, text } = readMessage(file);
  const method = first.slice(0, first.indexOf(' '));
  return { method, headers, body: Buffer.from(text), sourceAddress: '196.201.212.69', purpose: 'result' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
