import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { AnswerWaits, MOST_WAITING } from '../../src/transactions/answer-waits.js';
import { DexchangeStage } from '../support/dexchange.js';
import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

// A client that would rather wait than ask again.
describeOnBothDatabases('Prefer: wait', (database) => {
  let stage: PaymentStage;
  let waits: AnswerWaits;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    waits = stage.gateway.get(AnswerWaits);
  });
  afterEach(() => {
    stage.mpesa.clearFaults();
    stage.mpesa.setSettings({ promptLifeMs: 60_000 });
  });
  afterAll(() => stage.close());

  /** Asks for 150 KES and waits; with the answer's headers, as a client sees them. */
  const collect = (
    name: string,
    prefer: string,
    { phone = stage.freshPhone(), signal = AbortSignal.timeout(120_000) } = {},
  ) =>
    fetch(`${stage.gateway.baseUrl}/v1/collections`, {
      method: 'POST',
      signal,
      headers: {
        authorization: `Bearer ${stage.merchant.key}`,
        'content-type': 'application/json',
        'idempotency-key': name,
        prefer,
      },
      body: JSON.stringify({ reference: name, amount: 150, currency: 'KES', method: 'mpesa_ke', customer: { phone } }),
    }).then(async (answer) => ({
      status: answer.status,
      applied: answer.headers.get('preference-applied'),
      replayed: answer.headers.get('idempotent-replayed'),
      location: answer.headers.get('location'),
      body: (await answer.json()) as any,
    }));

  /** A phone on which nobody answers, so that the payment stays open. */
  const silentPhone = (): string => {
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    return phone;
  };

  const until = async (isReached: () => boolean | Promise<boolean>): Promise<void> => {
    for (let turn = 0; turn < 4_000; turn++) {
      if (await isReached()) return;
      await sleep(15);
    }
    throw new Error('It never came to that.');
  };

  /** Lets time pass, second by second, until the answer is there. */
  const passUntilAnswered = async <T>(answer: Promise<T>): Promise<T> => {
    const settled = { yet: false };
    void answer.finally(() => (settled.yet = true)).catch(() => undefined);
    for (let turn = 0; turn < 300 && !settled.yet; turn++) await stage.pass(100);
    return answer;
  };

  it('answers when it is final, and so does a replay', async () => {
    const phone = stage.freshPhone();
    const first = await passUntilAnswered(collect('FINAL', 'wait=30', { phone }));
    expect(first).toMatchObject({ status: 201, applied: 'wait=30', replayed: null });
    expect(first.body).toMatchObject({ status: 'succeeded', reference: 'FINAL' });
    expect(first.location).toBe(`/v1/transactions/${first.body.id}`);

    const again = await collect('FINAL', 'wait=30', { phone });
    expect(again).toMatchObject({ status: 201, applied: 'wait=30', replayed: 'true' });
    expect(again.body).toEqual(first.body);
    expect(waits.size).toBe(0);
  });

  it('answers after the time with the state of that moment', async () => {
    const answer = collect('SLOW', 'wait=5', { phone: silentPhone() });
    await until(() => waits.size === 1);
    await until(async () => (await find('SLOW'))?.status === 'pending');
    // Nothing that the client has a part in.
    expect((await find('SLOW')).nextAction).toEqual({ type: 'approve_on_phone' });
    stage.time.advance(4_900);
    expect(waits.size).toBe(1);
    stage.time.advance(100);
    expect(await answer).toMatchObject({ status: 201, applied: 'wait=5', body: { status: 'pending' } });
    expect(waits.size).toBe(0);
  });

  it('with no time at all answers at once with the state of now', async () => {
    expect(await collect('NOW', 'wait=0')).toMatchObject({ status: 201, applied: 'wait=0' });
  });

  it.each(['wait=31', 'wait=soon', 'wait', 'wait=-1'])(
    'with %s is refused before anything is stored',
    async (prefer) => {
      const answer = await collect('BAD', prefer);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
      expect(answer.body.errors[0].pointer).toBe('#header/Prefer');
      expect(await find('BAD')).toBeUndefined();
    },
  );

  it('hears of an end that another process wrote', async () => {
    const answer = collect('ELSEWHERE', 'wait=30', { phone: silentPhone() });
    await until(async () => waits.size === 1 && (await find('ELSEWHERE'))?.status === 'pending');
    // As another process would: its commit is no news here.
    const finish = "UPDATE transactions SET status = 'failed', version = version + 1 WHERE reference = 'ELSEWHERE'";
    await stage.gateway.get(Database).write((tx) => tx.manager.query(finish));
    expect(waits.size).toBe(1);
    stage.time.advance(1_000);
    expect(await answer).toMatchObject({ status: 201, applied: 'wait=30', body: { status: 'failed' } });
  });

  it('frees everything when the client hangs up, and the payment goes on', async () => {
    const client = new AbortController();
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    const gone = collect('HANGUP', 'wait=30', { phone, signal: client.signal }).catch((error: unknown) =>
      String(error),
    );
    await until(() => waits.size === 1);
    client.abort();
    expect(await gone).toMatch(/^AbortError/);
    await until(() => waits.size === 0);
    const { id } = (await find('HANGUP')) ?? {};
    await stage.until(id, ['pending']);
    await stage.mpesa.answer(phone.slice(1), 'pin', 2_000);
    expect((await stage.until(id, ['succeeded'])).status).toBe('succeeded');
  });

  it('does not wait where too many do already', async () => {
    const { body } = await collect('CROWD', 'wait=0', { phone: silentPhone() });
    const clients = Array.from({ length: MOST_WAITING }, () => new AbortController());
    const crowd = clients.map(({ signal }) => waits.until(body.id, { waitMs: 30_000, hangUp: signal }));
    expect(waits.size).toBe(MOST_WAITING);
    expect(await collect('ONE-MORE', 'wait=30')).toMatchObject({ status: 201, applied: null });
    for (const client of clients) client.abort();
    await Promise.all(crowd);
    expect(waits.size).toBe(0);
  });

  it('is answered at once when the gateway stops', async () => {
    const answer = collect('STOP', 'wait=30', { phone: silentPhone() });
    await until(async () => waits.size === 1 && (await find('STOP'))?.status === 'pending');
    await stage.gateway.stop();
    expect(await answer).toMatchObject({ status: 201, body: { status: 'pending' } });
    await stage.gateway.start();
    waits = stage.gateway.get(AnswerWaits);
  });

  async function find(reference: string): Promise<any> {
    const { body } = await stage.gateway.request(`GET /v1/transactions?reference=${reference}`, {
      key: stage.merchant.key,
    });
    return body.data[0];
  }
});

// What the customer must do elsewhere, he can only begin with once the client has the answer.
describeOnBothDatabases('Prefer: wait, where the client must act', (database) => {
  const WAIT_MS = 30_000;
  const OTP = '482913';
  let stage: DexchangeStage;

  beforeAll(async () => {
    stage = await DexchangeStage.start(database, { settings: { fixedOtp: OTP } });
  });
  // The page is open and nobody pays on it.
  beforeEach(() => stage.dexchange.setFaults({ outcome: 'ignore' }));
  afterAll(() => stage.close());

  /** Asks for 7500 francs and waits, while time passes; with how much of it had passed when the answer came. */
  async function collect(name: string, body: object) {
    const began = stage.time.now();
    const order = {
      reference: name,
      amount: '7500',
      currency: 'XOF',
      customer: { phone: stage.freshPhone() },
      ...body,
    };
    const headers = { 'idempotency-key': name, prefer: `wait=${String(WAIT_MS / 1_000)}` };
    const answer = stage.request('POST /v1/collections', order, undefined, headers);
    const settled = { yet: false };
    void answer.finally(() => (settled.yet = true)).catch(() => undefined);
    while (!settled.yet && stage.time.now() < began + 2 * WAIT_MS) await stage.pass(100);
    return { ...(await answer), waitedMs: stage.time.now() - began };
  }

  it.each([
    [
      'the page to lead the customer to',
      { method: 'wave_sn', returnUrl: 'https://shop.example/thanks' },
      { type: 'redirect', url: expect.stringMatching(/^http/) },
    ],
    ['that a code is needed', { method: 'wizall_sn' }, { type: 'enter_otp' }],
  ])('answers with %s as soon as it is known, and so does a replay', async (_, body, nextAction) => {
    const name = `ACT-${body.method}`;
    const phone = stage.freshPhone();
    const first = await collect(name, { ...body, customer: { phone } });
    expect(first.waitedMs).toBeLessThan(WAIT_MS / 2);
    expect(first).toMatchObject({ status: 201, body: { status: 'pending', nextAction } });
    expect(first.headers.get('preference-applied')).toBe('wait=30');

    const again = await collect(name, { ...body, customer: { phone } });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.waitedMs).toBeLessThan(WAIT_MS / 2);
    expect(again.body).toEqual(first.body);
  });

  it('waits for the end again once the code is with the provider', async () => {
    stage.dexchange.reset();
    // Of nobody above: to the provider an equal order of one number is the same order.
    const body = { method: 'wizall_sn', customer: { phone: '+221770099977' } };
    const { id } = (await collect('CODE', body)).body;
    expect((await stage.submitOtp(id, OTP)).body).toMatchObject({ nextAction: null });
    expect((await collect('CODE', body)).body).toMatchObject({ id, status: 'succeeded' });
  });
});
