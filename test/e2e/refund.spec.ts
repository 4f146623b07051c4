import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

const DAY_MS = 24 * 3_600_000;

describeOnBothDatabases('A refund', (database) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });

  afterEach(() => stage.mpesa.clearFaults());

  afterAll(() => stage.close());

  const collected = async (body: object = {}): Promise<any> => {
    const created = await stage.collect(body);
    await stage.until(created.body.id, ['succeeded']);
    return stage.untilTrue(created.body.id, ({ receipt }) => receipt !== null);
  };

  let made = 0;
  const refund = (
    original: { id: string },
    body: object = {},
    { key = stage.merchant.key, idempotencyKey = `refund-${database}-${++made}` } = {},
  ): Promise<TestAnswer> =>
    stage.gateway.request('POST /v1/refunds', {
      key,
      headers: { 'idempotency-key': idempotencyKey },
      body: { reference: `REF-${idempotencyKey}`, transactionId: original.id, ...body },
    });

  /** What the book says left to this customer: paid out, or taken back by a reversal. */
  const givenBack = (phone: string): string[] =>
    stage.mpesa
      .transfers()
      .filter((transfer) => transfer.direction === 'out' && `+${transfer.party}` === phone)
      .map((transfer) => transfer.amount);

  const refundedOf = async (id: string): Promise<string> => (await stage.transaction(id)).amountRefunded;

  const evidenceOf = async (id: string): Promise<string[]> =>
    (await stage.timeline(id)).map(({ event, evidence }) => `${event} ${evidence.says}`);

  it('of the whole goes by the reversal of the provider', async () => {
    const original = await collected();
    const created = await refund(original, { reason: 'Order 118 was cancelled', metadata: { order: '118' } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      kind: 'refund',
      status: 'created',
      parentId: original.id,
      amount: '150.00',
      description: 'Order 118 was cancelled',
      recipient: { phone: original.customer.phone },
      metadata: { order: '118' },
    });
    expect(await refundedOf(original.id)).toBe('150.00');
    const done = await stage.until(created.body.id, ['succeeded']);
    expect(done).toMatchObject({ failure: null, doubt: null });
    expect(givenBack(original.customer.phone)).toEqual(['150.00']);
    expect(stage.mpesa.orders().filter(({ api }) => api === 'b2c')).toEqual([]);
    expect(await stage.transaction(original.id)).toMatchObject({ status: 'succeeded', amountRefunded: '150.00' });
    expect(await evidenceOf(original.id)).toContain('updated refund_requested');
    const again = await refund(original);
    expect([again.status, again.body.code, again.body.left]).toEqual([422, 'refund_exceeds_payment', '0.00']);
  });

  it('of a part is a payout to who paid, and the parts never come to more than the whole', async () => {
    const original = await collected();
    const first = await refund(original, { amount: '100.00' });
    const tooMuch = await refund(original, { amount: '50.01' });
    expect([tooMuch.status, tooMuch.body.code]).toEqual([422, 'amount_granularity']);
    const more = await refund(original, { amount: '51' });
    expect([more.status, more.body.code, more.body.left]).toEqual([422, 'refund_exceeds_payment', '50.00']);
    const rest = await refund(original);
    expect(rest.body.amount).toBe('50.00');
    await stage.until(first.body.id, ['succeeded']);
    await stage.until(rest.body.id, ['succeeded']);
    expect(givenBack(original.customer.phone).sort()).toEqual(['100.00', '50.00']);
    expect(await refundedOf(original.id)).toBe('150.00');
  });

  it('is taken once, however often it is asked for, and never for more than is left by fifty at once', async () => {
    const original = await collected({ amount: '1000.00' });
    const same = await Promise.all(
      Array.from({ length: 5 }, () =>
        refund(original, { amount: '100', reference: `SAME-${database}` }, { idempotencyKey: `same-${database}` }),
      ),
    );
    expect(new Set(same.map(({ body }) => body.id)).size).toBe(1);
    const parallel = await Promise.all(Array.from({ length: 50 }, () => refund(original, { amount: '100' })));
    expect(parallel.filter(({ status }) => status === 201)).toHaveLength(9);
    const refused = parallel.filter(({ status }) => status !== 201);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['refund_exceeds_payment']));
    expect(await refundedOf(original.id)).toBe('1000.00');
    for (const { body } of [...same.slice(0, 1), ...parallel.filter(({ status }) => status === 201)])
      await stage.until(body.id, ['succeeded']);
    expect(givenBack(original.customer.phone)).toEqual(Array.from({ length: 10 }, () => '100.00'));
  });

  it('gives back what it took when it is cancelled before it is sent', async () => {
    const original = await collected();
    stage.mpesa.setFaults({ maintenance: true });
    const created = await refund(original, { amount: '40' });
    expect(await refundedOf(original.id)).toBe('40.00');
    await stage.untilLine(created.body.id, ({ event }) => event === 'deferred');
    const cancelled = await stage.gateway.request(`POST /v1/transactions/${created.body.id}/cancel`, {
      key: stage.merchant.key,
    });
    expect(cancelled.status).toBe(200);
    expect(await refundedOf(original.id)).toBe('0.00');
    expect(await evidenceOf(original.id)).toContain('updated refund_released');
    expect(givenBack(original.customer.phone)).toEqual([]);
  });

  it.each([
    ['a collection that nobody paid', async () => (await stage.collect()).body, 409, 'not_refundable'],
    ['a payout', async () => (await stage.pay()).body, 409, 'not_refundable'],
    ['nothing', () => Promise.resolve({ id: 'txn_01K9ZQ3V7F0000000000000000' }), 404, 'not_found'],
    ['no id', () => Promise.resolve({ id: 'INV-118' }), 400, 'invalid_request'],
  ])('of %s is refused', async (_, find, status, code) => {
    const answer = await refund(await find());
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it("of somebody else's collection is refused as if it were not there", async () => {
    const original = await collected();
    const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
    const answer = await refund(original, {}, { key: other.key });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });

  const payoutsTo = (phone: string): unknown[] =>
    stage.mpesa.orders().filter(({ api, msisdn }) => api === 'b2c' && `+${msisdn}` === phone);

  it('without a receipt to reverse by is a payout', async () => {
    stage.mpesa.setFaults({ callbackReceipt: 'missing' });
    const created = await stage.collect();
    const original = await stage.until(created.body.id, ['succeeded']);
    expect(original.receipt).toBeNull();
    const { body } = await refund(original);
    await stage.until(body.id, ['succeeded']);
    expect(payoutsTo(original.customer.phone)).toHaveLength(1);
    expect(givenBack(original.customer.phone)).toEqual(['150.00']);
  });

  it('whose reversal is turned away goes on as a payout: a new attempt, one movement', async () => {
    const original = await collected();
    stage.mpesa.setFaults({ tokenRejected: 2, tokenRejection: 'noApiProduct' });
    const { body } = await refund(original);
    const done = await stage.until(body.id, ['succeeded', 'failed'], { limitMs: 120_000 });
    expect(done.status).toBe('succeeded');
    expect(await evidenceOf(body.id)).toContain('deferred rejected');
    expect(payoutsTo(original.customer.phone)).toHaveLength(1);
    expect(givenBack(original.customer.phone)).toEqual(['150.00']);
  });

  it('whose reversal fails by the word of the provider has failed; the next one is a payout', async () => {
    const original = await collected();
    stage.mpesa.setFaults({ reversalResult: '21' });
    const { body } = await refund(original);
    const failed = await stage.until(body.id, ['failed', 'succeeded']);
    expect([failed.status, failed.failure.code]).toEqual(['failed', 'provider_misconfigured']);
    expect(await refundedOf(original.id)).toBe('0.00');
    const next = await refund(original);
    await stage.until(next.body.id, ['succeeded']);
    expect(payoutsTo(original.customer.phone)).toHaveLength(1);
    expect(await refundedOf(original.id)).toBe('150.00');
  });

  it('of what is reversed already goes to people, and no payout follows', async () => {
    const original = await collected();
    stage.mpesa.setFaults({ reversalResult: 'R000001' });
    const { body } = await refund(original);
    const disputed = await stage.until(body.id, ['review', 'failed', 'succeeded']);
    expect(disputed.status).toBe('review');
    await stage.pass(DAY_MS);
    expect((await stage.transaction(body.id)).status).toBe('review');
    expect(payoutsTo(original.customer.phone)).toEqual([]);
    expect(await refundedOf(original.id)).toBe('150.00');
  });

  it('whose reversal is lost in silence is in doubt until people rule, and never becomes a payout', async () => {
    const original = await collected();
    stage.mpesa.setFaults({ orderScope: 'reversal', orderAnswerLost: true, resultDrop: true });
    const { body } = await refund(original);
    expect((await stage.until(body.id, ['unconfirmed'])).doubt.reason).toBe('answer_lost');
    await stage.until(body.id, ['review'], { stepMs: DAY_MS / 4, limitMs: 3 * DAY_MS });
    expect(payoutsTo(original.customer.phone)).toEqual([]);
    expect(givenBack(original.customer.phone)).toEqual(['150.00']);
    expect(await refundedOf(original.id)).toBe('150.00');
  });

  it('finds the word about its reversal again where the Result was lost', async () => {
    const original = await collected();
    stage.mpesa.setFaults({ orderScope: 'reversal', resultDrop: 1 });
    const { body } = await refund(original);
    await stage.until(body.id, ['succeeded'], { stepMs: 10_000, limitMs: DAY_MS });
    expect(givenBack(original.customer.phone)).toEqual(['150.00']);
  });

  it('that people rule to have failed can be asked for again; a late success of it is for people too', async () => {
    const original = await collected();
    const { body } = await refund(original, { amount: '100' });
    await stage.until(body.id, ['pending', 'succeeded']);
    const order = await stage.orderFor(original.customer.phone);
    await stage.until(body.id, ['succeeded']);
    // A denial of what was proven.
    await stage.sendCallback(order.resultUrl, stage.resultLetter(order, { code: '2040' }));
    await stage.until(body.id, ['review']);
    expect(await refundedOf(original.id)).toBe('100.00');
  });
});
