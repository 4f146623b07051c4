import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

// The promises of the design, one test each, named after them. Their corners have suites of their own: silence, requests,
// collection, kill-before-write and kill-after-write.
describeOnBothDatabases('Invariant', (database) => {
  let stage: PaymentStage;

  beforeEach(async () => {
    stage = await PaymentStage.start({ database });
  });

  afterEach(() => stage.close());

  it('1: one instruction moves money at most once, whatever repeats', async () => {
    stage.mpesa.setFaults({ callbackCopies: 5, spikeArrest: 1, gatewayScope: 'push' });
    const request = { reference: 'ONE', customer: { phone: stage.freshPhone() } };
    const answers = await Promise.all([1, 2, 3].map(() => stage.collect(request, { idempotencyKey: 'one' })));
    await stage.until(answers[0]!.body.id, ['succeeded'], { stepMs: 5_000, limitMs: 300_000 });
    await stage.collect(request, { idempotencyKey: 'one' });
    await stage.pass(60_000);
    expect(stage.mpesa.prompts()).toHaveLength(1);
    expect(stage.mpesa.transfers()).toHaveLength(1);
  });

  it('2: silence is not failure', async () => {
    stage.mpesa.setFaults({ pushAnswerLost: true, callbackDrop: true });
    const { body } = await stage.collect();
    await stage.until(body.id, ['unconfirmed']);
    for (let hour = 0; hour < 20; hour++) await stage.pass(3_600_000);
    const waiting = await stage.transaction(body.id);
    expect(waiting).toMatchObject({ status: 'unconfirmed', failure: null, completedAt: null });
  });

  it('3: success is sticky: evidence against it goes to people, and late success is recorded as late', async () => {
    const paid = await stage.collect();
    await stage.until(paid.body.id, ['succeeded']);
    stage.mpesa.setFaults({ queryContradiction: '1032' });
    await stage.pass(100_000);
    await stage.verify(paid.body.id);
    expect(await stage.transaction(paid.body.id)).toMatchObject({
      status: 'review',
      doubt: { reason: 'contradiction' },
    });
  });

  it('4: what is sent was stored before: the attempt is in the timeline ahead of the answer', async () => {
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded']);
    const story = (await stage.timeline(body.id)).map((line) => line.event);
    expect(story.indexOf('claimed')).toBeGreaterThan(-1);
    expect(story.indexOf('claimed')).toBeLessThan(story.indexOf('accepted'));
  });

  it('5: state, timeline and the notices that follow are one transaction', async () => {
    const endpoint = await stage.gateway.request('POST /v1/webhook-endpoints', {
      key: stage.merchant.key,
      body: { url: `${stage.gateway.baseUrl}/health/live`, events: ['collection.*'] },
    });
    expect(endpoint.status).toBe(201);
    const { body } = await stage.collect();
    const paid = await stage.until(body.id, ['succeeded']);
    const told = (await stage.timeline(body.id)).filter((line) => line.type !== null);
    const moves = (await stage.timeline(body.id)).filter((line) => line.from !== line.to);
    expect(moves.length).toBe(paid.version - 1);
    const deliveries = await stage.gateway.request(
      `GET /v1/webhook-deliveries?endpointId=${endpoint.body.id}&limit=100`,
      { key: stage.merchant.key },
    );
    expect(deliveries.body.data.map((delivery: { eventId: string }) => delivery.eventId).sort()).toEqual(
      told.map((line) => line.id).sort(),
    );
  });

  it('6: a callback is a hint until authenticated', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 60_000 });
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    const { body } = await stage.collect({ customer: { phone } });
    await stage.until(body.id, ['pending']);
    const prompt = await stage.promptOn(phone);
    await stage.sendCallback(prompt.callbackUrl, stage.successLetter(prompt));
    await stage.pass(30_000);
    expect((await stage.transaction(body.id)).status).toBe('pending');
  });

  it('7: with every callback lost, what can be looked up still ends right', async () => {
    stage.mpesa.setFaults({ callbackDrop: true });
    const paid = await stage.collect();
    const refused = stage.freshPhone();
    stage.mpesa.setFaults({ callbackDrop: true, outcomeByPhone: { [refused.slice(1)]: '1' } });
    const failed = await stage.collect({ customer: { phone: refused } });
    await stage.until(paid.body.id, ['succeeded'], { stepMs: 5_000 });
    await stage.until(failed.body.id, ['failed'], { stepMs: 5_000, limitMs: 300_000 });
  });

  it('8: money is exact, to the last unit that can be held', async () => {
    const whole = await stage.collect({ amount: '250000.00' });
    expect(whole.body.amount).toBe('250000.00');
    for (const amount of ['9007199254740993', '0.1', 1.1, 1e21, '1e3', '٣']) {
      const answer = await stage.collect({ amount });
      expect([400, 422]).toContain(answer.status);
    }
  });

  it('9: tenants never meet, and test never meets live', async () => {
    const { body } = await stage.collect();
    const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
    const live = await stage.gateway.createKey(stage.merchant.id, { mode: 'live' });
    const missing = `txn_${'0'.repeat(26)}`;
    for (const key of [other.key, live.key]) {
      const foreign = await stage.gateway.request(`GET /v1/transactions/${body.id}`, { key });
      const none = await stage.gateway.request(`GET /v1/transactions/${missing}`, { key });
      expect(foreign.status).toBe(404);
      expect({ ...foreign.body, requestId: '' }).toEqual({ ...none.body, requestId: '' });
      const list = await stage.gateway.request('GET /v1/transactions', { key });
      expect(list.body.data).toEqual([]);
    }
    const account = await stage.gateway.request('POST /v1/provider-accounts', {
      key: live.key,
      body: {
        provider: 'mpesa',
        credentials: { consumerKey: 'a', consumerSecret: 'b', passkey: 'c' },
        settings: { shortcode: '174379', type: 'paybill', baseUrl: stage.mpesa.baseUrl },
      },
    });
    expect(account.status).toBe(422);
  });

  it('10: what was acknowledged survives a restart, and goes on', async () => {
    stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'push' });
    const { body } = await stage.collect();
    await stage.gateway.restart();
    stage.mpesa.clearFaults();
    const paid = await stage.until(body.id, ['succeeded'], { stepMs: 5_000, limitMs: 300_000 });
    expect(paid.id).toBe(body.id);
    expect(stage.mpesa.transfers()).toHaveLength(1);
  });
});
