import { readdirSync, readFileSync } from 'node:fs';
import { Money, Msisdn } from '#libs/primitives';
import type { HttpAnswer, RawCallback } from '#libs/provider-kit';
import { toBalance, toCredentialCheck, toServiceCodes } from './account.js';
import { callbacks } from './callbacks.js';
import { toOtpOutcome, toOutcome, toReport, type Order } from './mapping.js';

const folder = 'libs/providers/dexchange/fixtures/';
const DIRECT = 'TIDQ4M8XR02LB';
const LINK = 'MID7Q2K9ZT4XA';
const ATTEMPT = 'att_01J8Z0000000000000000DEMO';

const amount = Money.ofMinor(7500n, 'XOF');
const payer = Msisdn.parse('+221770000001');
const link: Order = { direction: 'collection', attemptId: ATTEMPT, amount };
const wave: Order = {
  ...link,
  direct: { serviceCode: 'WAVE_SN_CASHOUT', number: '770000001', flow: 'redirect' },
};
const payout: Order = {
  ...wave,
  direction: 'payout',
  direct: { serviceCode: 'WAVE_SN_CASHIN', number: '770000001', flow: 'direct' },
};
const unknown = { kind: 'unknown' };
const taken = (providerReference: string, url: string) => ({
  kind: 'accepted',
  references: { providerReference },
  nextAction: { type: 'redirect', url },
});

const submits: [string, Order, object][] = [
  ['link-created-nested', link, taken(LINK, `https://pay.dexchange.sn/process/${LINK}`)],
  ['link-created-flat', link, taken(LINK, `https://pay.dexchange.sn/process/${LINK}`)],
  ['link-created-flat', { ...link, attemptId: 'att_another' }, unknown],
  ['wave-initiated', wave, taken(DIRECT, 'https://pay.wave.com/c/cos-sim0001?a=7500&c=XOF&m=DEX')],
  ['wave-initiated-sparse', wave, taken(DIRECT, `https://pay.dexchange.sn/wave/${DIRECT}`)],
  ['final-at-once', payout, { kind: 'completed', report: { kind: 'succeeded', amount, payer } }],
  // A last word about another amount only makes us ask.
  ['final-at-once-other-amount', payout, { kind: 'accepted', references: { providerReference: DIRECT } }],
  ['failure-inside', payout, { kind: 'rejected', reason: 'merchant_balance_low' }],
  ['below-minimum', link, { kind: 'rejected', reason: 'limit_exceeded', providerCode: '400' }],
  ['invalid-number', wave, { kind: 'rejected', reason: 'invalid_recipient' }],
  ['invalid-key', wave, { kind: 'rejected', reason: 'provider_misconfigured' }],
  ['maintenance', payout, { kind: 'deferred' }],
  ['address-refused', payout, { kind: 'rejected', reason: 'provider_misconfigured' }],
  ['throttled', wave, { kind: 'deferred', retryAfterMs: 17_000 }],
  ['duplicate', payout, unknown],
  ['not-found', wave, unknown],
  ['gateway-timeout', payout, unknown],
];

const reports: [string, Order, object][] = [
  ['direct-status-success', wave, { kind: 'succeeded', amount, payer, receipt: 'OM26112012345' }],
  ['direct-status-success', { ...wave, amount: Money.ofMinor(7600n, 'XOF') }, unknown],
  // An answer about a collection is none about a payout of the same amount to the same number.
  ['direct-status-success', payout, unknown],
  ['direct-status-processing', wave, { kind: 'pending' }],
  ['link-status-success', link, { kind: 'succeeded', amount, payer }],
  ['not-found', wave, unknown],
  ['maintenance', wave, unknown],
  ['throttled', wave, unknown],
  ['gateway-timeout', wave, unknown],
];

const codes: [string, object][] = [
  ['otp-confirmed', { kind: 'accepted', references: { providerReference: DIRECT } }],
  ['wrong-otp', { kind: 'rejected', reason: 'wrong_pin' }],
  ['invalid-key', { kind: 'rejected', reason: 'provider_misconfigured' }],
  ['maintenance', { kind: 'deferred' }],
  ['gateway-timeout', unknown],
];

const checks: [string, string][] = [
  ['balance', 'ok'],
  ['invalid-key', 'refused'],
  ['address-refused', 'refused'],
  ['maintenance', 'unreachable'],
  ['throttled', 'unreachable'],
  ['gateway-timeout', 'unreachable'],
];

const webhooks: [string, object | undefined][] = [
  [
    'webhook-success',
    {
      report: { kind: 'succeeded' },
      references: { providerReference: DIRECT },
      attemptId: ATTEMPT,
      operation: 'collections',
      amount,
      payer,
    },
  ],
  // Whoever opened the link paid it: his number is held against nothing.
  [
    'webhook-link-plugin',
    {
      report: { kind: 'succeeded' },
      references: { providerReference: LINK },
      attemptId: ATTEMPT,
      operation: 'links',
      amount,
    },
  ],
  ['webhook-ping', undefined],
];

describe('documented bodies', () => {
  it.each(submits)('a submit, %s', (file, order, expected) =>
    expect(toOutcome(answer(file), order)).toMatchObject(expected),
  );
  it.each(reports)('a status, %s', (file, order, expected) =>
    expect(toReport(answer(file), order)).toMatchObject(expected),
  );
  it.each(codes)('a one-time code, %s', (file, expected) =>
    expect(toOtpOutcome(answer(file), wave)).toMatchObject(expected),
  );
  it.each(checks)('the key, %s', (file, kind) => expect(toCredentialCheck(answer(file)).kind).toBe(kind));
  it.each(webhooks)('a webhook, %s', (file, expected) => {
    expect(callbacks.authenticate(callback(file))).toBe('unsigned');
    expect(callbacks.parse(callback(file))).toEqual(expected);
  });

  it('the balance and the services', () => {
    const available = Money.ofMinor(412300n, 'XOF');
    expect(toBalance(answer('balance'))).toEqual({ kind: 'balances', balances: [{ account: 'merchant', available }] });
    expect(toServiceCodes(answer('services'))).toEqual(['WAVE_SN_CASHOUT']);
  });

  it('every file is in a table above', () => {
    const named = [...submits, ...reports, ...codes, ...checks, ...webhooks].map(([file]) => `${file}.http`);
    expect([...new Set([...named, 'services.http'])].sort()).toEqual(readdirSync(folder).sort());
  });
});

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
  return { method: 'POST', headers, body: Buffer.from(text), sourceAddress: '192.0.2.7', purpose: 'status' };
}
