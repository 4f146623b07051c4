import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Money, Msisdn } from '#libs/primitives';
import type { HttpAnswer, RawCallback } from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';
import { isProductRefusal, isTokenRefusal, toOutcome, toReport, toTokenAnswer } from './mapping.js';
import { toOrderOutcome } from './orders.js';

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

const AG = 'AG_20260314_2010abcdef0123456789';
const orders: [string, object][] = [
  [
    'order-acknowledged.http',
    { kind: 'accepted', references: { providerReference: AG, others: { OriginatorConversationID: 'pay_7f3c2a10' } } },
  ],
  // The earlier one may have paid.
  ['order-duplicate.http', { ...unknown, said: { providerCode: '500.002.1001' } }],
  ['order-system-error.http', unknown],
  ['order-invalid-party.http', { kind: 'rejected', reason: 'invalid_recipient' }],
  ['order-invalid-initiator.http', misconfigured],
  ['order-invalid-identifier.http', { kind: 'rejected', reason: 'provider_rejected' }],
  ['push-spike-arrest.http', deferred],
  ['push-internal-error.http', unknown],
  // A push’s own refusals mean nothing here.
  ['push-wrong-credentials.http', unknown],
  ['firewall.http', unknown],
  ['token-no-product.http', misconfigured],
];

const payer = Msisdn.parse('+254700000123');
const paidOut = { providerReference: AG, others: { OriginatorConversationID: 'pay_7f3c2a10' } };
const question = {
  providerReference: 'AG_20260314_0000aa11bb22cc33dd44',
  others: { OriginatorConversationID: '3213-416199-2' },
};
const reversal = {
  providerReference: '8521-4298025-1',
  others: { ConversationID: 'AG_20260314_00006e86aaaabbbbcccc' },
};
const moved = { kind: 'succeeded', receipt: 'UCE8M2XQ4T', amount: kes('500'), payer };
const results: [string, string, object][] = [
  ['payout-result-paid.http', 'payout', { report: moved, references: paidOut, amount: kes('500'), payer }],
  [
    'payout-result-other-originator.http',
    'payout',
    {
      report: { kind: 'succeeded', receipt: 'UCE8M2XQ4T' },
      references: { providerReference: AG, others: { OriginatorConversationID: '19455-424535-1' } },
    },
  ],
  [
    'payout-result-refused.http',
    'payout',
    { report: { kind: 'failed', reason: 'provider_misconfigured' }, references: paidOut },
  ],
  ['payout-result-text-code.http', 'payout', { report: { kind: 'failed', reason: 'invalid_recipient' } }],
  ['queue-time-out.http', 'payout_timeout', { report: unknown, references: paidOut }],
  ['payout-result-paid.http', 'payout_timeout', { report: unknown, references: paidOut }],
  // A shop that is not ours paid it: the account says so.
  [
    'status-result-completed.http',
    'payout_status',
    { report: moved, references: paidOut, inquiry: question, account: '600100' },
  ],
  ['status-result-both-debit.http', 'payout_status', { report: moved, payer, account: '600100' }],
  ['status-result-declined.http', 'payout_status', { report: { kind: 'failed', reason: 'provider_rejected' } }],
  ['status-result-initiated.http', 'payout_status', { report: { kind: 'pending' } }],
  ['status-result-not-found.http', 'payout_status', { report: unknown, references: {}, inquiry: question }],
  ['status-result-receiver-invalid.http', 'payout_status', { report: unknown, inquiry: question }],
  // Its code 0 says that a question was answered, on whichever path it comes.
  ['status-result-completed.http', 'payout', { report: unknown }],
  ['balance-result.http', 'payout', { report: unknown }],
  ['payout-result-paid.http', 'payout_status', { report: unknown }],
  [
    'reversal-result-done.http',
    'reversal',
    { report: { kind: 'succeeded', receipt: 'UCE9R1VRSL' }, references: reversal, amount: kes('1'), payer },
  ],
  ['reversal-result-older.http', 'reversal', { report: { kind: 'succeeded', receipt: 'UCE9R1VRSL' } }],
  [
    'reversal-result-already.http',
    'reversal',
    { report: { kind: 'unknown', cause: 'already_reversed', forReview: true }, references: reversal },
  ],
];
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

  it.each(orders)('order, %s', (file, expected) => {
    expect(toOrderOutcome(answer(file), 'payouts')).toMatchObject(expected);
  });
  it.each(results)('Result, %s for %s', (file, purpose, expected) => {
    const { authenticate, parse } = createCallbacks({ type: 'paybill', shortcode: '174379' });
    const raw = { ...callback(file), purpose };
    expect(parse(raw)).toMatchObject(expected);
    expect(authenticate(raw)).toBe(purpose.endsWith('timeout') ? 'unsigned' : 'path');
    // On the path of a push, or on one nobody gave out, it is no message.
    for (const other of ['result', 'balance', 'nothing']) expect(parse({ ...raw, purpose: other })).toBeUndefined();
    expect(authenticate({ ...raw, purpose: 'result' })).toBe('unsigned');
  });

  it('the balance is every account of it, or none', () => {
    const { authenticate, parseBalance } = createCallbacks({ type: 'paybill', shortcode: '174379' });
    const raw = { ...callback('balance-result.http'), purpose: 'balance' };
    const inquiry = {
      providerReference: 'AG_20260314_00005e091a8ec6b9eac5',
      others: { OriginatorConversationID: '16917-22577599-3' },
    };
    expect(authenticate(raw)).toBe('path');
    expect(parseBalance?.(raw)).toEqual({
      answer: {
        kind: 'balances',
        balances: [
          { account: 'Working Account', available: kes('700') },
          { account: 'Float Account', available: kes('0') },
          { account: 'Utility Account', available: kes('228') },
          { account: 'Charges Paid Account', available: kes('-15') },
          { account: 'Organization Settlement Account', available: kes('0') },
        ],
      },
      inquiry,
    });
    const refused = { ...callback('balance-result-refused.http'), purpose: 'balance' };
    expect(parseBalance?.(refused)).toMatchObject({ answer: unknown, inquiry });
    const damaged = { ...raw, body: Buffer.from(Buffer.from(raw.body).toString().replace('228.00|', 'many|')) };
    expect(parseBalance?.(damaged)).toMatchObject({ answer: unknown });
    expect(parseBalance?.({ ...raw, purpose: 'payout' })).toBeUndefined();
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
    const named = [...tokens, ...pushes, ...queries, ...callbacks, ...refusals, ...orders, ...results]
      .map(([file]) => file)
      .concat('balance-result.http', 'balance-result-refused.http');
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
