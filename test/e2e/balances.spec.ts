import { ANSWER_PATIENCE_MS } from '../../src/balances/balance-refreshes.js';
import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { DEMO_ACCOUNT, PaymentStage } from '../support/payments.js';

const { initiatorName: _name, initiatorPassword: _password, ...COLLECTS_ONLY } = DEMO_ACCOUNT.credentials;

describeOnBothDatabases('Balances', (database) => {
  let stage: PaymentStage;
  let key: string;
  let accountId: string;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });
  afterAll(() => stage.close());

  beforeEach(async () => {
    stage.mpesa.clearFaults();
    const merchant = await stage.gateway.createMerchant();
    ({ key } = merchant);
    accountId = await stage.connect(merchant);
  });

  const call = (route: string, body?: object): Promise<TestAnswer> =>
    stage.gateway.request(route, { key, ...(body && { body }) });
  const refresh = (body: object = {}): Promise<TestAnswer> => call('POST /v1/balances/refresh', body);
  const read = async (): Promise<any> => (await call('GET /v1/balances')).body.data[0];
  const questions = (): any[] => stage.mpesa.orders().filter(({ api }) => api === 'balance');
  const news = async (): Promise<any[]> => (await call('GET /v1/events?type=provider.balance_low')).body.data;
  const limit = (amount: string | null): Promise<TestAnswer> =>
    call(`PATCH /v1/provider-accounts/${accountId}`, {
      lowBalance: amount === null ? null : { amount, currency: 'KES', account: 'Utility Account' },
    });

  async function until(isReached: (balance: any) => boolean, stepMs = 1_000): Promise<any> {
    for (let turn = 0; turn < 120; turn++) {
      const balance = await read();
      if (isReached(balance)) return balance;
      await stage.pass(stepMs);
    }
    throw new Error(`It never came to that: ${JSON.stringify(await read())}`);
  }
  const untilRefreshed = (): Promise<any> => until(({ refresh: { state } }) => state !== 'in_progress');

  it('are asked for, come by callback on a path of their own, and grow older', async () => {
    stage.mpesa.setFloat('174379', 22_800_000n);
    expect(await read()).toMatchObject({ balances: [], asOf: null, ageSeconds: null, refresh: { state: 'never' } });
    const answer = await refresh();
    expect([answer.status, answer.body.data[0].refresh.state]).toEqual([202, 'in_progress']);
    const balance = await untilRefreshed();
    expect(balance).toMatchObject({
      object: 'balance',
      providerAccountId: accountId,
      provider: 'mpesa',
      mode: 'test',
      refresh: { state: 'succeeded', detail: null },
      lowBalance: null,
      isLow: false,
    });
    expect(balance.balances).toContainEqual({ account: 'Utility Account', available: '228000.00', currency: 'KES' });
    stage.time.advance(90_000);
    expect((await read()).ageSeconds).toBe(Number(balance.ageSeconds) + 90);
    const { body } = await call('GET /v1/callbacks');
    expect(body.data[0]).toMatchObject({
      state: 'applied',
      trust: 'path',
      outcome: 'Evidence; the balance is stored.',
    });
  });

  it('tell the float that a payout left', async () => {
    stage.mpesa.setFloat('174379', 100_000n);
    const { body } = await stage.pay({ amount: '400' }, { key });
    await stage.untilOf(key, body.id, ['succeeded']);
    await refresh();
    const { balances } = await untilRefreshed();
    expect(balances).toContainEqual({ account: 'Utility Account', available: '600.00', currency: 'KES' });
  });

  it('are asked for once, however many ask at the same time', async () => {
    const before = questions().length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh({ providerAccountId: accountId })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    await untilRefreshed();
    await stage.pass(1_000);
    expect(questions().length - before).toBe(1);
  });

  it('are asked for again on a new path where the answer is lost, three times at most; what was known stays', async () => {
    await refresh();
    const known = await untilRefreshed();
    stage.mpesa.setFaults({ orderScope: 'balance', resultDrop: true });
    const before = questions().length;
    await refresh();
    const failed = await until(({ refresh: { state } }) => state !== 'in_progress', 10_000);
    expect(failed).toMatchObject({
      balances: known.balances,
      asOf: known.asOf,
      refresh: { state: 'failed', detail: 'Asked 3 times; the last time: no answer came.' },
    });
    expect(failed.ageSeconds).toBeGreaterThanOrEqual((3 * ANSWER_PATIENCE_MS) / 1000);
    expect(questions().length - before).toBe(3);
    const paths = stage.mpesa.callbacks().slice(-3);
    expect(new Set(paths.map(({ url }) => url)).size).toBe(3);
    stage.mpesa.clearFaults();
    await refresh();
    expect((await untilRefreshed()).refresh.state).toBe('succeeded');
  });

  it('that were lost once are there after the second question', async () => {
    stage.mpesa.setFaults({ orderScope: 'balance', resultDrop: true });
    await refresh();
    await stage.pass(1_000);
    stage.mpesa.clearFaults();
    const balance = await until(({ refresh: { state } }) => state === 'succeeded', 10_000);
    expect(balance.ageSeconds).toBeLessThan(60);
  });

  it.each([
    ['the provider says no', { balanceResult: '21' }],
    [
      'the acknowledgement is lost, and with it the ids of the question',
      { orderScope: 'balance', orderAnswerLost: true },
    ],
    ['a notice says that the question expired', { orderScope: 'balance', queueTimeout: true }],
  ] as const)('say that they failed where %s every time', async (_, faults) => {
    stage.mpesa.setFaults(faults);
    await refresh();
    const { balances, refresh: state } = await until(({ refresh: { state } }) => state === 'failed', 10_000);
    expect([balances, state.detail]).toEqual([[], expect.stringMatching(/^Asked 3 times; the last time: .*\.$/)]);
  });

  it('are not taken from whoever merely knows the path', async () => {
    stage.mpesa.setFaults({ orderScope: 'balance', resultDrop: true });
    const before = stage.mpesa.callbacks().length;
    await refresh();
    while (stage.mpesa.callbacks().length === before) await stage.pass(100);
    const { url, body } = stage.mpesa.callbacks().at(-1) ?? { url: '', body: '' };
    const forged = JSON.parse(body);
    Object.assign(forged.Result, { ConversationID: 'AG_1', OriginatorConversationID: 'x-1' });
    await stage.sendCallback(url, JSON.stringify(forged));
    await stage.pass(1_000);
    expect((await read()).balances).toEqual([]);
    // The genuine one, late: evidence still.
    await stage.sendCallback(url, body);
    expect((await until(({ refresh: { state } }) => state === 'succeeded')).balances).not.toEqual([]);
  });

  it('below the limit are told once for each crossing, and watched without being asked for', async () => {
    stage.mpesa.setFloat('174379', 10_000_000n);
    expect((await limit('50000')).body.lowBalance).toEqual({
      amount: '50000.00',
      currency: 'KES',
      account: 'Utility Account',
    });
    await until(({ asOf }) => asOf !== null);
    expect(await news()).toEqual([]);
    stage.mpesa.setFloat('174379', 4_999_900n);
    const low = await until(({ isLow }) => isLow, 60_000);
    expect((await news())[0]).toMatchObject({
      type: 'provider.balance_low',
      data: { balances: low.balances, isLow: true },
    });
    const { asOf } = low;
    await until((balance) => balance.asOf > asOf, 60_000);
    expect((await news()).length).toBe(1);
    stage.mpesa.setFloat('174379', 5_000_000n);
    await until(({ isLow }) => !isLow, 60_000);
    stage.mpesa.setFloat('174379', 0n);
    await until(({ isLow }) => isLow, 60_000);
    expect((await news()).length).toBe(2);
    expect((await limit(null)).body.lowBalance).toBeNull();
    expect((await read()).isLow).toBe(false);
    // Another limit is another line to cross.
    await limit('1000');
    await until(({ isLow }) => isLow, 60_000);
    expect((await news()).length).toBe(3);
  });

  it('belong to their merchant, and accounts that tell none say so', async () => {
    const own = { providerAccountId: accountId };
    const stranger = await stage.gateway.createMerchant();
    key = stranger.key;
    const plain = await call('POST /v1/provider-accounts', { ...DEMO_ACCOUNT, credentials: COLLECTS_ONLY });
    expect((await call('GET /v1/balances')).body.data).toEqual([]);
    expect((await refresh(own)).status).toBe(404);
    const refused = await refresh({ providerAccountId: plain.body.id });
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect([(await refresh()).status, (await refresh()).body.data]).toEqual([202, []]);
    const { key: reader } = await stage.gateway.createKey(stranger.id, { scopes: ['read'] });
    key = reader;
    expect([(await call('GET /v1/balances')).status, (await refresh()).status]).toEqual([200, 403]);
  });

  it('limits that are no amounts are refused', async () => {
    for (const [lowBalance, status, code] of [
      [{ amount: '1.234', currency: 'KES' }, 422, 'amount_granularity'],
      [{ amount: 1.5, currency: 'KES' }, 400, 'amount_not_exact'],
      [{ amount: '1', currency: 'ZZZ' }, 400, 'invalid_request'],
      [{ amount: '1' }, 400, 'invalid_request'],
      ['a lot', 400, 'invalid_request'],
    ] as const) {
      const answer = await call(`PATCH /v1/provider-accounts/${accountId}`, { lowBalance });
      expect([lowBalance, answer.status, answer.body.code]).toEqual([lowBalance, status, code]);
    }
  });
});
