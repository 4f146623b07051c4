import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

// What happens when an answer is late, lost or unreadable, or when a token is refused: invariants 1 to 4 of the design.
describeOnBothDatabases('Silence', (database) => {
  let stage: PaymentStage;

  beforeEach(async () => {
    stage = await PaymentStage.start({ database });
  });

  afterEach(() => stage.close());

  it.each([
    ['is lost', { pushAnswerLost: true }],
    ['is a page instead of JSON', { pushAnswerUnreadable: true }],
    ['is empty', { pushAnswerEmpty: true }],
    ['is an internal error', { pushAnswerError: true }],
    ['is a bad gateway', { pushAnswerBadGateway: true }],
  ])(
    'is not failure: when the answer to a push %s, the callback re-attaches it and nobody is asked twice',
    async (_, fault) => {
      // Long enough for a slow machine to see the doubt before the callback ends it.
      stage.mpesa.setFaults({ ...fault, callbackExtraDelayMs: 2_000 });
      const { body } = await stage.collect();
      const unsure = await stage.until(body.id, ['unconfirmed']);
      expect(unsure.doubt).toMatchObject({ reason: 'answer_lost', nextInquiryAt: null });
      expect(Date.parse(unsure.doubt.deadline)).toBeGreaterThan(stage.time.now() + 23 * 3_600_000);
      const paid = await stage.until(body.id, ['succeeded'], { limitMs: 3_600_000 });
      expect(paid.providerReference).toMatch(/^ws_CO_/);
      expect(stage.promptsOn(body.customer.phone)).toBe(1);
      expect(stage.mpesa.transfers()).toHaveLength(1);
    },
  );

  it('is never a second prompt: with answer and callback both lost it waits a day and then asks people', async () => {
    stage.mpesa.setFaults({ pushAnswerLost: true, callbackDrop: true });
    const { body } = await stage.collect();
    await stage.until(body.id, ['unconfirmed']);
    for (let hour = 0; hour < 24; hour++) await stage.pass(3_600_000);
    expect((await stage.transaction(body.id)).status).toBe('unconfirmed');
    const review = await stage.until(body.id, ['review'], { stepMs: 600_000, limitMs: 3_600_000 });
    expect(review.doubt.reason).toBe('no_lookup_possible');
    expect(stage.mpesa.prompts()).toHaveLength(1);
  });

  it('that ends with a word after people were asked is still heard', async () => {
    stage.mpesa.setFaults({ pushAnswerLost: true, callbackDrop: true });
    const { body } = await stage.collect();
    await stage.until(body.id, ['unconfirmed']);
    await stage.until(body.id, ['review'], { stepMs: 3_600_000, limitMs: 40 * 3_600_000 });
    const prompt = await stage.promptOn(body.customer.phone);
    await stage.sendCallback(prompt.callbackUrl, stage.successLetter(prompt));
    expect((await stage.until(body.id, ['succeeded'])).receipt).toBe(prompt.receipt);
  });

  it('takes the firewall page for doubt after a push, because a firewall cuts answers too', async () => {
    stage.mpesa.setFaults({ firewall403: true, gatewayScope: 'push' });
    const { body } = await stage.collect();
    await stage.until(body.id, ['unconfirmed']);
  });

  it.each([
    ['a spike arrest', { spikeArrest: 1, gatewayScope: 'push' }],
    ['a busy system', { systemBusy: 1, gatewayScope: 'push' }],
    ['a used-up quota with 429', { quotaViolation: 1, throttleStatus: '429', gatewayScope: 'push' }],
    ['a token that was refused', { tokenRejected: 1 }],
    ['a token that was refused, told otherwise', { tokenRejected: 1, tokenRejection: '401.002.01' }],
    ['an empty answer to good credentials, once', { requestLost: 1, gatewayScope: 'oauth' }],
  ] as const)('is not what %s is: proven not taken, so it is sent again, once', async (_, fault) => {
    stage.mpesa.setFaults(fault);
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded'], { stepMs: 5_000, limitMs: 800_000 });
    expect(stage.mpesa.prompts()).toHaveLength(1);
    expect(stage.mpesa.transfers()).toHaveLength(1);
  });

  it('does not follow when the token expired or another process made a newer one', async () => {
    stage.mpesa.setFaults({ strictSingleToken: true });
    const first = await stage.collect();
    await stage.until(first.body.id, ['succeeded']);
    stage.mpesa.expireTokens();
    const second = await stage.collect();
    await stage.until(second.body.id, ['succeeded']);
    await stage.pass(2 * 3_600_000);
    const third = await stage.collect();
    await stage.until(third.body.id, ['succeeded']);
    expect(stage.mpesa.prompts()).toHaveLength(3);
  });

  it('says misconfigured where the provider refuses the account', async () => {
    const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
    await stage.connect(other, { shortcode: '999999' });
    const { body } = await stage.collect({}, { key: other.key });
    const failed = await stage.untilOf(other.key, body.id, ['failed']);
    expect(failed.failure.code).toBe('provider_misconfigured');
    expect(stage.mpesa.prompts()).toHaveLength(0);
  });

  it('expires what could never be sent', async () => {
    stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'push' });
    const { body } = await stage.collect({ expiresInSeconds: 60 });
    const expired = await stage.until(body.id, ['expired'], { stepMs: 5_000, limitMs: 120_000 });
    expect(expired.failure.code).toBe('expired');
    expect(stage.mpesa.prompts()).toHaveLength(0);
    stage.mpesa.clearFaults();
    for (let turn = 0; turn < 10; turn++) await stage.pass(30_000);
    expect(stage.mpesa.prompts()).toHaveLength(0);
  });

  it('expires what was turned away after its time had run out', async () => {
    stage.mpesa.setFaults({ requestLost: true, gatewayScope: 'oauth' });
    const { body } = await stage.collect({ expiresInSeconds: 60 });
    await stage.untilLine(body.id, (line) => line.event === 'deferred');
    // The line is there a moment before the worker has put the job off.
    await stage.gateway.settled();
    // The next answer takes a moment, and the transaction's time runs out in it.
    stage.mpesa.clearFaults();
    stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'push', slowAnswer: true, slowAnswerMs: 500 });
    stage.time.advance(3_000);
    await stage.untilLine(body.id, (line) => line.event === 'claimed' && line.version > 3);
    stage.time.advance(57_500);
    const expired = await stage.until(body.id, ['expired'], { stepMs: 1_000, limitMs: 120_000 });
    expect(expired.failure.code).toBe('expired');
    expect(stage.mpesa.prompts()).toHaveLength(0);
  });

  it('does not send what was cancelled in time', async () => {
    stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'push' });
    const { body } = await stage.collect();
    await stage.untilLine(body.id, (line) => line.event === 'deferred');
    const cancelled = await stage.gateway.request(`POST /v1/transactions/${body.id}/cancel`, {
      key: stage.merchant.key,
    });
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
    stage.mpesa.clearFaults();
    for (let turn = 0; turn < 10; turn++) await stage.pass(30_000);
    expect(stage.mpesa.prompts()).toHaveLength(0);
    const again = await stage.gateway.request(`POST /v1/transactions/${body.id}/cancel`, { key: stage.merchant.key });
    expect([again.status, again.body.code]).toEqual([409, 'not_cancellable']);
  });
});
