import { FAULTS } from './faults.js';
import type { MpesaSimulatorOptions } from './index.js';
import { SETTINGS } from './settings.js';
import { call, Merchant, PAYER } from './spec-support.js';

let merchant: Merchant;
const open = async (options: MpesaSimulatorOptions = {}): Promise<void> => {
  merchant = await Merchant.open(options);
};
afterEach(() => merchant.close());

it('says who it is and how much is going on', async () => {
  await open();
  await merchant.pushed();
  expect((await merchant.control('GET', '/health')).json).toMatchObject({
    simulator: 'mpesa',
    status: 'ok',
    simulated: true,
    idle: false,
    openPrompts: 1,
    transfers: 0,
  });
});

it('answers every mistake in JSON that says what there is instead', async () => {
  await open();
  expect(await merchant.control('GET', '/nothing')).toMatchObject({
    status: 404,
    json: { error: 'not_found', message: expect.stringContaining('GET /_control/transfers') },
  });
  expect(await merchant.control('DELETE', '/transfers')).toMatchObject({ status: 405, json: { message: 'Use GET.' } });
  expect(await merchant.control('GET', '/phones/123')).toMatchObject({ status: 400, json: { error: 'invalid_phone' } });
  expect(await merchant.control('POST', `/phones/${PAYER}/answer`, { action: 'dance' })).toMatchObject({
    status: 400,
    json: { error: 'invalid_body' },
  });
  expect(await merchant.control('POST', `/phones/${PAYER}/answer`, { action: 'pin' })).toMatchObject({
    status: 404,
    json: { error: 'no_prompt' },
  });
  const broken = await call(`${merchant.simulator.baseUrl}/_control/faults`, { method: 'PUT', body: '{' });
  expect(broken).toMatchObject({ status: 400, json: { error: 'invalid_json' } });
});

it('lets no other site in a browser turn anything', async () => {
  await open();
  const answer = await call(`${merchant.simulator.baseUrl}/_control/reset`, {
    method: 'POST',
    headers: { 'Sec-Fetch-Site': 'cross-site' },
  });
  expect(answer.status).toBe(403);
});

describe.each([
  ['faults', FAULTS],
  ['settings', SETTINGS],
])('%s', (path, table) => {
  it('document themselves', async () => {
    await open();
    const rows = (await merchant.control('GET', `/${path}`)).json as Record<string, unknown>[];
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(table));
    for (const row of rows) {
      expect(row).toEqual({
        name: expect.any(String),
        description: expect.stringMatching(/.{12,}/),
        type: expect.any(String),
        default: row['default'],
        value: row['value'],
      });
      expect('default' in row && 'value' in row).toBe(true);
    }
  });

  it('refuse an unknown name and list the known ones, changing nothing', async () => {
    await open();
    const known = Object.keys(table)[0] ?? '';
    const before = await merchant.control('GET', `/${path}`);
    for (const body of [
      { noSuchThing: true },
      { constructor: 1 },
      { [known]: { not: 'this' }, callbackCopies: 1, promptDelayMs: 9 },
    ]) {
      const answer = await merchant.control('PUT', `/${path}`, body);
      expect(answer.status).toBe(400);
    }
    expect((await merchant.control('PUT', `/${path}`, { noSuchThing: true })).json).toMatchObject({
      error: 'invalid_switch',
      message: expect.stringContaining(known),
    });
    expect((await merchant.control('GET', `/${path}`)).json).toEqual(before.json);
  });
});

it('turns faults on, shows them, and off again one by one or all', async () => {
  await open();
  const valueOf = async (name: string): Promise<unknown> =>
    ((await merchant.control('GET', '/faults')).json as { name: string; value: unknown }[]).find(
      (row) => row.name === name,
    )?.value;
  expect((await merchant.control('PUT', '/faults', { spikeArrest: 2, inFlight: '500' })).status).toBe(200);
  await merchant.push();
  expect([await valueOf('spikeArrest'), await valueOf('inFlight')]).toEqual([1, '500']);
  await merchant.control('DELETE', '/faults/spikeArrest');
  expect([await valueOf('spikeArrest'), await valueOf('inFlight')]).toEqual([false, '500']);
  await merchant.control('DELETE', '/faults');
  expect(await valueOf('inFlight')).toBe('4999');
  expect((await merchant.control('DELETE', '/faults/nothing')).status).toBe(404);
});

it('turns delays while it runs, and back to what they were at the start', async () => {
  await open();
  await merchant.control('PUT', '/settings', { promptDelayMs: 123 });
  const rows = (await merchant.control('DELETE', '/settings')).json as { name: string; value: unknown }[];
  expect(rows.find(({ name }) => name === 'promptDelayMs')?.value).toBe(0);
});

it('answers a phone, waiting for its prompt', async () => {
  await open({ settings: { promptDelayMs: 400 } });
  const id = await merchant.pushed();
  expect(await merchant.control('POST', `/phones/${PAYER}/answer`, { action: 'pin' })).toMatchObject({
    status: 409,
    json: { error: 'not_shown_yet' },
  });
  const answered = await merchant.control('POST', `/phones/${PAYER}/answer`, { action: 'pin', waitMs: 5000 });
  expect(answered).toMatchObject({ status: 200, json: { checkoutRequestId: id } });
  expect((await merchant.control('POST', '/idle', { waitMs: 5000 })).json).toEqual({ idle: true });
  expect((await merchant.control('GET', '/transfers')).json).toMatchObject([
    { direction: 'in', party: PAYER, amount: '150.00', currency: 'KES', reference: 'ORDER-7781', status: 'completed' },
  ]);
  expect((await merchant.control('GET', '/prompts')).json).toMatchObject([
    { checkoutRequestId: id, state: 'ended', resultCode: '0', shownAt: expect.any(String) },
  ]);
  expect((await merchant.control('GET', '/accounts')).json).toEqual(
    expect.arrayContaining([
      { shortcode: '174379', name: 'Demo Shop', till: null, locked: false, balances: { 'Utility Account': '150.00' } },
    ]),
  );
});

it('shows the phones it has met, and looks at others without opening a wallet', async () => {
  await open();
  expect((await merchant.control('GET', '/phones/254700001032')).json).toMatchObject({
    balance: '250000.00',
    magic: '1032',
    prompt: null,
  });
  expect((await merchant.control('GET', '/phones')).json).toEqual([]);
  await merchant.pushed();
  expect((await merchant.control('GET', '/phones')).json).toMatchObject([
    { msisdn: PAYER, prompt: { amount: '150.00', business: 'Demo Shop' } },
  ]);
  await merchant.control('PUT', '/phones/254711222333', { balance: 40 });
  expect((await merchant.control('GET', '/phones?limit=1')).json).toMatchObject([
    { msisdn: '254711222333', balance: '40.00' },
  ]);
  expect((await merchant.control('GET', '/phones?limit=none')).status).toBe(400);
});

it('forges callbacks about our pushes and any others, beside the real one', async () => {
  await open();
  const id = await merchant.pushed();
  const forged = await merchant.control('POST', '/callbacks/send', {
    checkoutRequestId: id,
    resultCode: 0,
    amount: 1,
    receipt: 'UCE0000000',
  });
  expect(forged).toMatchObject({ status: 200, json: { status: 200, error: null } });
  const raw = await merchant.control('POST', '/callbacks/send', {
    url: merchant.ear.url,
    body: 'no JSON at all',
    headers: { 'X-Forged': 'yes' },
  });
  expect(raw.status).toBe(200);
  expect(
    await merchant.control('POST', '/callbacks/send', { checkoutRequestId: 'ws_CO_none', resultCode: 0 }),
  ).toMatchObject({ status: 404 });
  expect(await merchant.control('POST', '/callbacks/send', { url: 'file:///etc/hosts', body: {} })).toMatchObject({
    status: 400,
  });
  await merchant.simulator.answer(PAYER, 'cancel');
  const [first, second, third] = await merchant.ear.hear(3);
  expect(JSON.parse(first?.text ?? '')).toMatchObject({
    Body: { stkCallback: { CheckoutRequestID: id, ResultCode: 0 } },
  });
  expect(first?.text).toContain('"Value":1.00');
  expect([second?.text, second?.headers['x-forged']]).toEqual(['no JSON at all', 'yes']);
  expect(JSON.parse(third?.text ?? '')).toMatchObject({ Body: { stkCallback: { ResultCode: 1032 } } });
  expect(merchant.simulator.transfers()).toEqual([]);
});

it('forgets everything on reset, what is under way included', async () => {
  await open({ settings: { answerDelayMs: 10 } });
  await merchant.pushed();
  merchant.simulator.setFaults({ callbackDrop: true });
  merchant.simulator.setSettings({ promptDelayMs: 5 });
  expect((await merchant.control('POST', '/reset')).json).toEqual({ reset: true });
  for (const list of ['transfers', 'prompts', 'callbacks', 'phones'])
    expect((await merchant.control('GET', `/${list}`)).json).toEqual([]);
  expect((await merchant.control('GET', '/health')).json).toMatchObject({ idle: true });
  expect((await merchant.push()).status).toBe(404); // The token went too.
  await new Promise((resolve) => setTimeout(resolve, 40)); // Longer than the forgotten prompt would have needed.
  expect(merchant.simulator.transfers()).toEqual([]);
  const faults = (await merchant.control('GET', '/faults')).json as { default: unknown; value: unknown }[];
  expect(faults.filter(({ default: fallback, value }) => JSON.stringify(fallback) !== JSON.stringify(value))).toEqual(
    [],
  );
});

it('explains its magic numbers', async () => {
  await open();
  expect((await merchant.control('GET', '/magic')).json).toMatchObject({
    codes: { 1032: { stage: 'declined' } },
    testNumber: expect.stringContaining('254708374149'),
  });
});
