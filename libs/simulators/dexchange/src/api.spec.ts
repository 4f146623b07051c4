import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDexchangeSimulator } from './index.js';
import { AT_ONCE, idOf, inner, KEY, Shop } from './spec-support.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());
beforeEach(async () => {
  await shop.simulator.idle();
  shop.simulator.reset();
  shop.heard.length = 0;
});

describe('collections', () => {
  it('are answered at once, paid, told and booked once', async () => {
    const answer = await shop.init({ number: '770000001' });
    expect(answer.status).toBe(201);
    expect(inner(answer)).toMatchObject({
      success: true,
      transactionId: expect.stringMatching(/^TID[A-Z0-9]{10}$/),
      Status: 'PENDING',
      transactionFee: 113,
      cashout_url: expect.stringContaining('/c/TID'),
    });
    expect(await shop.settled(idOf(answer))).toMatchObject({
      ServiceCode: 'WAVE_SN_CASHOUT',
      Amount: 7500,
      Number: '770000001',
      Status: 'SUCCESS',
      OperatorApi: expect.stringMatching(/^WAVE\d{11}$/),
    });
    expect(shop.heard).toMatchObject([{ id: idOf(answer), STATUS: 'SUCCESS', AMOUNT: 7500, FEE: 113 }]);
    expect(shop.simulator.transfers()).toMatchObject([{ direction: 'in', party: '221770000001', amount: '7500' }]);
    expect(await shop.balance()).toBe(10_000_000 + 7500 - 113);
  });

  it.each([
    ['02', 'FAILED', ['FAILED']],
    ['03', 'CANCELLED', ['CANCELLED']],
    ['05', 'SUCCESS', ['SUCCESS']],
    ['07', 'SUCCESS', []],
    ['08', 'SUCCESS', ['SUCCESS', 'SUCCESS', 'PENDING']],
    ['09', 'FAILED', ['SUCCESS']],
  ])('of a number that ends in %s end %s', async (ending, status, told) => {
    const id = idOf(await shop.init({ number: `7700000${ending}` }));
    expect(await shop.settled(id)).toMatchObject({ Status: status });
    expect(shop.heard.map(({ STATUS }) => STATUS)).toEqual(told);
    expect(shop.simulator.transfers()).toHaveLength(status === 'SUCCESS' ? 1 : 0);
  });

  it('are given up when nobody pays, and can be paid late', async () => {
    const late = idOf(await shop.init({ number: '770000010' }));
    shop.simulator.setFaults({ outcome: 'ignore' });
    const unpaid = idOf(await shop.init());
    expect((await shop.call('GET', `/api/v1/transaction/${unpaid}`)).json).toMatchObject({
      transaction: { Status: 'PENDING', Completed_at: null },
    });
    shop.simulator.advance(900_000);
    expect(await shop.settled(late)).toMatchObject({ Status: 'SUCCESS' });
    expect(await shop.settled(unpaid)).toMatchObject({ Status: 'EXPIRED' });
    expect(shop.heard.map(({ STATUS }) => STATUS)).toEqual(expect.arrayContaining(['EXPIRED', 'EXPIRED', 'SUCCESS']));
  });

  it('of Wizall wait for the code, and the third wrong one ends them', async () => {
    const first = idOf(await shop.init({ serviceCode: 'WIZALL_SN_CASHOUT' }));
    await shop.simulator.idle();
    const phone = (await shop.call('GET', '/_control/phones/221770000042')).json as { prompt: { otp: string } };
    const confirm = (transactionId: string, otp: string) =>
      shop.call('POST', '/api/v1/transaction/confirm/wizall', { transactionId, otp });
    expect(await confirm(first, phone.prompt.otp)).toMatchObject({
      status: 201,
      json: { transaction: { success: true } },
    });
    expect(await shop.settled(first)).toMatchObject({ Status: 'SUCCESS' });
    expect((await confirm(first, phone.prompt.otp)).json).toMatchObject({ message: ['Transaction already confirmed'] });

    const second = idOf(await shop.init({ serviceCode: 'WIZALL_SN_CASHOUT' }));
    for (let i = 0; i < 3; i++) expect(await confirm(second, 'wrong')).toMatchObject({ status: 400 });
    expect(await shop.settled(second)).toMatchObject({ Status: 'FAILED' });
    expect((await confirm('TIDNOBODY00', '1')).status).toBe(404);
  });
});

describe('payouts', () => {
  it('leave the balance with the yes, and come back with a failure', async () => {
    shop.simulator.setSettings({ speed: 1 });
    const paid = idOf(await shop.payOut());
    const failed = idOf(await shop.payOut({ number: '770000002' }));
    expect(await shop.balance()).toBe(10_000_000 - 2 * 7613);
    shop.simulator.advance(3_000);
    expect(await shop.settled(failed)).toMatchObject({ Status: 'FAILED' });
    expect(await shop.settled(paid)).toMatchObject({ Status: 'SUCCESS' });
    expect(await shop.balance()).toBe(10_000_000 - 7613);
    expect(shop.simulator.transfers()).toMatchObject([{ direction: 'out', party: '221770000042', amount: '7500' }]);
  });

  it('that fail and are paid late all the same cost what they cost', async () => {
    const late = idOf(await shop.payOut({ number: '770000010' }));
    shop.simulator.advance(900_000);
    expect(await shop.settled(late)).toMatchObject({ Status: 'SUCCESS' });
    expect(await shop.balance()).toBe(10_000_000 - 7613);
  });

  it('above the balance are refused', async () => {
    await shop.call('PUT', '/_control/balance', { balance: 7612 });
    expect(await shop.payOut()).toMatchObject({ status: 400, json: { message: ['Insufficient balance'] } });
  });

  it('may be final at once', async () => {
    shop.simulator.setFaults({ finalAtOnce: 1 });
    expect(inner(await shop.payOut())).toMatchObject({ Status: 'SUCCESS' });
    expect(shop.heard).toHaveLength(1);
  });

  it.each([
    ['answerLost', undefined],
    ['answerError', 500],
    ['answerUnavailable', 503],
    ['answerTimeout', 504],
    ['answerUnreadable', 201],
    ['answerWithoutId', 201],
  ] as const)('pay although the answer is no answer: %s', async (fault, status) => {
    shop.simulator.setFaults({ [fault]: 1 });
    const answer = await shop.payOut({ externalTransactionId: 'ext-lost' }).catch(() => undefined);
    expect(answer?.status).toBe(status);
    await shop.simulator.idle();
    expect(shop.simulator.transfers()).toHaveLength(1);
    expect((await shop.payOut({ externalTransactionId: 'ext-lost' })).status).toBe(409);
  });

  it('answer 504 for a number that ends in 06, and pay', async () => {
    expect((await shop.payOut({ number: '770000006' })).status).toBe(504);
    await shop.simulator.idle();
    expect(shop.simulator.transfers()).toHaveLength(1);
  });
});

describe('refusals', () => {
  it.each([
    ['no key', undefined, null, 401, 'Invalid API key'],
    ['maintenance', { maintenance: true }, KEY, 403, 'API under maintenance'],
    ['the address', { addressRefused: true }, KEY, 403, 'IP address not authorized'],
    ['the account', { merchantSuspended: true }, KEY, 403, 'Merchant account is not active'],
    ['the rate', { throttled: true }, KEY, 429, 'Too many requests'],
  ])('%s comes before the fields', async (_, faults, key, status, message) => {
    if (faults) shop.simulator.setFaults(faults);
    const answer = await shop.call('POST', '/api/v1/transaction/init', {}, key);
    expect(answer).toMatchObject({ status, json: { message: [message], success: false } });
  });

  it.each([
    [{ number: '+221770000042' }, 'number must match /^[0-9]{9}$/ regular expression'],
    [{ amount: 199 }, 'amount must not be less than 200'],
    [{ amount: 1_000_001 }, 'amount must not be greater than 1000000'],
    [{ amount: '7500' }, 'amount must be a number conforming to the specified constraints'],
    [{ callBackURL: undefined }, 'callBackURL should not be empty'],
    [{ serviceCode: 'EMONEY_SN_CASHOUT' }, 'Service not found'],
  ])('a field: %j', async (changes, message) => {
    expect(await shop.init(changes)).toMatchObject({ status: 400, json: { message: [message] } });
  });

  it('one message a field, and links from 100 francs', async () => {
    const answer = await shop.link({ ItemPrice: 99, ItemName: 4 });
    expect(answer.json).toEqual({
      message: ['ItemPrice must not be less than 100', 'ItemName must be a string'],
      success: false,
    });
  });

  it('the same again at the operator, where the number asks for it', async () => {
    await shop.init({ number: '770000011' });
    expect((await shop.init({ number: '770000011' })).text).toContain('identique');
    shop.simulator.advance(60_000);
    expect((await shop.init({ number: '770000011' })).status).toBe(201);
  });

  it('above the limit, and says so in headers', async () => {
    shop.simulator.setSettings({ requestsPerMinute: 1 });
    expect((await shop.init()).headers.get('x-ratelimit-remaining')).toBe('0');
    const answer = await shop.init();
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('60');
  });
});

it('speaks every form that is documented', async () => {
  shop.simulator.setSettings({ linkEnvelope: 'flat', statusKey: 'status', successWord: 'COMPLETED' });
  expect((await shop.link()).json).toMatchObject({ transactionId: expect.stringMatching(/^MID/), status: 'PENDING' });
  expect(await shop.settled(idOf(await shop.init()))).toMatchObject({ status: 'COMPLETED' });
  expect(shop.heard).toMatchObject([{ STATUS: 'COMPLETED' }]);
});

it('sends a webhook again until it is taken', async () => {
  const triedTimes = async (count: number) => {
    while ((shop.simulator.webhooks()[0]?.tries.length ?? 0) < count) await new Promise(setImmediate);
  };
  shop.answers.push(500, 503);
  await shop.init();
  await triedTimes(1);
  shop.simulator.advance(30_000);
  await triedTimes(2);
  shop.simulator.advance(119_000);
  await shop.simulator.idle();
  expect(shop.heard).toHaveLength(2);
  shop.simulator.advance(1_000);
  await triedTimes(3);
  expect(shop.simulator.webhooks()).toMatchObject([{ state: 'delivered' }]);
});

it('keeps its book through a kill', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'dexchange-'));
  try {
    const first = await Shop.open({ dataDir });
    const paid = idOf(await first.init());
    await first.simulator.idle();
    first.simulator.setSettings({ speed: 1 });
    await first.payOut({ externalTransactionId: 'ext-open' });
    await first.close();
    const again = await startDexchangeSimulator({ dataDir, settings: AT_ONCE });
    expect(again.transfers()).toMatchObject([{ id: paid }]);
    again.advance(2_000);
    await again.idle();
    expect(again.transfers()).toMatchObject([{ id: paid }, { reference: 'ext-open', direction: 'out' }]);
    await again.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
