import { createHmac } from 'node:crypto';
import type { RateLimiter } from '#libs/provider-kit';
import { moneroo } from '#libs/providers/moneroo';
import { DEFAULT_WEBHOOK_SECRET } from '#libs/simulators/moneroo';
import { PROVIDER_LIMITER } from '../../src/providers/provider-ports.js';
import { describeOnBothDatabases } from '../support/gateway.js';
import { connectMoneroo, MonerooStage } from '../support/moneroo.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describeOnBothDatabases('Moneroo', (database) => {
  let stage: MonerooStage;

  beforeAll(async () => {
    stage = await MonerooStage.start({ database });
  });
  afterEach(() => stage.moneroo.clearFaults());
  afterAll(() => stage.close());

  const says = (lines: any[]): string[] =>
    lines.map(({ evidence: { source, says: word, trust } }) => [source, word, trust].filter(Boolean).join(' '));
  const moved = (transaction: any): any[] => {
    const party = transaction.customer.phone.slice(1);
    return stage.moneroo.transfers().filter((transfer) => transfer.party === party);
  };
  const takenFor = (transaction: any): any[] =>
    stage.find(({ metadata }) => metadata.reference === transaction.reference);

  /** Posts a webhook to the account's URL as Moneroo would, or as somebody else could. */
  async function send(body: object, { secret = DEFAULT_WEBHOOK_SECRET, url = stage.webhookUrl } = {}): Promise<number> {
    const text = JSON.stringify(body);
    const signature = createHmac('sha256', secret).update(text).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-moneroo-signature': signature };
    const answer = await fetch(url, { method: 'POST', headers, body: text });
    await answer.text();
    return answer.status;
  }

  const success = (id: string, changes: object = {}) => ({
    event: 'payment.success',
    data: { id, amount: 2500, currency: 'XOF', status: 'success', ...changes },
  });

  describe('a hosted payment', () => {
    it('is paid: the customer is sent to the page, and webhook and inquiry agree', async () => {
      const pending = await stage.collectUntilPending();
      expect(pending.nextAction).toEqual({
        type: 'redirect',
        url: `${stage.moneroo.baseUrl}/checkout/${pending.providerReference}`,
      });
      await stage.press(pending, 'pay');
      const paid = await stage.payments.until(pending.id, ['succeeded']);
      expect(paid).toMatchObject({ provider: 'moneroo', late: false, nextAction: null, failure: null, doubt: null });
      expect(moved(paid)).toMatchObject([{ direction: 'in', amount: '2500', currency: 'XOF' }]);
      expect((await stage.payments.verify(paid.id)).agreement).toBe('agree');
      expect(says(await stage.payments.timeline(paid.id))).toEqual(
        expect.arrayContaining(['submission accepted', 'callback succeeded signed', 'inquiry succeeded']),
      );
      const [callback] = await stage.callbacks(`&transactionId=${paid.id}`);
      expect(callback).toMatchObject({ trust: 'signed', state: 'applied', providerAccountId: stage.accountId });
      expect(JSON.parse(callback.body).event).toBe('payment.success');
    });

    it('is paid back to the number that paid, whichever the merchant had named', async () => {
      const transaction = await stage.collectUntilPending();
      const payer = stage.freshPhone();
      await stage.press(transaction, 'pay', payer.slice(1));
      await stage.payments.until(transaction.id, ['succeeded']);
      const { body: refund } = await stage.payments.gateway.request('POST /v1/refunds', {
        key: stage.payments.merchant.key,
        headers: { 'idempotency-key': 'refund-to-payer' },
        body: { reference: 'REFUND-TO-PAYER', transactionId: transaction.id },
      });
      expect(refund).toMatchObject({ kind: 'refund', amount: '2500', recipient: { phone: payer } });
      await stage.payments.until(refund.id, ['succeeded']);
      const out = stage.moneroo.transfers().filter(({ direction }) => direction === 'out');
      expect(out.filter(({ party }) => `+${party}` === payer)).toHaveLength(1);
      expect(out.filter(({ party }) => `+${party}` === transaction.customer.phone)).toEqual([]);
    });

    it('that failed once may be paid with the next try', async () => {
      const pending = await stage.collectUntilPending();
      await stage.press(pending, 'fail');
      await stage.payments.pass(1_000);
      expect((await stage.payments.transaction(pending.id)).status).toBe('pending');
      await stage.press(pending, 'pay');
      const paid = await stage.payments.until(pending.id, ['succeeded']);
      expect(paid.late).toBe(false);
      expect(moved(paid)).toHaveLength(1);
    });

    it('fails when the page has lived its time after a failed try, and a success after that is late', async () => {
      const pending = await stage.collectUntilPending();
      await stage.press(pending, 'fail');
      const failed = await stage.payments.until(pending.id, ['failed'], { stepMs: MINUTE, limitMs: HOUR });
      expect(failed.failure).toMatchObject({ code: 'provider_rejected', providerMessage: 'Transaction failed' });
      await stage.press(pending, 'pay');
      const paid = await stage.payments.until(pending.id, ['succeeded']);
      expect([paid.late, moved(paid).length]).toEqual([true, 1]);
    });

    it('is cancelled by the customer', async () => {
      const pending = await stage.collectUntilPending();
      await stage.press(pending, 'cancel');
      const ended = await stage.payments.until(pending.id, ['cancelled']);
      expect(ended.failure).toMatchObject({ code: 'cancelled_by_customer', providerCode: 'cancelled' });
      expect(moved(ended)).toEqual([]);
    });

    it('that nobody pays is cancelled when its page is given up', async () => {
      stage.moneroo.setSettings({ abandonMs: 300 });
      const { body } = await stage.collect();
      await stage.payments.until(body.id, ['pending', 'cancelled']);
      stage.moneroo.setSettings({ abandonMs: 600_000 });
      const ended = await stage.payments.until(body.id, ['cancelled'], { stepMs: 10 });
      expect(moved(ended)).toEqual([]);
    });

    it('needs a page to come back to, and says so', async () => {
      const { status, body } = await stage.collect({ returnUrl: undefined });
      expect([status, body.code, body.errors]).toMatchObject([
        422,
        'required_field_missing',
        [{ pointer: '/returnUrl' }],
      ]);
      const { customer, ...rest } = stage.toCollection('no-names') as any;
      const nameless = await stage.collect({ ...rest, customer: { phone: customer.phone } });
      expect(nameless.body.errors.map(({ pointer }: any) => pointer)).toEqual([
        '/customer/email',
        '/customer/firstName',
        '/customer/lastName',
      ]);
    });

    it.each([
      ['the currency of a country whose methods are not enabled', { sandboxMethods: 'demo' }, 'provider_misconfigured'],
    ] as const)('is refused by Moneroo for %s, and nothing is sent again', async (_, settings, code) => {
      stage.moneroo.setSettings(settings);
      const { body } = await stage.collect();
      const failed = await stage.payments.until(body.id, ['failed']);
      stage.moneroo.setSettings({ sandboxMethods: 'all' });
      expect(failed.failure.code).toBe(code);
      expect(takenFor(failed)).toEqual([]);
    });
  });

  describe('a customer who comes back', () => {
    it('goes on to the merchant’s page, and only makes us ask: what the address says is not read', async () => {
      stage.moneroo.setFaults({ webhookDrop: true });
      const pending = await stage.collectUntilPending();
      const back = new URL(takenFor(pending)[0].returnUrl);
      expect(back.href).toMatch(new RegExp(`^${stage.payments.gateway.baseUrl}/return/[0-9a-f]{64}$`));
      back.search = `?paymentId=${pending.providerReference}&paymentStatus=success`;
      const visit = () => fetch(back, { redirect: 'manual' });
      const answer = await visit();
      expect([answer.status, answer.headers.get('location'), answer.headers.get('cache-control')]).toEqual([
        303,
        `https://shop.example/thanks?cart=1&transactionId=${pending.id}`,
        'no-store',
      ]);
      await stage.payments.pass(100);
      expect((await stage.payments.transaction(pending.id)).status).toBe('pending');
      // However often the page is loaded again, Moneroo is asked once in ten seconds.
      await Promise.all(Array.from({ length: 20 }, visit));
      await stage.payments.pass(100);
      const asked = says(await stage.payments.timeline(pending.id)).filter((line) => line === 'inquiry pending');
      expect(asked).toHaveLength(1);

      const page = await stage.press(pending, 'pay');
      expect(page.headers.get('location')).toBe(
        `${takenFor(pending)[0].returnUrl}?paymentId=${pending.providerReference}&paymentStatus=success`,
      );
      await stage.payments.pass(10_000);
      await visit();
      await stage.payments.until(pending.id, ['succeeded'], { stepMs: 10 });
    });

    it('on a path that was never given out is not sent anywhere, and no message is taken there', async () => {
      const answer = await fetch(`${stage.payments.gateway.baseUrl}/return/${'0'.repeat(64)}`, { redirect: 'manual' });
      expect([answer.status, JSON.parse(await answer.text()).code]).toEqual([404, 'not_found']);
      const pending = await stage.collectUntilPending();
      const path = takenFor(pending)[0].returnUrl.replace('/return/', '/callbacks/');
      expect(await send(success(pending.providerReference), { url: path })).toBe(200);
      await stage.payments.pass(1_000);
      expect(await stage.callbacks(`&transactionId=${pending.id}&state=received`)).toEqual([]);
      // Nor does the account's own path lead a customer anywhere.
      expect((await fetch(stage.webhookUrl.replace('/callbacks/', '/return/'))).status).toBe(404);
    });
  });

  describe('webhooks', () => {
    it('may come before the answer that says the id: the metadata leads them home', async () => {
      stage.moneroo.setFaults({ webhookEarly: true });
      const pending = await stage.collectUntilPending();
      await stage.press(pending, 'pay');
      const paid = await stage.payments.until(pending.id, ['succeeded']);
      expect(moved(paid)).toHaveLength(1);
      const events = (await stage.callbacks(`&transactionId=${paid.id}`)).map(({ body }) => JSON.parse(body).event);
      expect(events).toEqual(['payment.success', 'payment.initiated']);
    });

    it('are answered with exactly 200, and one that comes again and again moves once', async () => {
      stage.moneroo.setFaults({ webhookCopies: 10 });
      const pending = await stage.collectUntilPending();
      await stage.press(pending, 'pay');
      await stage.payments.until(pending.id, ['succeeded']);
      await stage.payments.pass(2_000);
      const about = stage.moneroo.webhooks().filter((webhook) => webhook.about === pending.providerReference);
      expect(about.map(({ tries }) => tries.map(({ status }) => status))).toEqual(about.map(() => [200]));
      expect(about.length).toBeGreaterThanOrEqual(22);
      const ends = (await stage.payments.timeline(pending.id)).filter(
        ({ from, to }) => to === 'succeeded' && from !== to,
      );
      expect(ends).toHaveLength(1);
      expect(await stage.callbacks(`&transactionId=${pending.id}`)).toHaveLength(2);
    });

    it('that nobody signed, or somebody else, are kept and move nothing, and do not keep the genuine one out', async () => {
      const pending = await stage.collectUntilPending();
      const forgeries = (await stage.callbacks('&trust=forged')).length;
      const lines = (await stage.payments.timeline(pending.id)).length;
      const letter = success(pending.providerReference);
      expect(await send(letter, { secret: 'another' })).toBe(200);
      await stage.payments.pass(1_000);
      expect(await stage.callbacks('&trust=forged')).toHaveLength(forgeries + 1);
      expect(await stage.payments.transaction(pending.id)).toEqual(pending);
      expect(await stage.payments.timeline(pending.id)).toHaveLength(lines);
      // Byte for byte what was forged before, and genuine now.
      stage.moneroo.setFaults({ webhookDrop: true });
      await stage.press(pending, 'pay');
      await send(letter);
      await stage.payments.until(pending.id, ['succeeded'], { stepMs: 10 });
    });

    it('are not believed alone, even signed: a success that Moneroo itself does not confirm moves nothing', async () => {
      const pending = await stage.collectUntilPending();
      await send(success(pending.providerReference));
      await stage.payments.untilLine(pending.id, ({ evidence }) => evidence.says === 'succeeded');
      await stage.payments.pass(1_000);
      expect((await stage.payments.transaction(pending.id)).status).toBe('pending');
      await stage.press(pending, 'cancel');
    });

    it.each([
      ['a webhook', { webhookAmount: '25' }],
      ['verify', { readAmount: '25' }],
    ])('and %s that names another amount than was asked for is a matter for people', async (_, fault) => {
      const pending = await stage.collectUntilPending();
      stage.moneroo.setFaults(fault);
      await stage.press(pending, 'pay');
      const disputed = await stage.payments.until(pending.id, ['review']);
      expect(disputed.doubt.reason).toBe('mismatch');
    });

    it('that never come are missed by nobody: asking ends the payment', async () => {
      stage.moneroo.setFaults({ webhookDrop: true });
      const pending = await stage.collectUntilPending();
      await stage.press(pending, 'pay');
      const paid = await stage.payments.until(pending.id, ['succeeded'], { stepMs: 5_000 });
      expect((await stage.payments.verify(paid.id)).agreement).toBe('single_source');
      expect(await stage.callbacks(`&transactionId=${paid.id}`)).toEqual([]);
    });

    it('about nothing of ours are kept, asked about for a while, counted, and can be read again', async () => {
      const before = await stage.unmatched();
      await send(success('py_nobodys00000'));
      await stage.payments.pass(1_000);
      expect(await stage.callbacks('&state=received')).toMatchObject([{ trust: null, transactionId: null }]);
      for (let turn = 0; (await stage.callbacks('&state=unmatched')).length === 0 && turn < 30; turn++)
        await stage.payments.pass(HOUR / 2);
      const [kept] = await stage.callbacks('&state=unmatched');
      expect(kept).toMatchObject({ trust: 'signed', transactionId: null, providerAccountId: stage.accountId });
      expect(kept.outcome).toContain('could not learn whose it is');
      expect(await stage.unmatched()).toBe(before + 1);
      const { key } = stage.payments.merchant;
      const replay = await stage.payments.gateway.request(`POST /v1/callbacks/${kept.id}/replay`, { key });
      expect([replay.status, replay.body.state]).toEqual([202, 'received']);
    });

    it('about a payment that was made at Moneroo by somebody else move nothing of ours', async () => {
      const headers = {
        authorization: 'Bearer pvk_sandbox_demo01|01J8Z0000000000000SANDBOX1',
        accept: 'application/json',
      };
      const { customer } = stage.toCollection('x') as any;
      const made = await fetch(`${stage.moneroo.baseUrl}/v1/payments/initialize`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ amount: 2500, currency: 'XOF', description: 'By hand', return_url: 'https://shop.example' },
          customer: { email: customer.email, first_name: 'Ama', last_name: 'Koffi' },
        }),
      });
      expect(made.status).toBe(201);
      await stage.moneroo.idle();
      for (let turn = 0; turn < 20; turn++) await stage.payments.pass(100);
      const [kept] = await stage.callbacks('&state=unmatched');
      expect(kept.outcome).toBe('It is about nothing that we sent.');
    });

    it('of one merchant never lead to another’s payment, whatever their metadata say', async () => {
      const pending = await stage.collectUntilPending();
      const [{ metadata }] = takenFor(pending);
      const other = await stage.payments.gateway.createMerchant();
      const { webhookUrl } = await connectMoneroo(stage.payments, stage.moneroo, other);
      const lines = (await stage.payments.timeline(pending.id)).length;
      await send(success('py_foreign00000', { metadata }), { url: webhookUrl });
      await send(success(pending.providerReference), { url: webhookUrl });
      await stage.payments.pass(1_000);
      expect(await stage.payments.timeline(pending.id)).toHaveLength(lines);
      const { body } = await stage.payments.gateway.request('GET /v1/callbacks', { key: other.key });
      expect(body.data.map(({ transactionId }: any) => transactionId)).toEqual([null, null]);
    });
  });

  describe('an initialize whose answer is lost', () => {
    it.each([
      ['cut off', { answerLost: 1 }],
      ['an error', { answerError: 1 }],
      ['a page', { answerUnreadable: 1 }],
      ['without an id', { answerWithoutId: 1 }],
    ])('(%s) is found again by the webhook’s metadata at Moneroo, and never sent twice', async (_, fault) => {
      stage.moneroo.setFaults({ ...fault, webhookDrop: true });
      const { body } = await stage.collect();
      const doubtful = await stage.payments.until(body.id, ['unconfirmed']);
      expect(doubtful.doubt).toMatchObject({ reason: 'answer_lost', nextInquiryAt: null });
      stage.moneroo.clearFaults();
      await stage.moneroo.answer(body.customer.phone.slice(1), 'pin');
      const paid = await stage.payments.until(body.id, ['succeeded']);
      expect([takenFor(paid).length, moved(paid).length]).toEqual([1, 1]);
      expect(paid.providerReference).toBe(takenFor(paid)[0].id);
    });

    it('and whose webhooks are all lost goes to people at its deadline, and still yields to a later word', async () => {
      stage.moneroo.setFaults({ answerLost: 1, webhookDrop: true });
      const { body } = await stage.collect();
      await stage.payments.until(body.id, ['unconfirmed']);
      await stage.moneroo.answer(body.customer.phone.slice(1), 'pin');
      const waiting = await stage.payments.until(body.id, ['review'], { stepMs: HOUR, limitMs: 30 * HOUR });
      expect(waiting.doubt.reason).toBe('no_lookup_possible');
      const [{ id }] = takenFor(waiting);
      await send(success(id));
      const paid = await stage.payments.until(body.id, ['succeeded']);
      expect([takenFor(paid).length, moved(paid).length]).toEqual([1, 1]);
    });
  });

  describe('a payout', () => {
    const paidOut = (payout: any): any[] => {
      const party = payout.recipient.phone.slice(1);
      return stage.moneroo.transfers().filter((transfer) => transfer.direction === 'out' && transfer.party === party);
    };

    it('is paid once, and webhook and inquiry agree', async () => {
      stage.moneroo.setFaults({ webhookCopies: 3 });
      const { status, body } = await stage.payOut({ description: 'Invoice 7', metadata: { invoice: '7' } });
      expect([status, body.kind, body.provider]).toEqual([201, 'payout', 'moneroo']);
      const paid = await stage.payments.until(body.id, ['succeeded']);
      expect(paid).toMatchObject({ failure: null, doubt: null, nextAction: null, metadata: { invoice: '7' } });
      expect(paidOut(paid)).toMatchObject([{ amount: '2500', currency: 'XOF', method: 'mtn_bj' }]);
      expect(takenFor(paid)).toMatchObject([{ id: paid.providerReference, description: 'Invoice 7' }]);
      expect((await stage.payments.verify(paid.id)).agreement).toBe('agree');
      expect(says(await stage.payments.timeline(paid.id))).toEqual(
        expect.arrayContaining(['submission accepted', 'callback succeeded signed', 'inquiry succeeded']),
      );
    });

    it.each([
      ['9901', 'merchant_balance_low', 'Insufficient balance in the gateway account'],
      ['9902', 'invalid_recipient', 'Recipient wallet not found'],
      ['9904', 'provider_rejected', 'Transaction failed'],
      ['9905', 'provider_rejected', 'The gateway refused the transaction'],
    ])('to a number ending in %s fails for %s, and nothing moves', async (ending, code, providerMessage) => {
      const { body } = await stage.payOut({ recipient: { phone: `+229019011${ending}` } });
      const failed = await stage.payments.until(body.id, ['failed']);
      expect(failed.failure).toMatchObject({ code, providerMessage });
      expect([paidOut(failed), takenFor(failed).length]).toEqual([[], 1]);
    });

    it('needs e-mail and both names, and a number of the method’s country: nothing is stored without', async () => {
      const nameless = await stage.payOut({
        recipient: { email: undefined, firstName: undefined, lastName: undefined },
      });
      expect([nameless.status, nameless.body.code]).toEqual([422, 'required_field_missing']);
      expect(nameless.body.errors.map(({ pointer }: any) => pointer)).toEqual([
        '/recipient/email',
        '/recipient/firstName',
        '/recipient/lastName',
      ]);
      const abroad = await stage.payOut({ recipient: { phone: '+254700000123' } });
      expect([abroad.status, abroad.body.code]).toEqual([422, 'recipient_invalid']);
    });

    it.each([
      ['cut off', { answerLost: 1 }],
      ['an error', { answerError: 1 }],
      ['a bad gateway', { answerGateway: 1 }],
      ['without an id', { answerWithoutId: 1 }],
    ])('whose answer is lost (%s) is found again by a later webhook, and never sent twice', async (_, fault) => {
      stage.moneroo.setSettings({ processingDelayMs: 400 });
      stage.moneroo.setFaults({ ...fault, webhookInitiatedDelayMs: 5_000 });
      const { body } = await stage.payOut();
      const doubtful = await stage.payments.until(body.id, ['unconfirmed'], { stepMs: 10 });
      stage.moneroo.setSettings({ processingDelayMs: 1 });
      expect(doubtful.doubt).toMatchObject({ reason: 'answer_lost', nextInquiryAt: null });
      const paid = await stage.payments.until(body.id, ['succeeded'], { stepMs: 10, limitMs: 10_000 });
      expect([takenFor(paid).length, paidOut(paid).length]).toEqual([1, 1]);
      expect(paid.providerReference).toBe(takenFor(paid)[0].id);
    });

    it('whose answer and webhooks are lost goes to people, and is never sent again by itself', async () => {
      stage.moneroo.setFaults({ answerLost: 1, webhookDrop: true });
      const { body } = await stage.payOut();
      await stage.payments.until(body.id, ['unconfirmed']);
      const waiting = await stage.payments.until(body.id, ['review'], { stepMs: HOUR, limitMs: 30 * HOUR });
      expect(waiting.doubt.reason).toBe('no_lookup_possible');
      expect([takenFor(waiting).length, paidOut(waiting).length]).toEqual([1, 1]);
    });

    it('whose webhook never comes is ended by asking; one that stays pending goes to people', async () => {
      stage.moneroo.setFaults({ webhookDrop: true });
      const { body } = await stage.payOut();
      await stage.payments.until(body.id, ['succeeded'], { stepMs: 5_000 });
      const { body: stuck } = await stage.payOut({ recipient: { phone: '+2290190119903' } });
      await stage.payments.until(stuck.id, ['pending']);
      const waiting = await stage.payments.until(stuck.id, ['review'], { stepMs: HOUR, limitMs: 30 * HOUR });
      expect([waiting.doubt.reason, paidOut(waiting)]).toEqual(['exhausted', []]);
    });

    it('waits out a refusal for too many requests, and one for maintenance is doubt', async () => {
      stage.moneroo.setFaults({ throttled: 1 });
      const { body } = await stage.payOut();
      const paid = await stage.payments.until(body.id, ['succeeded'], { stepMs: 10_000, limitMs: 5 * MINUTE });
      expect(paidOut(paid)).toHaveLength(1);
      stage.moneroo.setFaults({ maintenance: 1, webhookDrop: true });
      const { body: doubtful } = await stage.payOut();
      const waiting = await stage.payments.until(doubtful.id, ['unconfirmed', 'succeeded']);
      expect([waiting.status, takenFor(waiting)]).toEqual(['unconfirmed', []]);
    });
  });

  describe('an account', () => {
    const account = async (route: string, body?: object) =>
      (
        await stage.payments.gateway.request(route.replace('{id}', stage.accountId), {
          key: stage.payments.merchant.key,
          ...(body && { body }),
        })
      ).body;

    it('shows the URL to enter at Moneroo wherever it is shown, and M-Pesa’s has none', async () => {
      expect(stage.webhookUrl).toMatch(new RegExp(`^${stage.payments.gateway.baseUrl}/callbacks/[0-9a-f]{64}$`));
      expect((await account('GET /v1/provider-accounts/{id}')).webhookUrl).toBe(stage.webhookUrl);
      const { data } = await account('GET /v1/provider-accounts');
      expect(data.map(({ provider, webhookUrl }: any) => [provider, webhookUrl])).toEqual([
        ['moneroo', stage.webhookUrl],
        ['mpesa', null],
      ]);
      const [, mpesa] = data;
      const refused = await account(`POST /v1/provider-accounts/${mpesa.id}/rotate-webhook-url`, {});
      expect([refused.status, refused.code]).toEqual([409, 'conflict']);
    });

    it('gets a new URL on demand, and the old one goes on for a while', async () => {
      const old = stage.webhookUrl;
      const rotated = await account('POST /v1/provider-accounts/{id}/rotate-webhook-url', { overlapHours: 1 });
      expect(rotated.webhookUrl).not.toBe(old);
      expect((await account('GET /v1/provider-accounts/{id}')).webhookUrl).toBe(rotated.webhookUrl);
      stage.moneroo.setFaults({ webhookDrop: true });
      for (const [url, wait, heard] of [
        [old, 0, 1],
        [rotated.webhookUrl, 0, 1],
        [old, HOUR + MINUTE, 0],
        [rotated.webhookUrl, 0, 1],
      ] as const) {
        await stage.payments.pass(wait);
        const pending = await stage.collectUntilPending();
        expect(await send(success(pending.providerReference), { url })).toBe(200);
        await stage.payments.pass(1_000);
        expect(await stage.callbacks(`&transactionId=${pending.id}`)).toHaveLength(heard);
      }
      await stage.subscribe(rotated.webhookUrl);
    });

    it('whose key is good is told so, and one whose key is not', async () => {
      expect((await account('POST /v1/provider-accounts/{id}/check')).status).toBe('ok');
      const { id } = await connectMoneroo(stage.payments, stage.moneroo, stage.payments.merchant);
      const credentials = { secretKey: 'pvk_sandbox_wrong1|01J8Z0000000000000SANDBOX9', webhookSecret: 'x' };
      await account(`PATCH /v1/provider-accounts/${id}`, { credentials, enabled: false });
      expect((await account(`POST /v1/provider-accounts/${id}/check`)).status).toBe('refused');
    });

    it('whose key belongs to the other environment proves nothing by what it says', async () => {
      const pending = await stage.collectUntilPending();
      stage.moneroo.setFaults({ readEnvironment: 'live' });
      await stage.press(pending, 'pay');
      await stage.payments.untilLine(pending.id, ({ evidence }) => evidence.detail?.includes('environment'));
      expect((await stage.payments.transaction(pending.id)).status).toBe('pending');
      stage.moneroo.clearFaults();
      await stage.payments.until(pending.id, ['succeeded'], { stepMs: MINUTE, limitMs: HOUR });
    });

    it('makes no more than 120 requests a minute, whichever process makes them, and what waits is sent in the next', async () => {
      stage.moneroo.setFaults({ webhookDrop: true });
      const merchant = await stage.payments.gateway.createMerchant();
      const { id } = await connectMoneroo(stage.payments, stage.moneroo, merchant);
      const limiter = stage.payments.gateway.get<RateLimiter>(PROVIDER_LIMITER);
      for (let taken = 0; taken < 117; taken++)
        expect(await limiter.acquire(id, moneroo.rateLimit)).toMatchObject({ kind: 'granted' });
      const created = await Promise.all(Array.from({ length: 6 }, () => stage.collect({}, merchant.key)));
      const sent = (): number => created.flatMap(({ body }) => takenFor(body)).length;
      for (let turn = 0; turn < 10; turn++) await stage.payments.pass(100);
      expect(sent()).toBe(3);
      // Between processes Redis holds the minute by its own clock, for which no test waits.
      if (database === 'mysql') return;
      for (let turn = 0; turn < 20 && sent() < 6; turn++) await stage.payments.pass(10_000);
      expect(sent()).toBe(6);
    });
  });
});
