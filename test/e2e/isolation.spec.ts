import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { ApiContract, type DocumentedOperation, type Json } from '../support/openapi.js';
import { toLinkRequest } from '../support/link-stage.js';
import { DEMO_ACCOUNT, PaymentStage, suppressAddress } from '../support/payments.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** Ids of a merchant's objects by the second part of the path that reads them. */
type Ids = Record<string, string>;

/** What every operation with an id in its path is sent. The test fails for a route that is missing here. */
const BODIES: Readonly<Record<string, object | undefined>> = {
  'GET /v1/transactions/{id}': undefined,
  'GET /v1/transactions/{id}/events': undefined,
  'POST /v1/transactions/{id}/verify': undefined,
  'POST /v1/transactions/{id}/cancel': undefined,
  'POST /v1/transactions/{id}/approve': {},
  'POST /v1/transactions/{id}/decline': { note: 'Not ours.' },
  'POST /v1/transactions/{id}/otp': { otp: '482913' },
  'GET /v1/transactions/{id}/ruling': undefined,
  'POST /v1/transactions/{id}/ruling': { outcome: 'failed', note: 'Never paid.' },
  'GET /v1/payment-links/{id}': undefined,
  'GET /v1/payment-links/{id}/qr.svg': undefined,
  'POST /v1/payment-links/{id}/cancel': undefined,
  'GET /v1/callbacks/{id}': undefined,
  'POST /v1/callbacks/{id}/replay': undefined,
  'GET /v1/provider-accounts/{id}': undefined,
  'PATCH /v1/provider-accounts/{id}': { enabled: false },
  'POST /v1/provider-accounts/{id}/check': undefined,
  'POST /v1/provider-accounts/{id}/rotate-webhook-url': { overlapHours: 0 },
  'GET /v1/api-keys/{id}': undefined,
  'DELETE /v1/api-keys/{id}': undefined,
  'POST /v1/api-keys/{id}/roll': { overlapHours: 0 },
  'GET /v1/webhook-endpoints/{id}': undefined,
  'PATCH /v1/webhook-endpoints/{id}': { enabled: false },
  'POST /v1/webhook-endpoints/{id}/rotate-secret': { overlapHours: 0 },
  'POST /v1/webhook-endpoints/{id}/test': undefined,
  'POST /v1/webhook-endpoints/{id}/recover': { since: new Date().toISOString() },
  'DELETE /v1/webhook-endpoints/{id}': undefined,
  'GET /v1/webhook-deliveries/{id}': undefined,
  'POST /v1/webhook-deliveries/{id}/redeliver': undefined,
  'GET /v1/webhook-recoveries/{id}': undefined,
  'GET /v1/events/{id}': undefined,
  'GET /v1/emails/{id}': undefined,
  'GET /v1/emails/{id}/preview': undefined,
  'POST /v1/emails/{id}/resend': undefined,
  'GET /v1/email-suppressions/{id}': undefined,
  'DELETE /v1/email-suppressions/{id}': undefined,
};

const PREFIXES: Ids = {
  transactions: 'txn',
  'payment-links': 'lnk',
  callbacks: 'clb',
  'provider-accounts': 'pac',
  'api-keys': 'key',
  'webhook-endpoints': 'whk',
  'webhook-deliveries': 'dlv',
  'webhook-recoveries': 'rcv',
  events: 'evt',
  emails: 'eml',
  'email-suppressions': 'sup',
};

describeOnBothDatabases('Tenants never meet', (database) => {
  let stage: PaymentStage;
  let contract: ApiContract;
  let receiver: WebhookReceiver;
  let owned: Ids;
  let before: string;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    contract = await ApiContract.of(stage.gateway);
    receiver = await WebhookReceiver.start();
    owned = await createOneOfEach();
    before = await readEverything();
  });

  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });

  const call = (route: string, key: string, body?: object, headers: Record<string, string> = {}): Promise<TestAnswer> =>
    stage.gateway.request(route, { key, headers, ...(body && { body }) });

  async function createOneOfEach(): Promise<Ids> {
    const { key, id } = stage.merchant;
    const endpoint = await call('POST /v1/webhook-endpoints', key, { url: receiver.url() });
    await call('PATCH /v1/merchant', key, { notificationEmail: 'mine@example.com' });
    const { body: transaction } = await stage.collect({ reference: 'MINE' });
    await stage.until(transaction.id, ['succeeded']);
    let delivery: Json;
    while (delivery === undefined) {
      await stage.pass(1_000);
      delivery = (await call('GET /v1/webhook-deliveries', key)).body.data.find(
        ({ deliveredAt }: Json) => deliveredAt !== null,
      );
    }
    const { body: accounts } = await call('GET /v1/provider-accounts', key);
    const { body: callbacks } = await call('GET /v1/callbacks', key);
    const { body: events } = await call('GET /v1/events', key);
    const { body: emails } = await call('GET /v1/emails', key);
    await suppressAddress(stage);
    const { body: suppressions } = await call('GET /v1/email-suppressions', key);
    const since = new Date(stage.time.now()).toISOString();
    const recovery = await call(`POST /v1/webhook-endpoints/${endpoint.body.id}/recover`, key, { since });
    for (let status = ''; status !== 'completed';) {
      await stage.pass(1_000);
      ({ status } = (await call(`GET /v1/webhook-recoveries/${recovery.body.id}`, key)).body);
    }
    const link = await call('POST /v1/payment-links', key, toLinkRequest({ reference: 'MINE' }));
    return {
      transactions: transaction.id,
      'payment-links': link.body.id,
      callbacks: callbacks.data[0].id,
      'provider-accounts': accounts.data[0].id,
      'api-keys': (await stage.gateway.createKey(id)).keyId,
      'webhook-endpoints': endpoint.body.id,
      'webhook-deliveries': delivery.id,
      'webhook-recoveries': recovery.body.id,
      events: events.data[0].id,
      emails: emails.data[0].id,
      'email-suppressions': suppressions.data[0].id,
    };
  }

  /** The owner's view of all of it, except for the instant at which its key was last used. */
  async function readEverything(): Promise<string> {
    const answers = await Promise.all(
      Object.entries(owned).map(([kind, id]) => call(`GET /v1/${kind}/${id}`, stage.merchant.key)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    return JSON.stringify(answers.map(({ body: { lastUsedAt: _, ...body } }) => body));
  }

  const withId = (): DocumentedOperation[] =>
    contract.operations.filter(({ path, operation }) => {
      const forMerchants = operation.security.some(({ bearer }: Json) => bearer[0] !== 'platform');
      return path.includes('{id}') && forMerchants;
    });

  it('the crawl knows every route that takes an id', () => {
    expect(
      withId()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(BODIES).sort());
  });

  const strangers: [string, () => Promise<string>][] = [
    ['another merchant', async () => (await stage.gateway.createMerchant({ name: 'Kiosk' })).key],
    [
      'the live key of the same merchant',
      async () => (await stage.gateway.createKey(stage.merchant.id, { mode: 'live' })).key,
    ],
    [
      'a live key of another merchant',
      async () => (await stage.gateway.createMerchant({ name: 'Kiosk', mode: 'live' })).key,
    ],
  ];

  describe.each(strangers)('%s', (_, makeKey) => {
    let key: string;

    beforeAll(async () => {
      key = await makeKey();
    });

    it('gets for an id that is not theirs the same bytes as for one that is nobody’s', async () => {
      for (const { name, method, path } of withId()) {
        const kind = path.split('/')[2] ?? '';
        const nobodys = `${PREFIXES[kind]}_01ARZ3NDEKTSV4RRFFQ69G5FAV`;
        const [foreign, missing, shapeless] = await Promise.all(
          [owned[kind] ?? '', nobodys, 'nonsense'].map((id) =>
            call(`${method} ${path.replace('{id}', id)}`, key, BODIES[name]),
          ),
        );
        expect([name, foreign?.status]).toEqual([name, 404]);
        expect([name, withoutRequestId(foreign)]).toEqual([name, withoutRequestId(missing)]);
        expect([name, withoutRequestId(shapeless)]).toEqual([name, withoutRequestId(missing)]);
      }
      expect(await readEverything()).toBe(before);
    });

    it('sees nothing of it in any list, whatever the filter', async () => {
      const ids = Object.values(owned);
      const filters = [
        'transactions?reference=MINE',
        'transactions?status=succeeded',
        'payment-links?reference=MINE',
        `webhook-deliveries?linkId=${owned['payment-links']}`,
        `webhook-deliveries?endpointId=${owned['webhook-endpoints']}`,
        `events?transactionId=${owned.transactions}`,
        `emails?transactionId=${owned.transactions}`,
        'emails?to=mine%40example.com',
      ];
      const lists = contract.operations
        .filter(({ operation, path }) => operation.operationId.startsWith('list') && !path.includes('{id}'))
        .filter(({ operation }) => operation.security.some(({ bearer }: Json) => bearer[0] === 'read'))
        .map(({ path }) => path.slice('/v1/'.length));
      expect(lists.length).toBeGreaterThanOrEqual(6);
      for (const list of [...lists, ...filters]) {
        const { status, text } = await call(`GET /v1/${list}`, key);
        expect([list, status]).toEqual([list, 200]);
        expect(ids.filter((id) => text.includes(id))).toEqual([]);
        expect(text).not.toContain('MINE');
      }
    });

    it('cannot go on in a list of theirs with a cursor of ours', async () => {
      const { body } = await call('GET /v1/api-keys?limit=1', stage.merchant.key);
      const answer = await call(`GET /v1/api-keys?cursor=${body.nextCursor}`, key);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
    });

    it('may use the same reference and Idempotency-Key for a payment of their own', async () => {
      const headers = { 'idempotency-key': 'shared' };
      const payment = {
        reference: 'MINE',
        amount: 10,
        currency: 'KES',
        method: 'mpesa_ke',
        customer: { phone: stage.freshPhone() },
      };
      // No account of theirs serves it; neither the reference nor the key is what stands in their way.
      const { status, body } = await call('POST /v1/collections', key, payment, headers);
      expect([status, body.code]).toEqual([422, 'method_unavailable']);
    });
  });

  it('a merchant’s key cannot name another merchant or mode, nor list by one', async () => {
    const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
    const scopes = { name: 'x', scopes: ['read'] };
    const attempts = [
      call('POST /v1/api-keys', other.key, { ...scopes, merchantId: stage.merchant.id }),
      call('POST /v1/api-keys', other.key, { ...scopes, mode: 'live' }),
      call(`GET /v1/api-keys?merchantId=${stage.merchant.id}`, other.key),
      call('POST /v1/collections', other.key, { merchantId: stage.merchant.id }, { 'idempotency-key': 'x' }),
      call('POST /v1/provider-accounts', other.key, { ...DEMO_ACCOUNT, mode: 'live' }),
      call(`PATCH /v1/merchant`, other.key, { id: stage.merchant.id }),
    ];
    const answers = await Promise.all(attempts);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => [400, 'unknown_field']));
  });

  it('a platform key acts for no merchant, and a merchant’s key not for the platform', async () => {
    const { key: platform } = await stage.gateway.createKey(null);
    for (const { name, method, path, operation } of contract.operations) {
      const scopes: string[] = operation.security.map(({ bearer }: Json) => bearer[0]);
      const route = `${method} ${path.replace('{id}', owned[path.split('/')[2] ?? ''] ?? stage.merchant.id)}`;
      if (!scopes.includes('platform')) expect([name, (await call(route, platform)).status]).toEqual([name, 403]);
      else if (scopes.length === 1) {
        expect([name, (await call(route, stage.merchant.key)).status]).toEqual([name, 403]);
      }
    }
    expect(await readEverything()).toBe(before);
  });

  it('a key does only what its scopes say', async () => {
    for (const { name, method, path, operation } of contract.operations) {
      const scopes: string[] = operation.security.map(({ bearer }: Json) => bearer[0]);
      const lacking = scopes.includes('read') ? 'review:write' : 'read';
      const { key } = await stage.gateway.createKey(stage.merchant.id, { scopes: [lacking] });
      const route = `${method} ${path.replace('{id}', owned[path.split('/')[2] ?? ''] ?? stage.merchant.id)}`;
      const { status, body } = await call(route, key);
      expect([name, status, body.code]).toEqual([name, 403, 'forbidden']);
    }
    expect(await readEverything()).toBe(before);
  });
});

function withoutRequestId(answer: TestAnswer | undefined): string {
  const { status, body, headers, text } = answer ?? {};
  expect(headers?.get('request-id')).toBe(body.requestId);
  const kept = [...(headers ?? [])].filter(([name]) => !['request-id', 'date', 'ratelimit'].includes(name));
  return JSON.stringify([status, kept, text?.replace(body.requestId, '')]);
}
