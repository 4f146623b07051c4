import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMonerooSimulator } from './index.js';
import { AT_ONCE, idOf, LIVE_KEY, Merchant, SANDBOX_KEY, SECRET, toPayout } from './spec-support.js';

let merchant: Merchant;
beforeEach(async () => {
  merchant = await Merchant.open();
});
afterEach(() => merchant.close());

describe('payouts', () => {
  it('are answered with the id alone, and pay once', async () => {
    const answer = await merchant.payOut();
    expect(answer).toMatchObject({
      status: 201,
      json: { data: { id: expect.stringMatching(/^po_[a-z0-9]{12}$/) }, errors: null },
    });
    expect(await merchant.settled('payouts', idOf(answer))).toMatchObject({
      status: 'success',
      amount: 2500,
      currency: { code: 'XOF' },
      environment: 'sandbox',
      metadata: { payout_ref: 'ref-1' },
      disburse: { failure_message: null, method: { short_code: 'mtn_bj' } },
    });
    expect(merchant.simulator.transfers()).toMatchObject([
      { direction: 'out', party: '2290190112233', amount: '2500', currency: 'XOF', reference: 'ref-1' },
    ]);
  });

  it('have no guard against duplicates: the same again pays again', async () => {
    await merchant.payOut();
    await merchant.payOut();
    await merchant.simulator.idle();
    expect(merchant.simulator.transfers()).toHaveLength(2);
  });

  it.each([
    ['4149518161', 'success'],
    ['4149518162', 'failed'],
    ['4149518163', 'pending'],
    ['4149518164', 'failed'],
  ])('of the test method end by their number: %s %s', async (number, status) => {
    const demo = { method: 'moneroo_payout_demo', currency: 'USD', recipient: { account_number: number } };
    expect(await merchant.settled('payouts', idOf(await merchant.payOut(demo)))).toMatchObject({ status });
  });

  it.each([
    ['answerLost', undefined],
    ['answerError', 500],
    ['answerGateway', 502],
    ['answerUnreadable', 201],
    ['answerWithoutId', 201],
  ] as const)('pay although the answer is no answer: %s', async (fault, status) => {
    merchant.simulator.setFaults({ [fault]: 1 });
    const answer = await merchant.payOut().catch(() => undefined);
    expect(answer?.status).toBe(status);
    await merchant.simulator.idle();
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it.each(['requestLost', 'errorBefore', 'maintenance', 'throttled'] as const)('are not taken: %s', async (fault) => {
    merchant.simulator.setFaults({ [fault]: 1 });
    await merchant.payOut().catch(() => undefined);
    await merchant.simulator.idle();
    expect(merchant.simulator.transactions()).toEqual([]);
  });

  it('fail when the gateway account is empty', async () => {
    merchant.simulator.setSettings({ gatewayFloat: 3000 });
    const ids = [idOf(await merchant.payOut()), idOf(await merchant.payOut())];
    const ends = await Promise.all(ids.map((id) => merchant.settled('payouts', id)));
    expect(ends.map(({ status }) => status)).toEqual(['success', 'failed']);
  });
});

describe('requests', () => {
  const wrong: [string, object, string][] = [
    ['no recipient', { recipient: {} }, 'recipient.msisdn'],
    ['a plus in the recipient', { recipient: { msisdn: '+2290190112233' } }, 'recipient.msisdn'],
    ['the recipient at the top level', { recipient: undefined, msisdn: '2290190112233' }, 'recipient.msisdn'],
    ['a fraction of a franc', { amount: 2500.5 }, 'amount'],
    ['an amount as text', { amount: '2500' }, 'amount'],
    ['an amount of nothing', { amount: 0 }, 'amount'],
    ['another currency than the method', { currency: 'KES' }, 'currency'],
    ['a method nobody has', { method: 'mtn_xx' }, 'method'],
    ['a number in the metadata', { metadata: { n: 1 } }, 'metadata.n'],
    [
      'eleven entries',
      { metadata: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, 'v'])) },
      'metadata',
    ],
    ['a long description', { description: 'x'.repeat(156) }, 'description'],
    ['no e-mail', { customer: { first_name: 'Ama', last_name: 'Koffi' } }, 'customer.email'],
  ];
  it.each(wrong)('are refused with the field: %s', async (_, changes, field) => {
    const { status, json } = await merchant.payOut({ ...changes });
    expect(status).toBe(422);
    expect(Object.keys((json as { errors: object }).errors)).toContain(field);
    expect(merchant.simulator.transactions()).toEqual([]);
  });

  it('are refused with a list where that is the form', async () => {
    merchant.simulator.setSettings({ errorsForm: 'array' });
    expect((await merchant.payOut({ recipient: {} })).json).toMatchObject({
      errors: [{ type: 'validation', hint: 'recipient.msisdn' }],
    });
  });

  it('need a key, and see nothing of the other environment', async () => {
    expect(await merchant.payOut({}, 'pvk_sandbox_nobody|x')).toMatchObject({
      status: 401,
      json: { message: 'Unauthenticated.' },
    });
    expect((await merchant.call('GET', '/v1/payouts/po_x', undefined, null)).status).toBe(401);
    const id = idOf(await merchant.payOut({}, LIVE_KEY));
    expect((await merchant.call('GET', `/v1/payouts/${id}/verify`)).status).toBe(404);
    const live = await merchant.call('GET', `/v1/payouts/${id}/verify`, undefined, LIVE_KEY);
    expect(live.json).toMatchObject({ data: { environment: 'live' } });
  });

  it('find only what the documents name', async () => {
    expect(await merchant.call('GET', '/v1/payments')).toMatchObject({
      status: 404,
      json: { message: 'The route v1/payments could not be found.' },
    });
    expect((await merchant.call('GET', '/v1/utils/payout/methods')).status).toBe(404);
    expect((await merchant.call('GET', '/v1/payouts/initialize')).status).toBe(405);
    expect((await merchant.call('POST', '/v1/payments/py_x/process')).status).toBe(403);
    expect((await merchant.call('POST', '/v1/payouts/initialize', 'no json')).status).toBe(400);
  });

  it('list methods without version and key', async () => {
    const { json } = await merchant.call('GET', '/utils/payout/methods', undefined, null);
    const { data } = json as { data: { short_code: string; fields: object[] }[] };
    expect(data).toHaveLength(44);
    expect(data.find(({ short_code }) => short_code === 'mtn_bj')?.fields).toMatchObject([
      { name: 'msisdn', type: 'number' },
    ]);
    const payments = (await merchant.call('GET', '/utils/payment/methods')).json as { data: object[] };
    expect(payments.data).toHaveLength(67);
  });

  it('a fresh sandbox has the test methods alone', async () => {
    merchant.simulator.setSettings({ sandboxMethods: 'demo' });
    expect(await merchant.payOut()).toMatchObject({
      status: 400,
      json: { message: 'No payment methods enabled for this currency' },
    });
    expect((await merchant.payOut({}, LIVE_KEY)).status).toBe(201);
  });

  it('are limited for each key', async () => {
    merchant.simulator.setSettings({ requestsPerMinute: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await merchant.call('GET', '/v1/payouts/po_x')).status);
    expect(statuses).toEqual([404, 404, 429]);
    expect((await merchant.call('GET', '/v1/payouts/po_x', undefined, LIVE_KEY)).status).toBe(404);
  });

  it('retrieve speaks an older form unless told otherwise, and empty metadata is a list', async () => {
    const id = idOf(await merchant.payOut({ metadata: undefined }));
    await merchant.simulator.idle();
    expect((await merchant.call('GET', `/v1/payouts/${id}`)).json).toMatchObject({
      data: { currency: 'XOF', metadata: [], method: { code: 'mtn_bj' }, payout_phone_number: '2290190112233' },
    });
    merchant.simulator.setSettings({ retrieveShape: 'same' });
    expect((await merchant.call('GET', `/v1/payouts/${id}`)).json).toMatchObject({
      data: { currency: { code: 'XOF' } },
    });
  });

  it('may have a body although they only read, as the official PHP client sends them', async () => {
    const id = idOf(await merchant.payOut());
    const headers = { Authorization: `Bearer ${SANDBOX_KEY}`, 'Content-Type': 'application/json', 'Content-Length': 2 };
    const status = await new Promise((resolve, reject) => {
      const url = `${merchant.simulator.baseUrl}/v1/payouts/${id}/verify`;
      request(url, { method: 'GET', headers }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end('[]');
    });
    expect(status).toBe(200);
  });
});

describe('webhooks', () => {
  it('are signed over bytes as PHP writes them, thin, and in order', async () => {
    await merchant.payOut({ customer: { email: 'a@example.com', first_name: 'Cœur', last_name: 'A/B' } });
    await merchant.simulator.idle();
    expect(merchant.heard.map(({ event }) => event)).toEqual(['payout.initiated', 'payout.success']);
    for (const { headers, text } of merchant.heard) {
      expect(headers['x-moneroo-signature']).toBe(createHmac('sha256', SECRET).update(text).digest('hex'));
      expect(text).toContain('C\\u0153ur');
      expect(text).toContain('A\\/B');
      expect(text).not.toContain('metadata');
    }
  });

  it('come again until exactly 200, four times at most', async () => {
    merchant.answers.push(201, 204, 500, 302);
    await merchant.payOut();
    const done = () => merchant.simulator.webhooks().every(({ state }) => state === 'delivered' || state === 'failed');
    while (merchant.simulator.webhooks().length < 2 || !done()) await new Promise((resolve) => setImmediate(resolve));
    const tries = merchant.simulator.webhooks().flatMap((webhook) => webhook.tries.map(({ status }) => status));
    expect(tries.filter((status) => status !== 200).sort()).toEqual([201, 204, 302, 500]);
    expect(merchant.simulator.webhooks().every(({ tries: all }) => all.length <= 4)).toBe(true);
  });

  it('can come before the answer, twice, with a wrong signature, lying, or never', async () => {
    merchant.simulator.setFaults({ webhookEarly: 1 });
    await merchant.payOut();
    expect(merchant.heard.map(({ event }) => event)).toContain('payout.initiated');
    await merchant.simulator.idle();

    merchant.heard.length = 0;
    merchant.simulator.setFaults({ webhookCopies: 1, webhookSignature: 'wrong', webhookStatus: 'failed' });
    await merchant.payOut();
    await merchant.simulator.idle();
    expect(merchant.heard.filter(({ event }) => event === 'payout.failed')).toHaveLength(2);
    const [first] = merchant.heard;
    expect(first?.headers['x-moneroo-signature']).not.toBe(
      createHmac('sha256', SECRET)
        .update(first?.text ?? '')
        .digest('hex'),
    );

    merchant.heard.length = 0;
    merchant.simulator.setFaults({ webhookDrop: true });
    await merchant.payOut();
    await merchant.simulator.idle();
    expect(merchant.heard).toEqual([]);
    expect(merchant.simulator.transfers()).toHaveLength(3);
  });
});

it('the book outlives the process: money stays moved, and what was under way goes on', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'moneroo-simulator-'));
  const first = await startMonerooSimulator({ dataDir, settings: { ...AT_ONCE, processingDelayMs: 60_000 } });
  const headers = { Authorization: 'Bearer pvk_demo01|01J8Z000000000000000L1VE01', 'Content-Type': 'application/json' };
  const answer = await fetch(`${first.baseUrl}/v1/payouts/initialize`, {
    method: 'POST',
    headers,
    body: JSON.stringify(toPayout()),
  });
  expect(answer.status).toBe(201);
  expect(first.transfers()).toEqual([]);
  await first.close();
  const later = {
    now: () => Date.now() + 120_000,
    after: (_: number, work: () => void) => (setImmediate(work), () => undefined),
  };
  const second = await startMonerooSimulator({ dataDir, settings: AT_ONCE, time: later });
  try {
    expect(await second.idle()).toBe(true);
    expect(second.transfers()).toMatchObject([{ direction: 'out', amount: '2500' }]);
  } finally {
    await second.close();
    rmSync(dataDir, { recursive: true });
  }
});
