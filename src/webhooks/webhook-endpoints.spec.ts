import { describeOnBothDatabases } from '../../test/support/databases.js';
import { WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';
import type { NameResolver } from '../egress/egress-guard.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

const ENDPOINTS = '/v1/webhook-endpoints';
const URL = 'https://shop.example/webhooks';

/** What the names of these tests lead to. */
const resolve: NameResolver = (hostname, _options, callback) => {
  const addresses: Record<string, string> = { 'shop.example': '93.184.215.14', 'inside.example': '10.0.0.7' };
  const address = addresses[hostname];
  if (address !== undefined) callback(null, [{ address, family: 4 }]);
  else callback(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }), []);
};

describeOnBothDatabases('Webhook endpoints', (database) => {
  let place: StagePlace;
  let stage: WebhookStage;
  let merchant: StageMerchant;

  beforeAll(async () => {
    place = await createStagePlace(database, '127.0.0.1/32');
    stage = await WebhookStage.start(place, { resolve });
  });
  afterAll(async () => {
    await stage.close();
    await place.cleanUp();
  });
  beforeEach(async () => {
    merchant = await stage.createMerchant();
  });

  const create = (body: object, by: StageMerchant = merchant) => stage.request(`POST ${ENDPOINTS}`, by, body);

  it('show their secret once and keep it sealed', async () => {
    const { status, headers, body } = await create({
      url: URL,
      events: ['payout.*', 'payout.*'],
      description: 'Books',
    });
    expect(status).toBe(201);
    const now = new Date(stage.time.now()).toISOString();
    const { secret, ...shown } = body;
    expect(shown).toEqual({
      id: expect.stringMatching(/^whk_[0-9A-Z]{26}$/),
      object: 'webhook_endpoint',
      mode: 'test',
      url: URL,
      events: ['payout.*'],
      description: 'Books',
      enabled: true,
      disabledReason: null,
      failingSince: null,
      previousSecretEndsAt: null,
      createdAt: now,
      updatedAt: now,
    });
    expect(headers.get('location')).toBe(`${ENDPOINTS}/${shown.id}`);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await stage.request(`GET ${ENDPOINTS}/${shown.id}`, merchant)).body).toEqual(shown);
    expect((await stage.request(`GET ${ENDPOINTS}`, merchant)).body.data).toEqual([shown]);
    const row = await stage.database.read.findOneOrFail(WebhookEndpoint, { where: { id: shown.id } });
    expect(row.sealedSecret).toMatch(/^v1\./);
    expect(JSON.stringify(row)).not.toContain(secret.slice(6));
  });

  it('listen to everything and are enabled if nothing else is said', async () => {
    expect((await create({ url: URL })).body).toMatchObject({ events: ['*'], enabled: true, description: null });
    expect((await create({ url: URL, enabled: false })).body).toMatchObject({
      enabled: false,
      disabledReason: 'merchant',
    });
  });

  it.each([
    ['no URL', {}, '/url', /url must be/],
    ['null for the URL', { url: null }, '/url', /url must be/],
    ['a list for the URL', { url: [URL] }, '/url', /url must be/],
    ['a URL that is none', { url: 'shop' }, '/url', /url must be a web address/],
    ['a URL that is too long', { url: `${URL}/${'x'.repeat(2_000)}` }, '/url', /2000/],
    ['a URL with a line end', { url: `${URL}/\r\nX-Y: z` }, '/url', /url must be a web address/],
    ['a URL with a tab', { url: `${URL}\t/` }, '/url', /url must be a web address/],
    ['a URL with a space', { url: `${URL}/a b` }, '/url', /url must be a web address/],
    ['a URL with a mark that turns it', { url: `${URL}/\u202ekooh` }, '/url', /url must be a web address/],
    [
      'an unknown type',
      { url: URL, events: ['payout.*', 'payout.paid'] },
      '/events',
      /"payout\.paid" is no event type/,
    ],
    ['an unknown family', { url: URL, events: ['payments.*'] }, '/events', /"payments\.\*" is no event type/],
    ['a type that is no text', { url: URL, events: [7] }, '/events', /7 is no event type/],
    ['no types', { url: URL, events: [] }, '/events', /at least 1/],
    ['one text for the list', { url: URL, events: '*' }, '/events', /array/],
    ['null for the list', { url: URL, events: null }, '/events', /array/],
    ['a long description', { url: URL, description: 'x'.repeat(256) }, '/description', /255/],
    ['a word for the switch', { url: URL, enabled: 'yes' }, '/enabled', /boolean/],
    ['an unknown field', { url: URL, secret: 'whsec_mine' }, '/secret', /no field secret/],
  ])('refuse %s with 400', async (_name, body, pointer, detail) => {
    const answer = await create(body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    expect(answer.body.detail).toMatch(detail);
  });

  it.each([
    ['a private address', 'https://10.0.0.1/'],
    ['loopback in other words', 'https://0x7f.0.0.2/'],
    ['metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['a name that leads inside', 'https://inside.example/'],
    ['a user name', 'https://user:password@shop.example/'],
    ['a port of something else', 'https://shop.example:6379/'],
  ])('refuse %s with 422, when made and when changed', async (_name, url) => {
    const refusal = { status: 422, body: { code: 'url_not_allowed', errors: [{ pointer: '/url' }] } };
    expect(await create({ url })).toMatchObject(refusal);
    const { body: endpoint } = await create({ url: URL });
    expect(await stage.request(`PATCH ${ENDPOINTS}/${endpoint.id}`, merchant, { url })).toMatchObject(refusal);
    expect((await stage.request(`GET ${ENDPOINTS}/${endpoint.id}`, merchant)).body.url).toBe(URL);
  });

  it('take http in test mode only, names that do not resolve yet, and what the operator allows', async () => {
    const live = await stage.createKey(merchant.id, 'live');
    expect((await create({ url: 'http://shop.example/' })).status).toBe(201);
    expect(await create({ url: 'http://shop.example/' }, live)).toMatchObject({
      status: 422,
      body: { code: 'url_not_allowed', detail: expect.stringContaining('must be https') },
    });
    expect((await create({ url: 'https://not-yet.example/' }, live)).status).toBe(201);
    expect((await create({ url: 'http://127.0.0.1:8080/' })).status).toBe(201);
  });

  it('change in what is given and in nothing else', async () => {
    const { body: endpoint } = await create({ url: URL, events: ['payout.*'], description: 'Books' });
    const patch = async (changes: object) =>
      (await stage.request(`PATCH ${ENDPOINTS}/${endpoint.id}`, merchant, changes)).body;
    expect(await patch({})).toMatchObject({ url: URL, events: ['payout.*'], description: 'Books', enabled: true });
    stage.time.advance(1_000);
    expect(await patch({ description: null })).toMatchObject({
      events: ['payout.*'],
      description: null,
      updatedAt: new Date(stage.time.now()).toISOString(),
      createdAt: endpoint.createdAt,
    });
    expect(await patch({ events: ['*'], url: `${URL}/2` })).toMatchObject({ events: ['*'], url: `${URL}/2` });
    expect(await patch({ enabled: false })).toMatchObject({ enabled: false, disabledReason: 'merchant' });
    expect(await patch({ enabled: true })).toMatchObject({ enabled: true, disabledReason: null });
    const refused = await stage.request(`PATCH ${ENDPOINTS}/${endpoint.id}`, merchant, { url: null });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/url' }] } });
  });

  it('are twenty at most in a mode, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => create({ url: URL })));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    expect(statuses.filter((status) => status === 409)).toHaveLength(10);
    const live = await stage.createKey(merchant.id, 'live');
    expect((await create({ url: URL }, live)).status).toBe(201);
    const first = answers.find(({ status }) => status === 201)?.body.id;
    expect((await stage.request(`DELETE ${ENDPOINTS}/${first}`, merchant)).status).toBe(204);
    expect((await create({ url: URL })).status).toBe(201);
  });

  it('belong to one merchant and mode: to all others they are missing', async () => {
    const { body: endpoint } = await create({ url: URL });
    const missing = await stage.request(`GET ${ENDPOINTS}/whk_00000000000000000000000000`, merchant);
    expect(missing.status).toBe(404);
    const stranger = await stage.createMerchant();
    const live = await stage.createKey(merchant.id, 'live');
    for (const caller of [stranger, live]) {
      for (const [method, body] of [['GET'], ['PATCH', { enabled: false }], ['DELETE']] as const) {
        const answer = await stage.request(`${method} ${ENDPOINTS}/${endpoint.id}`, caller, body);
        expect({ ...answer.body, requestId: '' }).toEqual({ ...missing.body, requestId: '' });
      }
      expect((await stage.request(`GET ${ENDPOINTS}`, caller)).body.data).toEqual([]);
    }
    expect((await stage.request(`GET ${ENDPOINTS}/${endpoint.id}`, merchant)).body.enabled).toBe(true);
    for (const id of [endpoint.id.toLowerCase(), `${endpoint.id}%20`, 'whk_1', 'txn_00000000000000000000000000']) {
      expect((await stage.request(`GET ${ENDPOINTS}/${id}`, merchant)).status).toBe(404);
    }
  });

  it('need the right scopes', async () => {
    const reader = await stage.createKey(merchant.id, 'test', ['read']);
    const writer = await stage.createKey(merchant.id, 'test', ['webhooks:write']);
    const { body: endpoint } = await create({ url: URL }, writer);
    for (const [route, caller, body] of [
      [`POST ${ENDPOINTS}`, reader, { url: URL }],
      [`PATCH ${ENDPOINTS}/${endpoint.id}`, reader, {}],
      [`DELETE ${ENDPOINTS}/${endpoint.id}`, reader],
      [`GET ${ENDPOINTS}`, writer],
      [`GET ${ENDPOINTS}/${endpoint.id}`, writer],
      ['GET /v1/webhook-deliveries', writer],
      ['POST /v1/webhook-deliveries/dlv_00000000000000000000000000/redeliver', reader],
    ] as const) {
      expect(await stage.request(route, caller, body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
  });

  it('are gone once deleted, with their secret', async () => {
    const { body: endpoint } = await create({ url: URL });
    expect(await stage.request(`DELETE ${ENDPOINTS}/${endpoint.id}`, merchant)).toMatchObject({ status: 204 });
    expect((await stage.request(`GET ${ENDPOINTS}/${endpoint.id}`, merchant)).status).toBe(404);
    expect((await stage.request(`DELETE ${ENDPOINTS}/${endpoint.id}`, merchant)).status).toBe(404);
    expect(await stage.database.read.count(WebhookEndpoint, { where: { id: endpoint.id } })).toBe(0);
  });

  it('are listed newest first, page by page', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.unshift((await create({ url: URL })).body.id);
    const first = (await stage.request(`GET ${ENDPOINTS}?limit=3`, merchant)).body;
    expect(first.hasMore).toBe(true);
    const second = (await stage.request(`GET ${ENDPOINTS}?limit=3&cursor=${first.nextCursor}`, merchant)).body;
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
    expect(second).toMatchObject({ hasMore: false, nextCursor: null });
    const stranger = await stage.createMerchant();
    expect(await stage.request(`GET ${ENDPOINTS}?cursor=${first.nextCursor}`, stranger)).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  });

  it('have deliveries that are found by endpoint, event and status, page by page', async () => {
    const receiver = await WebhookReceiver.start((message, response) => {
      response.writeHead(message.path === '/good' ? 200 : 500).end();
    });
    const good = await stage.createEndpoint(merchant, receiver.url('/good'));
    await stage.createEndpoint(merchant, receiver.url('/bad'));
    const events = [1, 2, 3].map(() => stage.toEvent(merchant, 'payout.failed'));
    await stage.announce(...events);
    const list = async (query: string) => (await stage.request(`GET /v1/webhook-deliveries${query}`, merchant)).body;
    await stage.until('all were tried', async () => {
      const { data } = await list('');
      return data.every(({ attemptCount }: { attemptCount: number }) => attemptCount === 1);
    });
    const all = (await list('')).data;
    expect(all).toHaveLength(6);
    expect(all.map(({ id }: { id: string }) => id)).toEqual(
      [...all.map(({ id }: { id: string }) => id)].sort().reverse(),
    );
    const where = (filter: (delivery: any) => boolean) => ({ data: all.filter(filter) });
    expect(await list(`?endpointId=${good.id}`)).toMatchObject(where((one) => one.endpointId === good.id));
    expect(await list(`?eventId=${events[1]?.id}`)).toMatchObject(where((one) => one.eventId === events[1]?.id));
    expect(await list('?status=delivered')).toMatchObject(where((one) => one.status === 'delivered'));
    expect(await list(`?status=pending&endpointId=${good.id}`)).toMatchObject({ data: [] });
    const first = await list('?status=pending&limit=2');
    const second = await list(`?status=pending&limit=2&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data]).toEqual(where((one) => one.status === 'pending').data);
    expect(second.hasMore).toBe(false);

    expect(await list(`?status=delivered&cursor=${first.nextCursor}`)).toMatchObject({ code: 'invalid_cursor' });
    expect(await list('?status=lost')).toMatchObject({ status: 400, errors: [{ pointer: '#query/status' }] });
    expect(await list('?endpointId=whk')).toMatchObject({ status: 400, errors: [{ pointer: '#query/endpointId' }] });
    expect(await list('?endpoint=whk')).toMatchObject({ status: 400, code: 'unknown_field' });

    const one = await stage.request(`GET /v1/webhook-deliveries/${all[0].id}`, merchant);
    expect(one).toMatchObject({ status: 200, body: all[0] });
    const stranger = await stage.createMerchant();
    expect(await stage.deliveries(stranger)).toEqual([]);
    for (const route of [
      `GET /v1/webhook-deliveries/${all[0].id}`,
      `POST /v1/webhook-deliveries/${all[0].id}/redeliver`,
    ]) {
      expect((await stage.request(route, stranger)).status).toBe(404);
    }
    await receiver.close();
  });
});
