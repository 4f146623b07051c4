import { Database } from '../../src/database/database.js';
import { Jobs } from '../../src/jobs/jobs.js';
import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

// What a finance team may do, and what it may not do alone: caps, approvals, and the switch that stops everything.
describeOnBothDatabases('The rules of payouts', (database) => {
  let stage: PaymentStage;
  let second: string;
  let third: string;
  let payer: string;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    const { id } = stage.merchant;
    second = (await stage.gateway.createKey(id)).key;
    third = (await stage.gateway.createKey(id)).key;
    payer = (await stage.gateway.createKey(id, { scopes: ['read', 'payouts:write'] })).key;
  });
  afterEach(async () => {
    stage.mpesa.clearFaults();
    await start();
    await putRules({ amounts: [], firstPaymentToNewNumber: null });
    await capAt({ perPayout: null, perHour: null, perDay: null, perRecipientPerDay: null, perKeyPerDay: null });
  });
  afterAll(() => stage.close());

  const call = (route: string, body?: unknown, key = stage.merchant.key): Promise<TestAnswer> =>
    stage.gateway.request(route, { key, ...(body !== undefined && { body }) });
  const capAt = (caps: object, key?: string) => call('PATCH /v1/limits', { currency: 'KES', ...caps }, key);
  const putRules = (rules: object, key?: string) => call('PUT /v1/approval-rules', rules, key);
  const holdFrom = (amount: string, approvals = 1) =>
    putRules({ amounts: [{ currency: 'KES', amount, approvals }], firstPaymentToNewNumber: null });
  const approve = (id: string, key: string, body?: object) => call(`POST /v1/transactions/${id}/approve`, body, key);
  const decline = (id: string, key: string, body?: object) => call(`POST /v1/transactions/${id}/decline`, body, key);
  const stop = (key?: string) => call('POST /v1/payouts/stop', { reason: 'A key leaked' }, key);
  const start = (key?: string) => call('POST /v1/payouts/start', undefined, key);
  const paid = async (phone: string) => stage.paidTo(phone).length;

  describe('Caps', () => {
    it('are none at first, and are shown as they are set, with what is used of them', async () => {
      const stranger = await stage.gateway.createMerchant();
      expect((await call('GET /v1/limits', undefined, stranger.key)).body).toEqual({
        object: 'limits',
        currencies: [],
      });
      await capAt({ perDay: 5000, perPayout: '200.5' });
      await stage.until((await stage.pay()).body.id, ['succeeded']);
      const { body } = await call('GET /v1/limits');
      const now = stage.time.now();
      expect(body.currencies).toEqual([
        {
          currency: 'KES',
          caps: expect.objectContaining({ perDay: '5000.00', perPayout: '200.50', perHour: null, perBatch: null }),
          maxima: expect.objectContaining({ perDay: null }),
          hour: { used: '150.00', renewsAt: new Date((Math.floor(now / 3_600_000) + 1) * 3_600_000).toISOString() },
          day: { used: '150.00', renewsAt: new Date((Math.floor(now / 86_400_000) + 1) * 86_400_000).toISOString() },
        },
      ]);
      const lifted = await capAt({ perDay: null, perPayout: null });
      expect(lifted.body).toEqual({ object: 'limits', currencies: [] });
    });

    it('refuse what would go over, leave its key free, and say what is left', async () => {
      await capAt({ perKeyPerDay: '400' });
      const { key } = await stage.gateway.createKey(stage.merchant.id);
      await stage.pay({}, { key });
      await stage.pay({}, { key });
      const refused = await stage.pay({}, { key, idempotencyKey: 'third' });
      expect([refused.status, refused.body]).toMatchObject([
        422,
        { code: 'limit_exceeded', limit: 'perKeyPerDay', limitAmount: '400.00', left: '100.00', currency: 'KES' },
      ]);
      expect(refused.body.renewsAt).toMatch(/T00:00:00\.000Z$/);
      expect((await stage.pay({ amount: 100 }, { key, idempotencyKey: 'third' })).status).toBe(201);
    });

    it('are not gone over by a hundred payouts at once', async () => {
      await capAt({ perRecipientPerDay: '1000' });
      const recipient = { phone: stage.freshPhone() };
      const answers = await Promise.all(Array.from({ length: 100 }, () => stage.pay({ amount: 100, recipient })));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
      expect(answers.filter(({ body }) => body.code === 'limit_exceeded')).toHaveLength(90);
    });

    it('get back what was cancelled before it was sent', async () => {
      await holdFrom('100');
      const { key } = await stage.gateway.createKey(stage.merchant.id);
      await capAt({ perKeyPerDay: '150' });
      const { body } = await stage.pay({}, { key });
      expect((await stage.pay({}, { key })).body.code).toBe('limit_exceeded');
      await call(`POST /v1/transactions/${body.id}/cancel`);
      expect((await stage.pay({}, { key })).status).toBe(201);
    });

    it('are set by keys that decide what others may do, not by those that pay', async () => {
      expect((await capAt({ perDay: '1' }, payer)).body.code).toBe('forbidden');
      expect((await putRules({ amounts: [], firstPaymentToNewNumber: null }, payer)).body.code).toBe('forbidden');
      expect((await call('GET /v1/limits', undefined, payer)).status).toBe(200);
    });

    it.each([
      [{ perDay: 1.5 }, 'amount_not_exact', '/perDay'],
      [{ perDay: 'much' }, 'amount_not_exact', '/perDay'],
      [{ perDay: '-1' }, 'amount_out_of_range', '/perDay'],
      [{ perDay: '0.001' }, 'amount_granularity', '/perDay'],
      [{ currency: 'ZZZ' }, 'invalid_request', '/currency'],
      [{ currency: 'ZZZ', perDay: '1' }, 'invalid_request', '/currency'],
      [{ perWeek: '1' }, 'unknown_field', '/perWeek'],
    ])('that say nonsense are refused: %p', async (caps, code, pointer) => {
      const { body } = await capAt(caps);
      expect([body.code, body.errors?.[0]?.pointer]).toEqual([code, pointer]);
    });

    it('stand under those of the platform, which the merchant cannot lift', async () => {
      const { key: platform } = await stage.gateway.createKey(null);
      const { id, key } = await stage.gateway.createMerchant();
      const route = `/v1/merchants/${id}/limits`;
      await capAt({ perDay: '900', perHour: '900' }, key);
      const set = await call(`PATCH ${route}`, { currency: 'KES', perDay: '500' }, platform);
      expect(set.body.currencies[0].maxima.perDay).toBe('500.00');
      expect((await call(`GET ${route}`, undefined, platform)).body).toEqual(set.body);
      const shown = (await call('GET /v1/limits', undefined, key)).body.currencies[0];
      expect([shown.caps.perDay, shown.maxima.perDay]).toEqual(['900.00', '500.00']);
      const raised = await capAt({ perDay: '500.01' }, key);
      expect([raised.status, raised.body.code]).toEqual([422, 'limit_above_maximum']);
      expect((await capAt({ perDay: '500' }, key)).status).toBe(200);
      expect((await call(`PATCH ${route}`, { currency: 'KES', perDay: '1' }, key)).status).toBe(403);
      const nobody = '/v1/merchants/mer_01ARZ3NDEKTSV4RRFFQ69G5FAV/limits';
      expect((await call(`GET ${nobody}`, undefined, platform)).status).toBe(404);
      expect((await call(`PATCH ${nobody}`, { currency: 'KES' }, platform)).status).toBe(404);
    });
  });

  describe('Approvals', () => {
    it('hold a payout until two other principals agree; then it is paid, and the timeline says who', async () => {
      await holdFrom('100', 2);
      const phone = stage.freshPhone();
      const { body: held } = await stage.pay({ recipient: { phone } });
      expect(held).toMatchObject({
        status: 'awaiting_approval',
        approvals: { required: 2, reasons: ['amount'], given: [], declined: null },
      });
      await stage.pass(10_000);
      expect(await paid(phone)).toBe(0);

      const one = await approve(held.id, second, { note: 'The invoice is here.' });
      expect(one.body).toMatchObject({ status: 'awaiting_approval', version: 2, approvals: { required: 2 } });
      expect(one.body.approvals.given).toHaveLength(1);
      const again = await approve(held.id, second);
      expect(again.body).toEqual(one.body);
      await stage.pass(10_000);
      expect(await paid(phone)).toBe(0);

      const two = await approve(held.id, third);
      expect(two.body.status).toBe('created');
      const done = await stage.until(held.id, ['succeeded']);
      expect(await paid(phone)).toBe(1);
      const { given } = done.approvals;
      expect(new Set(given.map(({ principalId }: any) => principalId)).size).toBe(2);
      const said = (await stage.timeline(held.id)).filter(({ evidence }) => evidence.says === 'approved');
      expect(said.map(({ event, type, evidence }) => [event, type, evidence.principalId, evidence.detail])).toEqual([
        ['updated', 'payout.updated', given[0].principalId, 'The invoice is here.'],
        ['approved', 'payout.updated', given[1].principalId, undefined],
      ]);
      // Whoever agreed may ask again at any time; whoever did not comes too late.
      expect((await approve(held.id, second)).body.status).toBe('succeeded');
      const { key: fourth } = await stage.gateway.createKey(stage.merchant.id);
      const late = await approve(held.id, fourth);
      expect([late.status, late.body]).toMatchObject([
        409,
        { code: 'not_awaiting_approval', transactionStatus: 'succeeded' },
      ]);
    });

    it('are not given by the principal that asked, with whichever key, nor without the scope', async () => {
      await holdFrom('100');
      const { body: held } = await stage.pay();
      const { principalId } = stage.merchant;
      const ownKey = (await stage.gateway.createKey(stage.merchant.id, { principalId })).key;
      for (const key of [stage.merchant.key, ownKey]) {
        for (const decide of [approve, decline]) {
          const { status, body } = await decide(held.id, key);
          expect([status, body.code]).toEqual([403, 'own_payout']);
        }
      }
      expect((await approve(held.id, payer)).body.code).toBe('forbidden');
      const stranger = await stage.gateway.createMerchant();
      expect((await approve(held.id, stranger.key)).status).toBe(404);
      expect((await approve('txn_01ARZ3NDEKTSV4RRFFQ69G5FAV', second)).status).toBe(404);
      expect((await stage.transaction(held.id)).status).toBe('awaiting_approval');
    });

    it('of many at once count each principal once, and send once', async () => {
      await holdFrom('100', 2);
      const phone = stage.freshPhone();
      const { body: held } = await stage.pay({ recipient: { phone } });
      const answers = await Promise.all(
        [second, second, second, third, third, third].map((key) => approve(held.id, key)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
      const done = await stage.until(held.id, ['succeeded']);
      expect(done.approvals.given).toHaveLength(2);
      expect(await paid(phone)).toBe(1);
    });

    it('against a cancellation at the same moment: it is paid or it is cancelled, never both', async () => {
      await holdFrom('100');
      for (let round = 0; round < 5; round++) {
        const phone = stage.freshPhone();
        const { body: held } = await stage.pay({ recipient: { phone } });
        const [approval, cancellation] = await Promise.all([
          approve(held.id, second),
          call(`POST /v1/transactions/${held.id}/cancel`),
        ]);
        const end = await stage.until(held.id, ['succeeded', 'cancelled']);
        expect(await paid(phone)).toBe(end.status === 'succeeded' ? 1 : 0);
        expect(cancellation.status).toBe(end.status === 'cancelled' ? 200 : 409);
        if (end.status === 'succeeded') expect(approval.status).toBe(200);
      }
    });

    it('are refused by one person, and that ends it', async () => {
      await holdFrom('100', 2);
      const phone = stage.freshPhone();
      const { body: held } = await stage.pay({ recipient: { phone } });
      await approve(held.id, second);
      const declined = await decline(held.id, third, { note: 'Paid twice already.' });
      expect(declined.body).toMatchObject({ status: 'cancelled', approvals: { declined: { at: expect.any(String) } } });
      expect((await decline(held.id, third)).body).toEqual(declined.body);
      expect((await decline(held.id, second)).body.code).toBe('not_awaiting_approval');
      await stage.pass(10_000);
      expect(await paid(phone)).toBe(0);
      expect((await stage.timeline(held.id)).at(-1)).toMatchObject({
        event: 'declined',
        type: 'payout.cancelled',
        evidence: { says: 'declined', detail: 'Paid twice already.' },
      });
    });

    it('are not needed to take it back: whoever may pay may cancel, and nobody else', async () => {
      await holdFrom('100');
      const { body: held } = await stage.pay({}, { key: payer });
      const cashier = await stage.gateway.createKey(stage.merchant.id, { scopes: ['collections:write'] });
      const cancel = (key: string) => call(`POST /v1/transactions/${held.id}/cancel`, undefined, key);
      expect((await cancel(cashier.key)).body.code).toBe('forbidden');
      expect((await cancel(payer)).body.status).toBe('cancelled');
      expect((await approve(held.id, second)).body.code).toBe('not_awaiting_approval');
    });

    it('that nobody gives in time let it expire', async () => {
      await holdFrom('100');
      const { body: held } = await stage.pay({ expiresInSeconds: 60 });
      const end = await stage.until(held.id, ['expired'], { stepMs: 10_000 });
      expect(end.failure).toMatchObject({ code: 'expired' });
      expect((await approve(held.id, second)).body.code).toBe('not_awaiting_approval');
    });

    it('that a payout needs do not change with the rules while it waits', async () => {
      await holdFrom('100', 2);
      const { body: held } = await stage.pay();
      await putRules({ amounts: [], firstPaymentToNewNumber: null });
      expect((await approve(held.id, second)).body.status).toBe('awaiting_approval');
      expect((await approve(held.id, third)).body.status).toBe('created');
      expect((await stage.pay()).body).toMatchObject({ status: 'created', approvals: null });
    });

    it('are asked for before the first payment to a number, and not after it has succeeded', async () => {
      const rules = { amounts: [], firstPaymentToNewNumber: 1 };
      expect((await putRules(rules)).body).toEqual({ object: 'approval_rules', ...rules });
      expect((await call('GET /v1/approval-rules')).body).toEqual({ object: 'approval_rules', ...rules });
      const recipient = { phone: stage.freshPhone() };
      const { body: held } = await stage.pay({ recipient });
      expect(held).toMatchObject({ status: 'awaiting_approval', approvals: { reasons: ['new_number'] } });
      await approve(held.id, second);
      await stage.until(held.id, ['succeeded']);
      expect((await stage.pay({ recipient })).body).toMatchObject({ status: 'created', approvals: null });
    });

    it('of what no rule held cannot be given, nor those of a collection', async () => {
      const { body: payout } = await stage.pay();
      expect((await approve(payout.id, second)).body.code).toBe('not_awaiting_approval');
      const { body: collection } = await stage.collect();
      expect((await decline(collection.id, second)).body.code).toBe('not_awaiting_approval');
    });

    it.each([
      [{ amounts: [] }, '/firstPaymentToNewNumber'],
      [{ firstPaymentToNewNumber: null }, '/amounts'],
      [
        { amounts: [{ currency: 'KES', amount: '1', approvals: 0 }], firstPaymentToNewNumber: null },
        '/amounts/0/approvals',
      ],
      [
        { amounts: [{ currency: 'ZZZ', amount: '1', approvals: 1 }], firstPaymentToNewNumber: null },
        '/amounts/0/currency',
      ],
      [
        { amounts: [{ currency: 'KES', amount: 'much', approvals: 1 }], firstPaymentToNewNumber: null },
        '/amounts/0/amount',
      ],
      [
        { amounts: [{ currency: 'KES', amount: -1, approvals: 1 }], firstPaymentToNewNumber: null },
        '/amounts/0/amount',
      ],
      [{ amounts: [null], firstPaymentToNewNumber: null }, '/amounts/0'],
      [{ amounts: [], firstPaymentToNewNumber: 9 }, '/firstPaymentToNewNumber'],
    ])('follow rules that make sense: not %j', async (rules, pointer) => {
      const { status, body } = await putRules(rules);
      expect([status < 500, body.errors?.[0]?.pointer]).toEqual([true, pointer]);
    });
  });

  describe('The kill switch', () => {
    it('keeps twenty waiting payouts from being sent, and lets each go once when it is turned back', async () => {
      await holdFrom('100');
      const collection = await stage.collect();
      await stage.until(collection.body.id, ['succeeded']);
      const phones = Array.from({ length: 20 }, () => stage.freshPhone());
      const waiting = await Promise.all(phones.map((phone) => stage.pay({ recipient: { phone } })));
      const stopped = await stop();
      expect(stopped.body).toMatchObject({ status: 'stopped', reason: 'A key leaked' });
      // What people agree to meanwhile is created, and waits like everything else.
      await Promise.all(waiting.map(({ body }) => approve(body.id, second)));
      await stage.pass(30_000);
      await stage.pass(6 * 60_000);
      const states = await Promise.all(waiting.map(({ body }) => stage.transaction(body.id)));
      expect(states.map(({ status }) => status)).toEqual(Array(20).fill('created'));
      expect(await Promise.all(phones.map(paid))).toEqual(Array(20).fill(0));

      const refused = await stage.pay();
      expect([refused.status, refused.body]).toMatchObject([
        409,
        { code: 'payouts_stopped', stopReason: 'A key leaked', stoppedAt: stopped.body.stoppedAt },
      ]);
      const refund = await stage.gateway.request('POST /v1/refunds', {
        key: stage.merchant.key,
        headers: { 'idempotency-key': 'refund' },
        body: { reference: 'REFUND', transactionId: collection.body.id },
      });
      expect([refund.status, refund.body.code]).toEqual([409, 'payouts_stopped']);
      expect((await start()).body).toMatchObject({ status: 'on', stoppedAt: null, reason: null });
      for (const { body } of waiting) await stage.until(body.id, ['succeeded']);
      expect(await Promise.all(phones.map(paid))).toEqual(Array(20).fill(1));
    });

    it('turned back while a payout is being sent does not take its worker for lost', async () => {
      stage.mpesa.setFaults({ slowAnswer: 1, slowAnswerMs: 500, gatewayScope: 'b2c' });
      const { body } = await stage.pay();
      await stage.orderFor(body.recipient.phone);
      // Whoever starts payouts wakes what he saw waiting; a worker has taken this one since.
      const job = { kind: 'submit', subjectId: body.id, runAt: stage.time.now() } as const;
      await stage.gateway.get(Database).write((tx) => stage.gateway.get(Jobs).ensure(tx, job));
      await stage.until(body.id, ['succeeded'], { limitMs: 120_000 });
      const reported = (await stage.timeline(body.id)).map(({ event }) => event);
      expect(reported).not.toContain('unknown');
      expect(stage.paidTo(body.recipient.phone)).toHaveLength(1);
    });

    it('still asks about what was sent, and takes money in', async () => {
      stage.mpesa.setSettings({ orderDelayMs: 300 });
      const { body: sent } = await stage.pay();
      await stage.untilTrue(sent.id, ({ status }) => status !== 'created' && status !== 'submitting');
      await stop();
      stage.mpesa.setSettings({ orderDelayMs: 1 });
      await stage.until(sent.id, ['succeeded']);
      const { body: collection } = await stage.collect();
      await stage.until(collection.id, ['succeeded']);
    });

    it('is of one merchant and one mode, keeps its first reason, and says so to those who ask', async () => {
      expect((await call('GET /v1/payouts/switch')).body).toMatchObject({ object: 'payout_switch', status: 'on' });
      const first = await stop();
      const again = await call('POST /v1/payouts/stop', { reason: 'Another' }, second);
      expect(again.body).toEqual(first.body);
      expect((await call('GET /v1/payouts/switch', undefined, payer)).body).toEqual(first.body);
      expect(first.body.stoppedBy).toBe(stage.merchant.principalId);
      const stranger = await stage.gateway.createMerchant();
      const live = await stage.gateway.createKey(stage.merchant.id, { mode: 'live' });
      for (const { key } of [stranger, live]) {
        expect((await call('GET /v1/payouts/switch', undefined, key)).body.status).toBe('on');
      }
    });

    it('is pulled by whoever pays, and turned back only by whoever may approve', async () => {
      expect((await stop(payer)).status).toBe(200);
      expect((await start(payer)).body.code).toBe('forbidden');
      expect((await call('GET /v1/payouts/switch')).body.status).toBe('stopped');
      const approver = await stage.gateway.createKey(stage.merchant.id, { scopes: ['payouts:approve'] });
      expect((await start(approver.key)).body.status).toBe('on');
      expect((await start(approver.key)).status).toBe(200);
    });

    it('is announced once for each turn', async () => {
      const receiver = await WebhookReceiver.start();
      const { key } = await stage.gateway.createMerchant();
      await call('POST /v1/webhook-endpoints', { url: receiver.url(), events: ['payouts.*'] }, key);
      await stop(key);
      await stop(key);
      await start(key);
      await start(key);
      const list = () => call('GET /v1/events?type=payouts.*', undefined, key);
      let events = await list();
      for (let turn = 0; turn < 50 && (events.body.data.length < 2 || receiver.messages.length < 2); turn++) {
        await stage.pass(1_000);
        events = await list();
      }
      expect(events.body.data.map(({ type, data }: any) => [type, data.status])).toEqual([
        ['payouts.stopped', 'stopped'],
        ['payouts.started', 'on'],
      ]);
      expect(receiver.messages).toHaveLength(2);
      await receiver.close();
    });

    it('needs a reason', async () => {
      const { status, body } = await call('POST /v1/payouts/stop', { reason: ' ' });
      expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/reason']);
    });
  });
});
