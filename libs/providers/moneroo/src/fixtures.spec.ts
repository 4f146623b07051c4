import { readdirSync, readFileSync } from 'node:fs';
import { Money } from '#libs/primitives';
import type { HttpAnswer, RawCallback } from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';
import { toCodes, toCredentialCheck, toIdentification, toOutcome, toReport, type Question } from './mapping.js';

const folder = 'libs/providers/moneroo/fixtures/';
const PAYOUT = 'po_a1b2c3d4e5f6';
const PAYMENT = 'py_k1l2m3n4o5p6';
const ATTEMPT = 'att_01J8Z0000000000000000DEMO';

const payout: Question = { resource: 'payouts', providerReference: PAYOUT, mode: 'test' };
const payment: Question = { resource: 'payments', providerReference: PAYMENT, mode: 'test' };
const amount = francs('2500');
const unknown = { kind: 'unknown' };

const submits: [string, object][] = [
  ['payout-created', { kind: 'accepted', references: { providerReference: PAYOUT } }],
  [
    'payment-created',
    {
      kind: 'accepted',
      references: { providerReference: PAYMENT },
      nextAction: { type: 'redirect', url: `https://checkout.moneroo.io/${PAYMENT}` },
    },
  ],
  ['created-without-id', unknown],
  ['unauthenticated', { kind: 'rejected', reason: 'provider_misconfigured', providerCode: '401' }],
  ['unknown-route', { kind: 'rejected', reason: 'provider_misconfigured' }],
  ['no-methods', { kind: 'rejected', reason: 'provider_misconfigured' }],
  ['invalid-map', { kind: 'rejected', reason: 'invalid_recipient' }],
  [
    'invalid-list',
    {
      kind: 'rejected',
      reason: 'provider_rejected',
      said: { providerMessage: expect.stringContaining('155 characters') },
    },
  ],
  ['throttled', { kind: 'deferred', retryAfterMs: 60_000 }],
  ['server-error', unknown],
  ['bad-gateway', unknown],
];

const reports: [string, Question, object][] = [
  [
    'payout-verified-failed',
    payout,
    { kind: 'failed', reason: 'invalid_recipient', said: { providerMessage: 'Recipient wallet not found' } },
  ],
  [
    'payout-verified-failed-gateway-words',
    payout,
    { kind: 'failed', reason: 'merchant_balance_low', said: { providerMessage: 'Solde insuffisant' } },
  ],
  ['payout-verified-failed-code-only', payout, { kind: 'failed', said: { providerMessage: 'LIMIT_EXCEEDED' } }],
  // The stale failure of an earlier try stands beside the success.
  ['payout-verified-paid', payout, { kind: 'succeeded', amount }],
  ['payout-verified-initiated', payout, { kind: 'pending' }],
  ['payout-verified-live', payout, unknown],
  ['payout-verified-live', { ...payout, mode: 'live' }, { kind: 'succeeded', amount }],
  ['payout-retrieved', { ...payout, mode: 'live' }, { kind: 'succeeded', amount }],
  ['payout-retrieved', payout, unknown],
  ['payout-verified-paid', { ...payout, providerReference: 'po_another00000' }, unknown],
  ['payment-verified-paid', payment, { kind: 'succeeded', amount, receipt: '7712345678' }],
  ['payment-verified-cancelled', payment, { kind: 'cancelled', reason: 'cancelled_by_customer' }],
  ['payment-verified-initiated', payment, { kind: 'pending' }],
  ['unknown-id', payout, unknown],
  ['unauthenticated', payout, unknown],
  ['throttled', payout, unknown],
  ['server-error', payout, unknown],
];

const owners: [string, Question, object][] = [
  ['payout-verified-failed', payout, { kind: 'attempt', attemptId: ATTEMPT }],
  ['payment-verified-paid', payment, { kind: 'attempt', attemptId: ATTEMPT }],
  ['payout-verified-initiated', payout, { kind: 'none' }], // `[]`: nothing of ours in it.
  ['payout-verified-live', payout, unknown],
  ['unknown-id', payout, unknown],
];

const webhooks: [string, object][] = [
  [
    'webhook-payout-success',
    { report: { kind: 'succeeded' }, references: { providerReference: PAYOUT }, operation: 'payouts', amount },
  ],
  ['webhook-payout-failed', { report: { kind: 'failed' }, operation: 'payouts', amount }],
  ['webhook-payment-failed', { report: { kind: 'pending' }, operation: 'collections', amount }],
  ['webhook-with-metadata', { report: { kind: 'succeeded' }, attemptId: ATTEMPT, operation: 'collections' }],
];

const checks: [string, string][] = [
  ['unknown-id', 'ok'],
  ['unauthenticated', 'refused'],
  ['unknown-route', 'unreachable'],
  ['throttled', 'unreachable'],
  ['bad-gateway', 'unreachable'],
];

describe('documented bodies', () => {
  it.each(submits)('initialize, %s', (file, expected) => expect(toOutcome(answer(file))).toMatchObject(expected));
  it.each(reports)('verify, %s, %j', (file, question, expected) =>
    expect(toReport(answer(file), question)).toMatchObject(expected),
  );
  it.each(owners)('whose it is, %s', (file, question, expected) =>
    expect(toIdentification(answer(file), question)).toMatchObject(expected),
  );
  it.each(checks)('the key, %s', (file, kind) => expect(toCredentialCheck(answer(file)).kind).toBe(kind));
  it.each(webhooks)('webhook, %s', (file, expected) => {
    const { authenticate, parse } = createCallbacks('demo-webhook-secret');
    const raw = callback(file);
    expect(authenticate(raw)).toBe('signed');
    expect(parse(raw)).toMatchObject(expected);
  });

  it('a webhook is signed as it was sent, not as JSON.stringify would write it', () => {
    const raw = callback('webhook-payout-success');
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(raw.body).toString())));
    expect(createCallbacks('demo-webhook-secret').authenticate({ ...raw, body: rewritten })).toBe('forged');
  });

  it('a catalogue holds what is enabled', () => expect(toCodes(answer('payout-methods'))).toEqual(['mtn_bj']));

  it('every file is in a table above', () => {
    const named = [...submits, ...reports, ...owners, ...webhooks, ...checks].map(([file]) => `${file}.http`);
    expect([...new Set([...named, 'payout-methods.http'])].sort()).toEqual(readdirSync(folder).sort());
  });
});

function francs(text: string): Money {
  const money = Money.parse(text, 'XOF');
  if (typeof money === 'string') throw new TypeError(money);
  return money;
}

function readMessage(file: string) {
  const text = readFileSync(`${folder}${file}.http`, 'utf8');
  const end = text.indexOf('\n\n');
  const [first = '', ...lines] = text.slice(0, end).split('\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { first, headers, text: text.slice(end + 2).trim() };
}

function answer(file: string): HttpAnswer {
  const { first, headers, text } = readMessage(file);
  const body: unknown = text.startsWith('<') ? undefined : JSON.parse(text);
  return { kind: 'response', status: Number(first.split(' ')[1]), headers, text, body, durationMs: 1 };
}

function callback(file: string): RawCallback {
  const { headers, text } = readMessage(file);
  return { method: 'POST', headers, body: Buffer.from(text), sourceAddress: '192.0.2.7', purpose: 'account' };
}
