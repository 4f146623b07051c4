import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

// The rules of a request: idempotency, references, phone guards, lists.
describeOnBothDatabases('A request', (database) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });

  afterAll(() => stage.close());

  it('sent fifty times at once with one key makes one transaction and one prompt, and 49 replays', async () => {
    const phone = stage.freshPhone();
    const body = { reference: 'FIFTY', customer: { phone } };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => stage.collect(body, { idempotencyKey: 'fifty' })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(201));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    const replays = answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true');
    expect(replays).toHaveLength(49);
    await stage.until(answers[0]!.body.id, ['succeeded']);
    expect(stage.promptsOn(phone)).toBe(1);
    expect(stage.mpesa.transfers().filter((transfer) => `+${transfer.party}` === phone)).toHaveLength(1);
  });

  it('is answered again as it was created, even when it has long moved on', async () => {
    const body = { reference: 'AGAIN', customer: { phone: stage.freshPhone() } };
    const first = await stage.collect(body, { idempotencyKey: 'again' });
    await stage.until(first.body.id, ['succeeded']);
    const replay = await stage.collect(body, { idempotencyKey: '"again"' });
    expect(replay.status).toBe(201);
    expect(replay.body).toEqual(first.body);
    expect(replay.headers.get('location')).toBe(`/v1/transactions/${first.body.id}`);
  });

  it('with the same key and another body is refused, and stays refused', async () => {
    const body = { reference: 'OTHER', customer: { phone: stage.freshPhone() } };
    await stage.collect(body, { idempotencyKey: 'other' });
    const other = await stage.collect({ ...body, amount: '151.00' }, { idempotencyKey: 'other' });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('with the names of its body in another order is the same request', async () => {
    const phone = stage.freshPhone();
    const first = await stage.gateway.request('POST /v1/collections', {
      key: stage.merchant.key,
      headers: { 'idempotency-key': 'order' },
      body: { reference: 'ORDER', amount: 10, currency: 'KES', method: 'mpesa_ke', customer: { phone, name: 'A' } },
    });
    const second = await stage.gateway.request('POST /v1/collections', {
      key: stage.merchant.key,
      headers: { 'idempotency-key': 'order' },
      body: { customer: { name: 'A', phone }, method: 'mpesa_ke', currency: 'KES', amount: 10, reference: 'ORDER' },
    });
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id]);
  });

  it('that was refused leaves its key free', async () => {
    const key = { idempotencyKey: 'free' };
    const refused = await stage.collect({ reference: 'FREE', amount: '0.50' }, key);
    expect([refused.status, refused.body.code]).toEqual([422, 'amount_out_of_range']);
    const taken = await stage.collect({ reference: 'FREE', amount: '5' }, key);
    expect(taken.status).toBe(201);
  });

  it('needs a key of its own', async () => {
    const answer = await stage.gateway.request('POST /v1/collections', { key: stage.merchant.key, body: {} });
    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency_key_required']);
  });

  it('may use a reference once and for all, and is told by whom it is taken', async () => {
    const first = await stage.collect({ reference: 'ONCE' });
    const second = await stage.collect({ reference: 'ONCE' });
    expect([second.status, second.body.code, second.body.transactionId]).toEqual([
      409,
      'reference_taken',
      first.body.id,
    ]);
    // Byte for byte: what a collation thinks equal is another reference.
    expect((await stage.collect({ reference: 'once' })).status).toBe(201);
    expect((await stage.collect({ reference: 'oncé' })).status).toBe(201);
  });

  it('of fifty with one reference and different keys, one is taken', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => stage.collect({ reference: 'RUSH' })));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.body.code === 'reference_taken')).toHaveLength(49);
  });

  it.each([
    ['an unknown field', { colour: 'red' }, 400, 'unknown_field'],
    ['a fraction as a JSON number', { amount: 1.5 }, 400, 'amount_not_exact'],
    ['an amount that JavaScript rounds', { amount: 9007199254740993 }, 400, 'amount_not_exact'],
    ['cents that M-Pesa does not take', { amount: '150.50' }, 422, 'amount_granularity'],
    ['more decimals than the currency has', { amount: '150.505' }, 422, 'amount_granularity'],
    ['more than M-Pesa takes', { amount: '250001' }, 422, 'amount_out_of_range'],
    ['nothing', { amount: '0' }, 422, 'amount_out_of_range'],
    ['less than nothing', { amount: '-5' }, 422, 'amount_out_of_range'],
    ['another currency', { amount: '150', currency: 'UGX' }, 422, 'currency_mismatch'],
    ['no currency at all', { currency: 'QQQ' }, 400, 'invalid_request'],
    ['a method that nobody offers', { method: 'mtn_bj' }, 422, 'method_unavailable'],
    ['a provider that does not offer it', { provider: 'moneroo' }, 422, 'method_unavailable'],
    ['no phone number', { customer: { phone: '12' } }, 400, 'invalid_request'],
    ['a number that is none', { customer: { phone: '+2547' } }, 422, 'recipient_invalid'],
    ['a number of another country', { customer: { phone: '+22997000000' } }, 422, 'recipient_invalid'],
  ])('with %s is refused with a reason', async (_, change, status, code) => {
    const answer = await stage.collect(change);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).toMatch(/\.$/);
    expect(answer.body.requestId).toBe(answer.headers.get('request-id'));
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('takes a national number where the method says the country', async () => {
    const answer = await stage.collect({ customer: { phone: '0711 223 344' } });
    expect([answer.status, answer.body.customer.phone]).toEqual([201, '+254711223344']);
  });

  it('is told to wait while a prompt may be open on that phone, whoever asks', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 60_000 });
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
    await stage.connect(other);
    const first = await stage.collect({ customer: { phone } });
    const busy = await stage.collect({ customer: { phone }, amount: '99' }, { key: other.key });
    expect([busy.status, busy.body.code]).toEqual([409, 'phone_busy']);
    expect(Number(busy.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(busy.text).not.toContain(first.body.id);
    await stage.until(first.body.id, ['pending']);
    await stage.mpesa.answer(phone.slice(1), 'cancel', 2_000);
    await stage.until(first.body.id, ['cancelled']);
    const free = await stage.collect({ customer: { phone }, amount: '99' }, { key: other.key });
    expect(free.status).toBe(201);
  });

  it('is told to wait two minutes with the same amount for the same phone', async () => {
    const phone = stage.freshPhone();
    const first = await stage.collect({ customer: { phone } });
    await stage.until(first.body.id, ['succeeded']);
    const soon = await stage.collect({ customer: { phone } });
    expect([soon.status, soon.body.code]).toEqual([409, 'repeat_amount_too_soon']);
    expect(Number(soon.headers.get('retry-after'))).toBeLessThanOrEqual(120);
    const other = await stage.collect({ customer: { phone }, amount: '151' });
    expect(other.status).toBe(201);
    await stage.until(other.body.id, ['succeeded']);
    await stage.pass(121_000);
    expect((await stage.collect({ customer: { phone } })).status).toBe(201);
  });

  it('of fifty at once for one phone, one gets a prompt', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 60_000 });
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => stage.collect({ customer: { phone }, amount: String(100 + index) })),
    );
    const taken = answers.filter((answer) => answer.status === 201);
    expect(taken).toHaveLength(1);
    expect(answers.filter((answer) => answer.body.code === 'phone_busy')).toHaveLength(49);
    await stage.until(taken[0]!.body.id, ['pending']);
    await stage.mpesa.answer(phone.slice(1), 'pin', 2_000);
    await stage.until(taken[0]!.body.id, ['succeeded']);
    expect(stage.promptsOn(phone)).toBe(1);
  });

  it('is refused for a day after five prompts that nobody answered', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setSettings({ promptLifeMs: 5 });
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'unreachable' } });
    for (let time = 1; time <= 5; time++) {
      const { body } = await stage.collect({ customer: { phone }, amount: String(200 + time) });
      await stage.until(body.id, ['expired'], { stepMs: 10_000, limitMs: 200_000 });
    }
    const blocked = await stage.collect({ customer: { phone }, amount: '300' });
    expect([blocked.status, blocked.body.code]).toEqual([409, 'phone_blocked']);
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(23 * 3600);
    stage.mpesa.clearFaults();
    await stage.pass(24 * 3_600_000);
    expect((await stage.collect({ customer: { phone }, amount: '300' })).status).toBe(201);
  });

  describe('for a list', () => {
    const list = async (query: string) =>
      (await stage.gateway.request(`GET /v1/transactions?${query}`, { key: stage.merchant.key })).body;

    it('is paged newest first, without gaps or repetitions', async () => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = await list(`limit=7${cursor}`);
        seen.push(...page.data.map((transaction: { id: string }) => transaction.id));
        cursor = page.hasMore ? `&cursor=${page.nextCursor}` : '';
        expect(page.hasMore).toBe(page.nextCursor !== null);
      } while (cursor !== '');
      expect(seen).toEqual([...new Set(seen)].sort().reverse());
      expect(seen.length).toBeGreaterThan(14);
    });

    it('is filtered', async () => {
      const wanted = await stage.until((await stage.collect()).body.id, ['succeeded']);
      for (const query of [
        `reference=${encodeURIComponent(wanted.reference)}`,
        `phone=${encodeURIComponent(wanted.customer.phone)}&status=${wanted.status}`,
        `createdFrom=${wanted.createdAt}`,
        `kind=collection&method=mpesa_ke&provider=mpesa&createdFrom=${wanted.createdAt}`,
      ]) {
        expect((await list(query)).data.map((transaction: { id: string }) => transaction.id)).toContain(wanted.id);
      }
      expect(
        (await list(`createdTo=${wanted.createdAt}&limit=100`)).data.map(
          (transaction: { id: string }) => transaction.id,
        ),
      ).not.toContain(wanted.id);
      expect((await list('kind=payout')).data).toEqual([]);
    });

    it('refuses a cursor of another list', async () => {
      const { nextCursor } = await list('limit=1');
      expect((await list(`limit=1&status=failed&cursor=${nextCursor}`)).code).toBe('invalid_cursor');
      expect((await list('cursor=abc')).code).toBe('invalid_cursor');
    });
  });
});
