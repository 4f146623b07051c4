import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { toLinkRequest } from '../support/link-stage.js';
import { PaymentStage } from '../support/payments.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

describeOnBothDatabases('Payment links', (database) => {
  let stage: PaymentStage;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });

  const call = (route: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> =>
    stage.gateway.request(route, { key: stage.merchant.key, body, headers });
  const create = (given: object = {}, headers: Record<string, string> = {}): Promise<TestAnswer> =>
    call('POST /v1/payment-links', toLinkRequest(given), headers);
  const read = async (id: string) => (await call(`GET /v1/payment-links/${id}`)).body;

  /** What was told of a link, in order. */
  async function eventsOf(id: string): Promise<any[]> {
    const { body } = await call('GET /v1/events?type=payment_link.*&limit=100');
    return body.data.filter(({ data }: any) => data.id === id);
  }

  async function untilTold(id: string, type: string): Promise<any> {
    for (let turn = 0; turn < 200; turn++) {
      const told = (await eventsOf(id)).find((event) => event.type === type);
      if (told) return told;
      await stage.pass(1_000);
    }
    throw new Error(`${type} was never told.`);
  }

  describe('made by the API', () => {
    it('are as the contract says, and read again with their address', async () => {
      const { status, body, headers } = await create({
        reference: 'INV-118',
        callbackUrl: receiver.url('/notices'),
        customData: 'cart=118',
        customer: { phone: '0712345678', country: 'KE', name: 'Achieng O.' },
        methods: ['mpesa_ke', 'mpesa_ke'],
        locale: 'fr',
      });
      expect(status).toBe(201);
      expect(headers.get('location')).toBe(`/v1/payment-links/${body.id}`);
      expect(body).toMatchObject({
        id: expect.stringMatching(/^lnk_[0-9A-HJKMNP-TV-Z]{26}$/),
        object: 'payment_link',
        status: 'active',
        late: false,
        version: 1,
        mode: 'test',
        reference: 'INV-118',
        amount: '150.00',
        currency: 'KES',
        customData: 'cart=118',
        customer: { phone: '+254712345678', country: 'KE', name: 'Achieng O.' },
        methods: ['mpesa_ke'],
        locale: 'fr',
        execution: 'native',
        paidBy: null,
        duplicates: [],
        attempts: 0,
      });
      expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBe(72 * 3_600_000);
      expect(body.url).toMatch(new RegExp(`^${stage.gateway.settings.publicUrl}/l/[A-Za-z0-9_-]{32}$`));
      expect(await read(body.id)).toEqual(body);
    });

    it('keep their token as a hash and sealed, and tell it to no subscriber', async () => {
      const { body } = await create();
      const token = body.url.split('/').at(-1);
      const told = await untilTold(body.id, 'payment_link.created');
      expect(told.data).toMatchObject({ id: body.id, status: 'active', reference: body.reference });
      expect(JSON.stringify(told)).not.toContain(token);
      expect(told.data.url).toBeUndefined();
      expect(stage.gateway.log).not.toContain(token);
    });

    it('are found by reference, status and date, page by page', async () => {
      const { body } = await create({ reference: 'FIND-1' });
      const found = await call('GET /v1/payment-links?reference=FIND-1&status=active');
      expect(found.body.data).toEqual([body]);
      expect((await call('GET /v1/payment-links?reference=FIND-1&status=paid')).body.data).toEqual([]);
      expect((await call('GET /v1/payment-links?reference=find-1')).body.data).toEqual([]);
      const from = encodeURIComponent(body.createdAt);
      expect((await call(`GET /v1/payment-links?createdTo=${from}&reference=FIND-1`)).body.data).toEqual([]);
      const first = (await call('GET /v1/payment-links?limit=1')).body;
      const second = (await call(`GET /v1/payment-links?limit=1&cursor=${first.nextCursor}`)).body;
      expect(first.data[0].id > second.data[0].id).toBe(true);
    });

    it('take a reference once for ever, also when asked for at the same moment', async () => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => create({ reference: 'ONCE' })));
      const won = answers.filter(({ status }) => status === 201);
      expect(won).toHaveLength(1);
      for (const { status, body } of answers.filter((answer) => answer !== won[0])) {
        expect([status, body.code, body.linkId]).toEqual([409, 'reference_taken', won[0]?.body.id]);
      }
      await call(`POST /v1/payment-links/${won[0]?.body.id}/cancel`);
      expect((await create({ reference: 'ONCE' })).status).toBe(409);
      // A collection has references of its own.
      expect((await stage.collect({ reference: 'ONCE' })).status).toBe(201);
    });

    it('answer the same request again with the link as it was created', async () => {
      const body = toLinkRequest();
      const send = (given: object = body) => call('POST /v1/payment-links', given, { 'idempotency-key': 'links-1' });
      const answers = await Promise.all([send(), send(), send()]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
      await call(`POST /v1/payment-links/${answers[0]?.body.id}/cancel`);
      expect((await send()).body).toEqual(answers[0]?.body);
      const other = await send({ ...body, amount: '151' });
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    });

    it.each([
      [{ successUrl: 'javascript:alert(1)' }, 400, 'invalid_request', '/successUrl'],
      [{ successUrl: '//evil.example' }, 400, 'invalid_request', '/successUrl'],
      [{ successUrl: 'https://shop.example@evil.example/' }, 422, 'url_not_allowed', '/successUrl'],
      [{ successUrl: 'https://shop.example\\@evil.example/' }, 422, 'url_not_allowed', '/successUrl'],
      [{ successUrl: 'https:///evil.example/' }, 422, 'url_not_allowed', '/successUrl'],
      [{ successUrl: 'https://0x7f000001/' }, 422, 'url_not_allowed', '/successUrl'],
      [{ successUrl: 'https://127.1/' }, 422, 'url_not_allowed', '/successUrl'],
      [{ successUrl: 'https://evil.example;shop.example/' }, 422, 'url_not_allowed', '/successUrl'],
      [{ successUrl: 'https://shop.example/%0d%0aSet-Cookie:x=1' }, 422, 'url_not_allowed', '/successUrl'],
      [{ failureUrl: 'https://shop.example/\tpath' }, 422, 'url_not_allowed', '/failureUrl'],
      [{ failureUrl: 'https://user:pw@shop.example/' }, 422, 'url_not_allowed', '/failureUrl'],
      [{ failureUrl: 'data:text/html,x' }, 400, 'invalid_request', '/failureUrl'],
      [{ callbackUrl: 'http://10.0.0.1/' }, 422, 'url_not_allowed', '/callbackUrl'],
      [{ callbackUrl: 'http://169.254.169.254/latest' }, 422, 'url_not_allowed', '/callbackUrl'],
      [{ customer: { phone: 'nobody' } }, 422, 'recipient_invalid', '/customer/phone'],
      [{ methods: ['telepathy'] }, 422, 'method_unavailable', '/methods/0'],
      [{ currency: 'XOF', amount: '1500' }, 422, 'method_unavailable', '/currency'],
      [{ amount: '150.50' }, 422, 'method_unavailable', '/currency'],
      [{ amount: '0' }, 422, 'amount_out_of_range', '/amount'],
      [{ execution: 'delegated' }, 422, 'method_unavailable', '/execution'],
      [{ customData: 'x'.repeat(4_097) }, 400, 'invalid_request', '/customData'],
      [{ itemName: 'two\nlines' }, 400, 'invalid_request', '/itemName'],
      [{ expiresInSeconds: 59 }, 400, 'invalid_request', '/expiresInSeconds'],
      [{ mode: 'live' }, 400, 'unknown_field', '/mode'],
    ])('%j is refused', async (given, status, code, pointer) => {
      const answer = await create(given);
      expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([status, code, pointer]);
    });

    it('send customers in live mode to https only', async () => {
      const live = await stage.gateway.createKey(stage.merchant.id, { mode: 'live' });
      const answer = await stage.gateway.request('POST /v1/payment-links', {
        key: live.key,
        body: toLinkRequest({ successUrl: 'http://shop.example/' }),
      });
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/successUrl']);
    });

    it('have a QR code of their address', async () => {
      const { body } = await create();
      const answer = await fetch(`${stage.gateway.baseUrl}/v1/payment-links/${body.id}/qr.svg`, {
        headers: { authorization: `Bearer ${stage.merchant.key}` },
      });
      expect(answer.headers.get('content-type')).toBe('image/svg+xml');
      expect(await answer.text()).toMatch(/^<svg [^>]+viewBox="0 0 \d+ \d+"/);
    });
  });

  describe('that end', () => {
    it('expire on the server’s clock, once', async () => {
      const { body } = await create({ expiresInSeconds: 60 });
      await stage.pass(59_999);
      expect((await read(body.id)).status).toBe('active');
      await stage.pass(1);
      const told = await untilTold(body.id, 'payment_link.expired');
      expect(told.data).toMatchObject({ status: 'expired', version: 2 });
      expect(await read(body.id)).toMatchObject({ status: 'expired', completedAt: expect.any(String) });
      expect((await eventsOf(body.id)).map(({ type }) => type)).toEqual([
        'payment_link.created',
        'payment_link.expired',
      ]);
    });

    it('are cancelled once, and then stay so', async () => {
      const { body } = await create();
      const [one, other] = await Promise.all([
        call(`POST /v1/payment-links/${body.id}/cancel`),
        call(`POST /v1/payment-links/${body.id}/cancel`),
      ]);
      expect([one.status, other.status].sort()).toEqual([200, 409]);
      const again = await call(`POST /v1/payment-links/${body.id}/cancel`);
      expect([again.body.code, again.body.linkStatus]).toEqual(['not_cancellable', 'cancelled']);
      await untilTold(body.id, 'payment_link.cancelled');
      expect(await eventsOf(body.id)).toHaveLength(2);
    });
  });

  describe('with a callbackUrl', () => {
    it('tell it every event, signed with the merchant’s secret, and the log names the link', async () => {
      const { body } = await create({ callbackUrl: receiver.url('/mine') });
      await call(`POST /v1/payment-links/${body.id}/cancel`);
      const mine = () => receiver.messages.filter(({ path }) => path === '/mine');
      for (let turn = 0; turn < 200 && mine().length < 2; turn++) await stage.pass(1_000);
      const { body: secret } = await call('GET /v1/signing-secret');
      const verified = mine().map(
        (message) => new Webhook(secret.secret).verify(message.body, message.headers as Record<string, string>) as any,
      );
      expect(verified.map(({ type }) => type).sort()).toEqual(['payment_link.cancelled', 'payment_link.created']);
      expect(verified.every(({ data }) => data.id === body.id)).toBe(true);

      const { data } = (await call(`GET /v1/webhook-deliveries?linkId=${body.id}`)).body;
      expect(data.map(({ endpointId, linkId, status }: any) => [endpointId, linkId, status])).toEqual([
        [null, body.id, 'delivered'],
        [null, body.id, 'delivered'],
      ]);
      const again = await call(`POST /v1/webhook-deliveries/${data[0].id}/redeliver`);
      expect(again.status).toBe(202);
    });

    it('are signed with both secrets while a rotation overlaps', async () => {
      const before = (await call('GET /v1/signing-secret')).body;
      const after = (await call('POST /v1/signing-secret/rotate', { overlapHours: 1 })).body;
      expect(after.secret).not.toBe(before.secret);
      expect((await call('GET /v1/signing-secret')).body).toEqual(after);
      await create({ callbackUrl: receiver.url('/both') });
      const message = () => receiver.messages.find(({ path }) => path === '/both');
      for (let turn = 0; turn < 200 && !message(); turn++) await stage.pass(1_000);
      const { body, headers } = message()!;
      for (const { secret } of [before, after]) {
        expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeDefined();
      }
      const live = await stage.gateway.createKey(stage.merchant.id, { mode: 'live' });
      const other = await stage.gateway.request('GET /v1/signing-secret', { key: live.key });
      expect(other.body.secret).not.toBe(after.secret);
      expect(createHmac('sha256', after.secret).update('x').digest('hex')).toHaveLength(64);
    });
  });
});
