import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCallback, type Flaws } from './example/acme-adapter.js';
import { createAcmeStage } from './example/acme-stage.js';
import { Bench, describeProvider, listChecks, runCheck, type Subject } from './index.js';
import { ReportWriter } from './report.js';

// A model adapter passes everything …
describeProvider(createAcmeStage(), { reportFolder: null }); // No row in the matrix of real providers.

// … and each of these is found. A rule that finds none of them would be no rule.
const flaws: [string, Flaws, RegExp][] = [
  [
    'an http host',
    { definition: { hosts: { test: 'http://acme.example', live: 'https://acme.example' } } },
    /https host/,
  ],
  ['an id that is no folder', { definition: { id: 'Acme Pay' } }, /folder name/],
  ['a rate limit of nothing', { definition: { rateLimit: { requests: 0, perMs: 1 } } }, /rate limit/],
  ['a source that is no address', { definition: { sourceAddresses: ['acme.example'] } }, /source addresses/],
  ['more decimals than the currency', { method: { decimals: 3 } }, /acme_ke is sane/],
  ['bounds in the wrong order', { method: { min: '100', max: '10' } }, /acme_ke is sane/],
  ['a bound finer than the method', { method: { min: '10.50' } }, /acme_ke is sane/],
  ['a misspelled required field', { method: { requiredFields: ['first_name'] } }, /acme_ke is sane/],
  ['a schedule that falls', { operation: { inquirySchedule: [60_000, 10_000] } }, /collections: the facts are sane/],
  ['absence proven by their id', { operation: { inquireBy: 'providerReference' } }, /collections: the facts are sane/],
  ['no key on the wire', { body: ({ id: _, ...body }) => body }, /carries key, amount/],
  ['no callback URL', { body: ({ callbackUrl: _, ...body }) => body }, /carries key, amount/],
  ['another amount', { body: (body) => ({ ...body, amount: '1501' }) }, /carries key, amount/],
  ['another party', { body: (body) => ({ ...body, phone: '254700000000' }) }, /carries key, amount/],
  ['a new key each try', { body: (body) => ({ ...body, nonce: randomUUID() }) }, /say the same/],
  ['a kept connection', { keptConnection: true }, /connection of its own/],
  ['bytes after the deadline', { sendsLate: true }, /time to send has passed/],
  ['rounding', { rounds: true }, /never rounded/],
  ['a second send after silence', { sendsTwice: true }, /does not know: no answer at all/],
  [
    'silence taken for failure',
    {
      outcome: (outcome) => (outcome.kind === 'unknown' ? { kind: 'rejected', reason: 'provider_rejected' } : outcome),
    },
    /does not know: a reset after the request/,
  ],
  [
    'a 503 taken for "not taken"',
    {
      outcome: (outcome, exchange) =>
        exchange.kind === 'response' && exchange.status === 503 ? { kind: 'deferred', cause: '503' } : outcome,
    },
    /does not know: 503 with HTML/,
  ],
  [
    'a 429 taken for "not taken" without a document',
    {
      outcome: (outcome, exchange) =>
        exchange.kind === 'response' && exchange.status === 429 ? { kind: 'deferred', cause: '429' } : outcome,
    },
    /429 with HTML/,
  ],
  [
    'any 2xx taken for yes',
    {
      outcome: (outcome, exchange) =>
        exchange.kind === 'response' && exchange.status < 300 ? { kind: 'accepted', references: {} } : outcome,
    },
    /does not know: HTML with 200/,
  ],
  [
    'a token in a result',
    { outcome: (outcome, _, token) => ({ ...outcome, said: { providerMessage: `sent ${token}` } }) },
    /an order is taken/,
  ],
  [
    'what the provider quoted, word for word',
    {
      outcome: (outcome, exchange) =>
        exchange.kind === 'response' ? { ...outcome, said: { providerMessage: exchange.text } } : outcome,
    },
    /quotes is kept without secrets/,
  ],
  [
    'refused credentials taken for a refused payment',
    { outcome: (outcome) => (outcome.kind === 'rejected' ? { ...outcome, reason: 'provider_rejected' } : outcome) },
    /rejected as provider_misconfigured/,
  ],
  [
    'an inquiry that guesses from silence',
    { report: (report) => (report.kind === 'unknown' ? { kind: 'failed', reason: 'expired' } : report) },
    /learns nothing from no answer at all/,
  ],
  [
    'absence read from any 404',
    {
      report: (report, exchange) =>
        exchange.kind === 'response' && exchange.status === 404 ? { kind: 'absent' } : report,
    },
    /learns nothing from an HTML 404/,
  ],
  ['a token for every call', { ownTokens: true }, /share one token/],
  [
    'a callback that breaks the reader',
    { parse: (raw) => JSON.parse(new TextDecoder().decode(raw.body)) as never },
    /noise is no message/,
  ],
  [
    'a callback whose new word is success',
    {
      parse: (raw) => {
        const message = parseCallback(raw);
        return message && { ...message, report: { kind: 'succeeded' } };
      },
    },
    /a new word decides nothing/,
  ],
  ['signatures that nobody looks at', { authenticate: () => 'signed' }, /any other body it is not signed/],
  [
    'a signature that is only there',
    { authenticate: ({ headers }) => (headers['x-acme-signature'] ? 'signed' : 'forged') },
    /another account's secret/,
  ],
  [
    'signing over the parsed JSON',
    { authenticate: ({ body }) => (new TextDecoder().decode(body).trim().endsWith('}') ? 'signed' : 'forged') },
    /any other body it is not signed/,
  ],
  ['credentials refused because of a server fault', { refusesOnFaults: true }, /500 with JSON says nothing about/],
  ['an empty balance made of a fault', { emptyBalance: true }, /is no balance/],
];

// The rules that only some kinds of movement have, each with the kind that must notice.
const movementFlaws: [string, Flaws, RegExp, Subject][] = [
  ['more than was ordered', { body: (body) => ({ ...body, amount: '1501' }) }, /book shows/, 'payouts'],
  ['a payout to somebody else', { body: (body) => ({ ...body, phone: '254700000000' }) }, /book shows/, 'payouts'],
  [
    'a duplicate read as a no',
    {
      outcome: (outcome, exchange) =>
        exchange.kind === 'response' && exchange.status === 409
          ? { kind: 'rejected', reason: 'duplicate_suspected' }
          : outcome,
    },
    /never read as a no/,
    'payouts',
  ],
  [
    'a new key on the second try',
    { body: (body) => ({ ...body, id: randomUUID() }) },
    /never read as a no/,
    'collections',
  ],
  [
    'refused, although it was sent',
    {
      outcome: (outcome) => (outcome.kind === 'accepted' ? { kind: 'rejected', reason: 'provider_rejected' } : outcome),
    },
    /an order is taken/,
    'payouts',
  ],
  ['a payout without the name it needs', { incompleteParties: true }, /what the method requires/, 'payouts'],
  ['a required field left out', { body: ({ lastName: _, ...body }) => body }, /carries key, amount/, 'payouts'],
  ['a reversal of nothing', { body: ({ undoes: _, ...body }) => body }, /carries key, amount/, 'reversals'],
  ['an inquiry that asks nobody', { asksNobody: true }, /question taken|names what it asks/, 'reversals'],
  [
    'silence taken for "not ours"',
    { identify: async () => ({ kind: 'none' }) },
    /whose it is: (the attempt|nobody knows after no answer)/,
    'payouts',
  ],
  [
    'a lost payout that nothing leads back to',
    { identify: async () => ({ kind: 'unknown', cause: 'did not ask' }) },
    /is found again/,
    'payouts',
  ],
];

describe('the suite finds', () => {
  const everywhere = flaws.map(([name, flaw, rule]) => [name, flaw, rule, undefined] as const);

  it.each([...everywhere, ...movementFlaws])('%s', async (_, flaw, rule, noticedBy) => {
    const stage = createAcmeStage(flaw);
    const bench = new Bench(stage, 200); // A message that a flaw swallows is not worth waiting for.
    const isConcerned = (subject: Subject) =>
      noticedBy === undefined ? !['payouts', 'reversals', 'links'].includes(subject) : subject === noticedBy;
    const checks = listChecks(stage, bench.connect()).filter(
      ({ name, subject }) => rule.test(name) && isConcerned(subject),
    );
    expect(checks).not.toEqual([]);
    await bench.open();
    try {
      for (const check of checks) await expect(runCheck(bench, check)).rejects.toThrow();
    } finally {
      await bench.close();
    }
  });

  it('a capability that the stage does not play', async () => {
    const { balance: _, ...stage } = createAcmeStage();
    const bench = new Bench(stage);
    const [check] = listChecks(stage, bench.connect()).filter(({ name }) => /plays every capability/.test(name));
    expect(() => check?.run(bench)).toThrow();
  });
});

it('the report says what is supported and what passed', async () => {
  const stage = createAcmeStage();
  const bench = new Bench(stage);
  const report = new ReportWriter(stage.definition, bench.connect());
  const pass = { subject: 'collections', name: 'good', run: () => undefined } as const;
  const fail = { subject: 'collections', name: 'bad', run: () => undefined } as const;
  await report.record(pass, async () => undefined);
  await expect(report.record(fail, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    await report.write(folder);
    expect(JSON.parse(await readFile(join(folder, 'acme.json'), 'utf8'))).toMatchObject({
      provider: 'acme',
      countries: ['KE'],
      capabilities: {
        collections: {
          supported: true,
          facts: { dedupe: 'idempotent', inquireBy: 'attemptId', absentAfterMs: 600_000 },
          checks: [
            { name: 'good', passed: true },
            { name: 'bad', passed: false },
          ],
        },
        payouts: { supported: true, checks: [] },
        callbacks: { supported: true },
      },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
