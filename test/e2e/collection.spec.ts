import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

interface Lie {
  amount?: string;
  phone?: string;
  checkoutRequestId?: string;
  shortcode?: string;
}

describeOnBothDatabases('A collection', (database) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });

  afterEach(() => {
    stage.mpesa.clearFaults();
  });

  afterAll(() => stage.close());

  it('is paid: one prompt, one movement, evidence from callback and inquiry', async () => {
    const phone = stage.freshPhone();
    const created = await stage.collect({
      customer: { phone, name: 'Achieng O.' },
      description: 'Order 118',
      metadata: { order: '118' },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/v1/transactions/${created.body.id}`);
    expect(created.body).toMatchObject({
      object: 'transaction',
      kind: 'collection',
      status: 'created',
      version: 1,
      mode: 'test',
      amount: '150.00',
      currency: 'KES',
      provider: 'mpesa',
      receipt: null,
      customer: { phone, name: 'Achieng O.' },
      metadata: { order: '118' },
    });

    const paid = await stage.until(created.body.id, ['succeeded']);
    const verification = await stage.verify(created.body.id);

    expect(paid).toMatchObject({ late: false, failure: null, doubt: null, nextAction: null });
    expect(paid.receipt).toMatch(/^[A-Z0-9]{10}$/);
    expect(paid.providerReference).toMatch(/^ws_CO_/);
    expect(paid.completedAt).not.toBeNull();
    expect(verification.agreement).toBe('agree');
    expect(
      verification.evidence.map((line: { source: string; says: string }) => `${line.source} ${line.says}`),
    ).toEqual(expect.arrayContaining(['submission accepted', 'callback succeeded', 'inquiry succeeded']));
    expect(stage.promptsOn(phone)).toBe(1);
    const moved = stage.mpesa.transfers().filter((transfer) => transfer.receipt === paid.receipt);
    expect(moved).toHaveLength(1);
    expect(moved[0]).toMatchObject({ direction: 'in', amount: '150.00', currency: 'KES', status: 'completed' });
  });

  it('waits for the customer in the meantime and says what they must do', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    stage.mpesa.setSettings({ promptLifeMs: 60_000 });
    const { body } = await stage.collect({ customer: { phone } });
    const pending = await stage.until(body.id, ['pending']);
    expect(pending.nextAction).toEqual({ type: 'approve_on_phone' });
    await stage.mpesa.answer(phone.slice(1), 'pin', 2_000);
    await stage.until(body.id, ['succeeded']);
  });

  it.each([
    ['a wrong PIN', 'wrong_pin', 'failed', 'wrong_pin', '2001'],
    ['a cancellation', 'cancel', 'cancelled', 'cancelled_by_customer', '1032'],
    ['too little money', '1', 'failed', 'insufficient_funds', '1'],
    ['a limit of the network', '3', 'failed', 'limit_exceeded', '3'],
    ['a phone that cannot be reached', 'unreachable', 'expired', 'customer_unreachable', '1037'],
    ['a prompt that nobody answered', '1019', 'expired', 'customer_timeout', '1019'],
  ])('ends with %s: nothing moved, and the reason is named', async (_, outcome, status, reason, code) => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 5 });
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: outcome } });
    const { body } = await stage.collect({ customer: { phone } });
    const ended = await stage.until(body.id, [status]);
    expect(ended.failure).toMatchObject({ code: reason, providerCode: code });
    expect(ended.receipt).toBeNull();
    expect(stage.mpesa.transfers().filter((transfer) => `+${transfer.party}` === phone)).toHaveLength(0);
    expect(stage.promptsOn(phone)).toBe(1);
  });

  it('is reached by the inquiry where the callback is lost, and then has no receipt', async () => {
    stage.mpesa.setFaults({ callbackDrop: true });
    const { body } = await stage.collect();
    const paid = await stage.until(body.id, ['succeeded']);
    expect(paid.receipt).toBeNull();
    expect((await stage.verify(body.id)).agreement).toBe('single_source');
  });

  it('believes a failure that only the inquiry reports no earlier than 90 s after the push', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 5 });
    stage.mpesa.setFaults({ callbackDrop: true, outcomeByPhone: { [phone.slice(1)]: 'cancel' } });
    const sentFrom = stage.time.now();
    const { body } = await stage.collect({ customer: { phone } });
    const ended = await stage.until(body.id, ['cancelled'], { stepMs: 5_000, limitMs: 200_000 });
    expect(Date.parse(ended.completedAt) - sentFrom).toBeGreaterThanOrEqual(90_000);
  });

  it('tells the receipt when it comes after the proof', async () => {
    stage.mpesa.setFaults({ callbackExtraDelayMs: 600 });
    const { body } = await stage.collect();
    const paid = await stage.until(body.id, ['succeeded'], { stepMs: 12_000 });
    expect(paid.receipt).toBeNull();
    await stage.mpesa.idle(5_000);
    const updated = await stage.untilTrue(body.id, (transaction) => transaction.receipt !== null);
    expect(updated).toMatchObject({
      status: 'succeeded',
      version: Number(paid.version) + 1,
      completedAt: paid.completedAt,
    });
    expect((await stage.timeline(body.id)).map((line) => line.type)).toContain('collection.updated');
  });

  it('takes a callback that is faster than the answer to the push', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({});
    stage.mpesa.setFaults({ callbackEarly: true });
    const { body } = await stage.collect({ customer: { phone } });
    const paid = await stage.until(body.id, ['succeeded']);
    expect(paid.receipt).not.toBeNull();
    expect(stage.promptsOn(phone)).toBe(1);
  });

  it('moves once, with no error, when its callback comes a hundred times at the same moment', async () => {
    stage.mpesa.setFaults({ callbackDrop: true });
    const { body } = await stage.collect();
    const prompt = await stage.promptOn(body.customer.phone);
    const letter = stage.successLetter(prompt);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => stage.sendCallback(prompt.callbackUrl, letter)),
    );
    await stage.until(body.id, ['succeeded']);
    await stage.pass(5_000);
    expect(answers.map((answer) => answer.status)).toEqual(Array(100).fill(200));
    const moves = (await stage.timeline(body.id)).filter(
      (line) => line.to === 'succeeded' && line.from !== 'succeeded',
    );
    expect(moves).toHaveLength(1);
  });

  describe('against messages that lie', () => {
    it.each([
      ['another amount', { amount: '149' }],
      ['another phone', { phone: '254799999999' }],
      ['a foreign CheckoutRequestID', { checkoutRequestId: 'ws_CO_010120260101010700000001' }],
      ['a foreign shortcode', { shortcode: '600000' }],
    ])('stays where it is on a callback with %s while nothing was paid', async (_, lie: Lie) => {
      const phone = stage.freshPhone();
      stage.mpesa.setSettings({ promptLifeMs: 60_000 });
      stage.mpesa.setFaults({ callbackDrop: true, outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
      const { body } = await stage.collect({ customer: { phone } });
      await stage.until(body.id, ['pending']);
      const prompt = stage.mpesa.prompts().at(-1)!;
      const forged = stage.successLetter(prompt, lie);
      expect((await stage.sendCallback(prompt.callbackUrl, forged, lie)).status).toBe(200);
      await stage.pass(20_000);
      expect(await stage.transaction(body.id)).toMatchObject({ status: 'pending', receipt: null });
      const noted = (await stage.timeline(body.id)).filter((line) => line.evidence.trust === 'mismatch');
      expect(noted).toHaveLength(1);
      // Paid after all, and somebody knew the secret path and lied about it: people must look.
      await stage.mpesa.answer(phone.slice(1), 'pin', 2_000);
      const disputed = await stage.until(body.id, ['review'], { stepMs: 10_000, limitMs: 400_000 });
      expect(disputed.doubt.reason).toBe('mismatch');
    });

    it('is not paid by a success that only a forged callback claims', async () => {
      const phone = stage.freshPhone();
      stage.mpesa.setSettings({ promptLifeMs: 60_000 });
      stage.mpesa.setFaults({ callbackDrop: true, outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
      const { body } = await stage.collect({ customer: { phone } });
      await stage.until(body.id, ['pending']);
      const prompt = stage.mpesa.prompts().at(-1)!;
      await stage.sendCallback(prompt.callbackUrl, stage.successLetter(prompt));
      await stage.pass(30_000);
      expect((await stage.transaction(body.id)).status).toBe('pending');
    });

    it('answers a path it never gave out like any other, and keeps nothing of it but the message', async () => {
      const known = await stage.sendCallback(stage.mpesa.prompts().at(-1)!.callbackUrl, '{}');
      const unknown = await stage.sendCallback(`${stage.gateway.baseUrl}/callbacks/${'0'.repeat(64)}`, '{}');
      const accepted = { status: 200, text: '{"ResultCode":0,"ResultDesc":"Accepted"}' };
      expect([known, unknown]).toEqual([accepted, accepted]);
    });

    it.each([
      ['no JSON', 'hello'],
      ['broken bytes', '\xff\xfe'],
      ['an empty body', ''],
      ['another shape', '{"Body":{"stkCallback":[]}}'],
    ])('survives %s on its own path', async (_, bytes) => {
      const { body } = await stage.collect();
      await stage.until(body.id, ['submitting', 'pending', 'succeeded']);
      const prompt = await stage.promptOn(body.customer.phone);
      expect((await stage.sendCallback(prompt.callbackUrl, bytes)).status).toBe(200);
      expect((await stage.until(body.id, ['succeeded'])).status).toBe('succeeded');
    });
  });

  it('succeeds late when the proof comes after it expired', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 5 });
    stage.mpesa.setFaults({ queryContradiction: '1037', callbackDrop: true });
    const { body } = await stage.collect({ customer: { phone } });
    const expired = await stage.until(body.id, ['expired'], { stepMs: 10_000, limitMs: 300_000 });
    expect(expired).toMatchObject({ late: false, failure: { code: 'customer_unreachable' } });
    stage.mpesa.clearFaults();
    const prompt = stage.mpesa.prompts().find((candidate) => `+${candidate.msisdn}` === phone)!;
    await stage.sendCallback(prompt.callbackUrl, stage.successLetter(prompt));
    const paid = await stage.until(body.id, ['succeeded']);
    expect(paid).toMatchObject({ late: true, failure: null });
    expect(paid.receipt).toBe(prompt.receipt);
    expect((await stage.timeline(body.id)).map((line) => line.type)).toContain('collection.succeeded_late');
  });

  it('goes to people when the inquiry contradicts the callback and stands by it', async () => {
    stage.mpesa.setFaults({ queryContradiction: '1032' });
    const { body } = await stage.collect();
    const disputed = await stage.until(body.id, ['review'], { stepMs: 10_000, limitMs: 300_000 });
    expect(disputed.doubt.reason).toBe('contradiction');
    expect((await stage.verify(body.id)).agreement).toBe('conflict');
    // And nothing that the provider says later ends a dispute.
    stage.mpesa.clearFaults();
    await stage.verify(body.id);
    expect((await stage.transaction(body.id)).status).toBe('review');
  });

  it.each(['4999', '500', 'empty'] as const)(
    'stays pending while the provider says "in flight" in the shape %s',
    async (inFlight) => {
      const phone = stage.freshPhone();
      stage.mpesa.setSettings({ promptLifeMs: 60_000 });
      stage.mpesa.setFaults({ inFlight, callbackDrop: true, outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
      const { body } = await stage.collect({ customer: { phone } });
      await stage.until(body.id, ['pending']);
      await stage.pass(13_000);
      await stage.pass(13_000);
      expect((await stage.transaction(body.id)).status).toBe('pending');
      await stage.mpesa.answer(phone.slice(1), 'pin', 2_000);
      await stage.until(body.id, ['succeeded']);
    },
  );

  it('never takes 500.001.1001 noise for a state', async () => {
    stage.mpesa.setFaults({ queryNoise: true });
    const { body } = await stage.collect();
    await stage.until(body.id, ['pending']);
    for (let turn = 0; turn < 20; turn++) await stage.pass(20_000);
    expect((await stage.transaction(body.id)).status).toBe('pending');
    // The next query hears it once more, the one after is answered.
    stage.mpesa.setFaults({ queryNoise: 1 });
    await stage.until(body.id, ['succeeded'], { stepMs: 600_000, limitMs: 24 * 3_600_000 });
  });

  it('goes to people when nobody gives a definite answer for a day, and still yields to one', async () => {
    stage.mpesa.setFaults({ queryUnknown: true, callbackDrop: true });
    const { body } = await stage.collect();
    await stage.until(body.id, ['pending']);
    const waiting = await stage.until(body.id, ['review'], { stepMs: 3_600_000, limitMs: 40 * 3_600_000 });
    expect(waiting.doubt.reason).toBe('exhausted');
    stage.mpesa.clearFaults();
    expect((await stage.verify(body.id)).transaction.status).toBe('succeeded');
  });
});
