import { startMpesaSimulator } from '#libs/simulators/mpesa';
import { describeOnBothDatabases } from '../support/gateway.js';
import { DEMO_ACCOUNT, PaymentStage } from '../support/payments.js';

interface Lie {
  code?: string;
  amount?: string;
  phone?: string;
  conversationId?: string;
  originator?: string;
}

const DAY_MS = 24 * 3_600_000;

describeOnBothDatabases('A payout', (database) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });

  afterEach(() => stage.mpesa.clearFaults());

  afterAll(() => stage.close());

  const moves = async (id: string, to: string): Promise<any[]> =>
    (await stage.timeline(id)).filter((line) => line.to === to && line.from !== to);

  it('is paid: one movement, proven by an answer on a path of its own', async () => {
    const phone = stage.freshPhone();
    const created = await stage.pay({
      recipient: { phone, firstName: 'Achieng', lastName: 'Otieno', fields: { staffNumber: '118' } },
      description: 'Salary for November',
      metadata: { employee: '118' },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`/v1/transactions/${created.body.id}`);
    expect(created.body).toMatchObject({
      kind: 'payout',
      status: 'created',
      amount: '150.00',
      purpose: 'salary',
      provider: 'mpesa',
      recipient: { phone, firstName: 'Achieng', lastName: 'Otieno', fields: { staffNumber: '118' } },
    });
    expect(created.body).not.toHaveProperty('customer');
    const life = Date.parse(created.body.expiresAt) - Date.parse(created.body.createdAt);
    expect(life).toBe(DAY_MS);

    const paid = await stage.until(created.body.id, ['succeeded']);

    expect(paid).toMatchObject({ late: false, failure: null, doubt: null });
    expect(stage.paidTo(phone)).toEqual([
      expect.objectContaining({ amount: '150.00', currency: 'KES', status: 'completed', receipt: paid.receipt }),
    ]);
    const proof = (await moves(paid.id, 'succeeded'))[0];
    expect(proof).toMatchObject({ type: 'payout.succeeded', evidence: { source: 'callback', trust: 'path' } });
    const listed = await stage.gateway.request('GET /v1/transactions?kind=payout&limit=1', { key: stage.merchant.key });
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([paid.id]);
    // A second, independent word: the status query, whose answer comes by callback too.
    await stage.verify(paid.id);
    await stage.untilLine(paid.id, ({ evidence }) => evidence.source === 'inquiry' && evidence.says === 'succeeded');
    expect((await stage.verify(paid.id)).agreement).toBe('agree');
  });

  it('is made once, however often it is asked for', async () => {
    const phone = stage.freshPhone();
    const body = { reference: 'SALARY-1', recipient: { phone } };
    const same = await Promise.all(Array.from({ length: 5 }, () => stage.pay(body, { idempotencyKey: 'salary-1' })));
    expect(new Set(same.map((answer) => answer.body.id)).size).toBe(1);
    expect(same.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(4);
    const other = await stage.pay(body, { idempotencyKey: 'salary-1b' });
    expect([other.status, other.body.code, other.body.transactionId]).toEqual([
      409,
      'reference_taken',
      same[0]?.body.id,
    ]);
    await stage.until(same[0]?.body.id, ['succeeded']);
    expect(stage.paidTo(phone)).toHaveLength(1);
  });

  it.each([
    ['too little', { amount: '9.00' }, 422, 'amount_out_of_range', '/amount'],
    ['cents', { amount: '150.50' }, 422, 'amount_granularity', '/amount'],
    ['another currency', { currency: 'XOF', amount: '150' }, 422, 'currency_mismatch', '/currency'],
    ['a foreign number', { recipient: { phone: '+2290197000000' } }, 422, 'recipient_invalid', '/recipient/phone'],
    ['no number', { recipient: { phone: 'Achieng' } }, 422, 'recipient_invalid', '/recipient/phone'],
    ['no purpose', { purpose: undefined }, 400, 'invalid_request', '/purpose'],
    ['another purpose', { purpose: 'bribe' }, 400, 'invalid_request', '/purpose'],
    ['no recipient', { recipient: undefined }, 400, 'invalid_request', '/recipient'],
    ['a customer', { customer: { phone: '+254700000001' } }, 400, 'unknown_field', '/customer'],
    [
      'fields that are no texts',
      { recipient: { phone: '+254700000001', fields: { a: 1 } } },
      400,
      'invalid_request',
      '/recipient/fields',
    ],
  ])('is refused with %s, and nothing is kept', async (_, body, status, code, pointer) => {
    const answer = await stage.pay(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it('needs an account that can pay out: one without an API operator only collects', async () => {
    const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
    const { initiatorName: _, initiatorPassword: __, ...credentials } = DEMO_ACCOUNT.credentials;
    const settings = { shortcode: '174379', type: 'paybill', baseUrl: stage.mpesa.baseUrl };
    const account = { provider: 'mpesa', credentials, settings };
    const connected = await stage.gateway.request('POST /v1/provider-accounts', { key: other.key, body: account });
    const kinds = async (): Promise<string[]> =>
      (await stage.gateway.request('GET /v1/methods', { key: other.key })).body.data.map(({ kind }: any) => kind);
    expect(await kinds()).toEqual(['collection']);
    const refused = await stage.pay({}, { key: other.key });
    expect([refused.status, refused.body.code]).toEqual([422, 'method_unavailable']);
    // Its collections go on as ever, and a second account that has one serves the payouts.
    expect((await stage.collect({}, { key: other.key })).status).toBe(201);
    const able = await stage.connect(other);
    expect(await kinds()).toEqual(['collection', 'payout']);
    const { body } = await stage.pay({}, { key: other.key });
    await stage.untilOf(other.key, body.id, ['succeeded']);
    expect(connected.body.id).not.toBe(able);
  });

  it.each([
    ['an empty float', '1', 'merchant_balance_low'],
    ['the daily limit', '4', 'limit_exceeded'],
    ['a full wallet', '8', 'limit_exceeded'],
    ['a wrong initiator password', '2001', 'provider_misconfigured'],
    ['a blocked wallet', '2006', 'account_blocked'],
    ['a recipient without M-Pesa', '2040', 'invalid_recipient'],
  ])('fails with %s: nothing moved, and the reason is named', async (_, code, reason) => {
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ payoutResultByPhone: { [phone.slice(1)]: code } });
    const { body } = await stage.pay({ recipient: { phone } });
    const failed = await stage.until(body.id, ['failed']);
    expect(failed.failure).toMatchObject({ code: reason, providerCode: code });
    expect(failed.receipt).toBeNull();
    expect(stage.paidTo(phone)).toHaveLength(0);
    expect((await moves(body.id, 'failed'))[0].type).toBe('payout.failed');
  });

  it('fails where the float runs out, and only there', async () => {
    stage.mpesa.setFloat('174379', 20_000n);
    const both = await Promise.all([stage.pay(), stage.pay()]);
    const ended = await Promise.all(both.map(({ body }) => stage.until(body.id, ['succeeded', 'failed'])));
    expect(ended.map(({ status }) => status).sort()).toEqual(['failed', 'succeeded']);
    expect(ended.find(({ status }) => status === 'failed').failure.code).toBe('merchant_balance_low');
    expect(stage.mpesa.balance('174379', 'Utility Account')).toBe(5_000n);
    stage.mpesa.setFloat('174379', 100_000_000n);
  });

  it.each([
    ['is lost', { orderAnswerLost: true }],
    ['is a page instead of JSON', { orderAnswerUnreadable: true }],
    ['is empty', { orderAnswerEmpty: true }],
    ['is HTTP 500', { orderAnswerError: true }],
    ['is HTTP 502', { orderAnswerBadGateway: true, badGatewayStatus: '502' as const }],
    ['is HTTP 503', { orderAnswerBadGateway: true, badGatewayStatus: '503' as const }],
    ['is HTTP 504', { orderAnswerBadGateway: true, badGatewayStatus: '504' as const }],
  ])('is in doubt, and never sent again, when the answer %s although the money moved', async (_, fault) => {
    stage.mpesa.setFaults({ ...fault, orderScope: 'b2c', resultDrop: true });
    const { body } = await stage.pay();
    const unsure = await stage.until(body.id, ['unconfirmed']);
    expect(unsure.doubt.reason).toBe('answer_lost');
    expect(unsure.doubt.nextInquiryAt).not.toBeNull();
    const paid = await stage.until(body.id, ['succeeded'], { stepMs: 5_000, limitMs: 180_000 });
    expect(paid.receipt).toBe(stage.paidTo(body.recipient.phone)[0]?.receipt);
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
    expect(await moves(body.id, 'submitting')).toHaveLength(1);
  });

  it('is found by a status inquiry where its Result is lost', async () => {
    stage.mpesa.setFaults({ orderScope: 'b2c', resultDrop: true });
    const { body } = await stage.pay();
    await stage.until(body.id, ['pending']);
    const paid = await stage.until(body.id, ['succeeded'], { stepMs: 5_000, limitMs: 180_000 });
    expect((await moves(paid.id, 'succeeded'))[0].evidence).toMatchObject({ source: 'inquiry', trust: 'path' });
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
  });

  it('asks again, each time on a new path, where the answers to its questions are lost too', async () => {
    stage.mpesa.setFaults({ resultDrop: 3 });
    const askedBefore = stage.mpesa.orders().length;
    const { body } = await stage.pay();
    await stage.until(body.id, ['pending']);
    await stage.until(body.id, ['succeeded'], { stepMs: 30_000, limitMs: 3_600_000 });
    const asked = stage.mpesa
      .orders()
      .slice(askedBefore)
      .filter(({ api }) => api === 'status');
    expect(asked).toHaveLength(3);
    expect(new Set(asked.flatMap(({ resultUrl, timeoutUrl }) => [resultUrl, timeoutUrl])).size).toBe(6);
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
  });

  it('takes a queue time-out notice for a hint: what was carried out all the same has succeeded', async () => {
    stage.mpesa.setFaults({ orderScope: 'b2c', queueTimeoutAnyway: true, resultDrop: true });
    const { body } = await stage.pay();
    await stage.untilLine(body.id, ({ evidence }) => evidence.source === 'callback' && evidence.says === 'unknown');
    const paid = await stage.until(body.id, ['succeeded', 'failed']);
    expect(paid.status).toBe('succeeded');
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
  });

  it('takes a queue time-out notice for a hint: what was not carried out is not called failed, and people are asked', async () => {
    stage.mpesa.setFaults({ orderScope: 'b2c', queueTimeout: true });
    const { body } = await stage.pay();
    // The inquiry is told that there is no such transaction, which M-Pesa also says of those that there are.
    await stage.untilLine(body.id, ({ evidence }) => evidence.source === 'inquiry' && evidence.providerCode === '2033');
    const review = await stage.until(body.id, ['review', 'failed'], { stepMs: 3_600_000, limitMs: 2 * DAY_MS });
    expect([review.status, review.doubt?.reason]).toEqual(['review', 'exhausted']);
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(0);
  });

  it('does not chase questions that expire in the queue themselves', async () => {
    stage.mpesa.setFaults({ queueTimeout: true });
    const before = stage.mpesa.orders().length;
    const { body } = await stage.pay();
    await stage.until(body.id, ['pending']);
    for (let turn = 0; turn < 10; turn++) await stage.pass(1_000);
    // The notice about the payout made us ask once; the notice about that question did not.
    expect(stage.mpesa.orders().length - before).toBeLessThanOrEqual(2);
    expect((await stage.transaction(body.id)).status).toBe('pending');
  });

  it('is in doubt when M-Pesa calls it a duplicate: an earlier send may have paid', async () => {
    stage.mpesa.setFaults({ orderScope: 'b2c', orderRefusal: 'duplicate' });
    const { body } = await stage.pay();
    await stage.until(body.id, ['unconfirmed']);
    stage.mpesa.clearFaults();
    // It was never taken, and no answer proves that: people decide at the deadline.
    const review = await stage.until(body.id, ['review'], { stepMs: 3_600_000, limitMs: 2 * DAY_MS });
    expect(review.doubt.reason).toBe('exhausted');
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(0);
    expect(await moves(body.id, 'submitting')).toHaveLength(1);
  });

  it('goes to people when nobody gives a definite answer for a day, and still yields to one', async () => {
    stage.mpesa.setFaults({ resultDrop: true });
    const { body } = await stage.pay();
    await stage.until(body.id, ['pending']);
    const review = await stage.until(body.id, ['review'], { stepMs: 3_600_000, limitMs: 2 * DAY_MS });
    expect(review.doubt.reason).toBe('exhausted');
    stage.mpesa.clearFaults();
    const order = await stage.orderFor(body.recipient.phone);
    await stage.sendCallback(order.resultUrl, stage.resultLetter(order));
    expect((await stage.until(body.id, ['succeeded'])).receipt).toBe(order.receipt);
  });

  it('moves once when its Result comes many times, in parallel and again', async () => {
    stage.mpesa.setFaults({ orderScope: 'b2c', resultDrop: true });
    const { body } = await stage.pay();
    const order = await stage.orderFor(body.recipient.phone);
    await stage.mpesa.idle();
    const letter = stage.resultLetter(await stage.orderFor(body.recipient.phone));
    const answers = await Promise.all(Array.from({ length: 50 }, () => stage.sendCallback(order.resultUrl, letter)));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    await stage.until(body.id, ['succeeded']);
    await stage.sendCallback(order.resultUrl, `${letter} `);
    await stage.pass(5_000);
    expect(await moves(body.id, 'succeeded')).toHaveLength(1);
  });

  it.each([
    ['names our id', 'echo' as const],
    ['names only ids that the answer has yet to bring', 'gateway' as const],
  ])('takes a Result that is faster than the acknowledgement and %s', async (_, resultOriginator) => {
    stage.mpesa.setFaults({ orderScope: 'b2c', resultEarly: true, resultOriginator });
    const { body } = await stage.pay();
    const paid = await stage.until(body.id, ['succeeded'], { limitMs: 20_000 });
    expect(paid.receipt).not.toBeNull();
    expect((await moves(body.id, 'succeeded'))[0].evidence).toMatchObject({ source: 'callback', trust: 'path' });
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
  });

  describe('against messages that lie', () => {
    const slow = { orderScope: 'b2c', resultDrop: true, resultExtraDelayMs: 0 } as const;

    it.each<[string, Lie]>([
      ['another amount', { amount: '149' }],
      ['another recipient', { phone: '254799999999' }],
      ['another ConversationID', { conversationId: 'AG_20260101_0000' }],
      ['only ids that are not ours', { conversationId: 'AG_20260101_0000', originator: 'nobody' }],
    ])('does not believe a Result on its own path with %s', async (_, lie) => {
      stage.mpesa.setFaults({ ...slow, payoutResult: '2040' });
      const { body } = await stage.pay();
      const order = await stage.orderFor(body.recipient.phone);
      await stage.until(body.id, ['pending']);
      await stage.sendCallback(order.resultUrl, stage.resultLetter(order, lie));
      const ended = await stage.until(body.id, ['failed', 'succeeded', 'review'], { stepMs: 5_000, limitMs: 200_000 });
      expect(ended.status).toBe('failed');
      expect(stage.paidTo(body.recipient.phone)).toHaveLength(0);
    });

    it('shows it to people where it was paid, and a message on its path says otherwise', async () => {
      stage.mpesa.setFaults(slow);
      const { body } = await stage.pay();
      const order = await stage.orderFor(body.recipient.phone);
      await stage.until(body.id, ['pending']);
      await stage.sendCallback(order.resultUrl, stage.resultLetter(order, { amount: '15' }));
      const disputed = await stage.until(body.id, ['review', 'succeeded'], { stepMs: 5_000, limitMs: 200_000 });
      expect([disputed.status, disputed.doubt.reason]).toEqual(['review', 'mismatch']);
    });

    it('keeps a Result for another payout, and one on a path that was never given out, from deciding anything', async () => {
      stage.mpesa.setFaults(slow);
      const first = await stage.pay();
      const second = await stage.pay();
      const [own, foreign] = await Promise.all([first, second].map(({ body }) => stage.orderFor(body.recipient.phone)));
      await Promise.all([first, second].map(({ body }) => stage.until(body.id, ['pending'])));
      const letter = stage.resultLetter(foreign!);
      await stage.sendCallback(own!.resultUrl, letter);
      await stage.sendCallback(`${stage.gateway.baseUrl}/callbacks/${'0'.repeat(64)}`, letter);
      await stage.pass(1_000);
      const lines = await stage.timeline(first.body.id);
      expect(lines.filter(({ evidence }) => evidence.trust === 'path' && evidence.source === 'callback')).toEqual([]);
      expect((await stage.transaction(second.body.id)).status).toBe('pending');
    });
  });

  it('goes to people when a failure follows its success', async () => {
    const { body } = await stage.pay();
    await stage.until(body.id, ['succeeded']);
    const order = await stage.orderFor(body.recipient.phone);
    await stage.sendCallback(order.resultUrl, stage.resultLetter(order, { code: '2040' }));
    const disputed = await stage.until(body.id, ['review']);
    expect(disputed.doubt.reason).toBe('contradiction');
  });

  it('goes to people, and is not called late, when success follows its failure', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ payoutResultByPhone: { [phone.slice(1)]: '2040' } });
    const { body } = await stage.pay({ recipient: { phone } });
    await stage.until(body.id, ['failed']);
    const order = await stage.orderFor(phone);
    await stage.sendCallback(order.resultUrl, stage.resultLetter(order));
    const disputed = await stage.until(body.id, ['review']);
    expect(disputed).toMatchObject({ late: false, doubt: { reason: 'contradiction' } });
  });

  it('is paid once it is taken, after having been turned away', async () => {
    stage.mpesa.setFaults({ spikeArrest: 2, gatewayScope: 'all' });
    const { body } = await stage.pay();
    const paid = await stage.until(body.id, ['succeeded'], { stepMs: 2_000, limitMs: 120_000 });
    expect(paid.status).toBe('succeeded');
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
  });

  it('is not sent when it was cancelled in time, and cannot be cancelled afterwards', async () => {
    stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'all' });
    const { body } = await stage.pay();
    await stage.untilLine(body.id, (line) => line.event === 'deferred');
    const cancel = () => stage.gateway.request(`POST /v1/transactions/${body.id}/cancel`, { key: stage.merchant.key });
    const cancelled = await cancel();
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
    stage.mpesa.clearFaults();
    for (let turn = 0; turn < 5; turn++) await stage.pass(30_000);
    expect(stage.paidTo(body.recipient.phone)).toHaveLength(0);
    const again = await cancel();
    expect([again.status, again.body.code]).toEqual([409, 'not_cancellable']);
    const { body: sent } = await stage.pay();
    await stage.until(sent.id, ['pending', 'succeeded']);
    const late = await stage.gateway.request(`POST /v1/transactions/${sent.id}/cancel`, { key: stage.merchant.key });
    expect(late.status).toBe(409);
  });

  describe('with a second account', () => {
    it('goes there after a proven no, and never after silence', async () => {
      const second = await startMpesaSimulator({
        settings: { acceptLoopbackCallbacks: true, orderDelayMs: 1, callbackDelayMs: 1 },
      });
      const paidBySecond = (phone: string) => second.transfers().filter(({ party }) => `+${party}` === phone);
      try {
        const other = await stage.gateway.createMerchant({ name: 'Twice' });
        await stage.connect(other);
        const body = {
          ...DEMO_ACCOUNT,
          settings: { ...DEMO_ACCOUNT.settings, baseUrl: second.baseUrl },
          priority: 200,
        };
        await stage.gateway.request('POST /v1/provider-accounts', { key: other.key, body });

        stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'all' });
        const turnedAway = (await stage.pay({}, { key: other.key })).body;
        await stage.untilOf(other.key, turnedAway.id, ['succeeded'], { stepMs: 2_000, limitMs: 120_000 });
        expect(paidBySecond(turnedAway.recipient.phone)).toHaveLength(1);
        expect(stage.paidTo(turnedAway.recipient.phone)).toHaveLength(0);

        stage.mpesa.clearFaults();
        stage.mpesa.setFaults({ orderAnswerLost: true, resultDrop: true });
        const silent = (await stage.pay({}, { key: other.key })).body;
        await stage.untilOf(other.key, silent.id, ['unconfirmed']);
        await stage.untilOf(other.key, silent.id, ['review'], { stepMs: 3_600_000, limitMs: 2 * DAY_MS });
        expect(stage.paidTo(silent.recipient.phone)).toHaveLength(1);
        expect(paidBySecond(silent.recipient.phone)).toHaveLength(0);
      } finally {
        await second.close();
      }
    });
  });
});
