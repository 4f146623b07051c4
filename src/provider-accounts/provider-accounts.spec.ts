import { describeForm } from '#libs/provider-kit';
import { mpesa } from '#libs/providers/mpesa';
import { DEFAULT_DIRECTORY, startMpesaSimulator, type MpesaSimulator } from '#libs/simulators/mpesa';
import {
  createTestGateway,
  describeOnBothDatabases,
  type TestGateway,
  type TestMerchant,
} from '../../test/support/gateway.js';
import { Database } from '../database/database.js';
import { ProviderAccount } from './provider-account.entity.js';
import { ProviderAccountsService } from './provider-accounts.service.js';

const [app] = DEFAULT_DIRECTORY.apps;
const [shop] = DEFAULT_DIRECTORY.merchants;
if (!app || !shop) throw new TypeError('The simulator has no app or merchant');

const CREDENTIALS = { consumerKey: app.consumerKey, consumerSecret: app.consumerSecret, passkey: shop.passkey };
const SETTINGS = { shortcode: shop.shortcode, type: 'paybill' };
const ACCOUNT = { provider: 'mpesa', credentials: CREDENTIALS, settings: SETTINGS };

describeOnBothDatabases('Provider accounts', (database) => {
  let gateway: TestGateway;
  let simulator: MpesaSimulator;
  let merchant: TestMerchant;

  beforeAll(async () => {
    simulator = await startMpesaSimulator();
    gateway = await createTestGateway({ database });
    merchant = await gateway.createMerchant();
  });
  afterAll(async () => {
    await gateway.close();
    await simulator.close();
  });

  const create = (changes: object = {}, key = merchant.key) =>
    gateway.request('POST /v1/provider-accounts', { key, body: { ...ACCOUNT, ...changes } });
  const change = (id: string, body: object, key = merchant.key) =>
    gateway.request(`PATCH /v1/provider-accounts/${id}`, { key, body });
  const check = async (id: string) =>
    (await gateway.request(`POST /v1/provider-accounts/${id}/check`, { key: merchant.key })).body;
  const atSimulator = () => ({ ...SETTINGS, baseUrl: simulator.baseUrl });

  describe('creating', () => {
    it('answers everything but the credentials', async () => {
      const { status, body, headers } = await create({ priority: 7 });
      expect(status).toBe(201);
      expect(headers.get('location')).toBe(`/v1/provider-accounts/${body.id}`);
      expect(body).toEqual({
        id: expect.stringMatching(/^pac_[0-9A-Z]{26}$/),
        object: 'provider_account',
        provider: 'mpesa',
        mode: 'test',
        credentialsSet: ['consumerKey', 'consumerSecret', 'passkey'],
        settings: SETTINGS,
        webhookUrl: null,
        priority: 7,
        enabled: true,
        lowBalance: null,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
        updatedAt: body.createdAt,
      });
      const read = await gateway.request(`GET /v1/provider-accounts/${body.id}`, { key: merchant.key });
      expect(read.body).toEqual(body);
      expect((await create()).body).toMatchObject({ priority: 100, enabled: true });
    });

    it('names the providers there are, where there is no such one', async () => {
      expect(await create({ provider: 'm-pesa' })).toMatchObject({
        status: 422,
        body: {
          code: 'unknown_provider',
          detail: expect.stringContaining('mpesa'),
          errors: [{ pointer: '/provider', code: 'unknown_provider' }],
        },
      });
    });

    it.each<[string, object, object[]]>([
      [
        'what is missing',
        { credentials: {}, settings: {} },
        [
          { pointer: '/credentials/consumerKey', code: 'required' },
          { pointer: '/credentials/consumerSecret', code: 'required' },
          { pointer: '/credentials/passkey', code: 'required' },
          { pointer: '/settings/shortcode', code: 'required' },
          { pointer: '/settings/type', code: 'required' },
        ],
      ],
      [
        'what is unknown',
        { credentials: { ...CREDENTIALS, 'pass/key': 'hunter2hunter2' }, settings: { ...SETTINGS, colour: 'green' } },
        [
          { pointer: '/credentials/pass~1key', code: 'unknown_field' },
          { pointer: '/settings/colour', code: 'unknown_field' },
        ],
      ],
      [
        'what is wrong',
        {
          credentials: { ...CREDENTIALS, passkey: ['hunter2hunter2'] },
          settings: { ...SETTINGS, type: 'hunter2hunter2' },
        },
        [
          { pointer: '/credentials/passkey', code: 'invalid_type' },
          { pointer: '/settings/type', code: 'invalid_value' },
        ],
      ],
      [
        'what does not fit together',
        { credentials: { ...CREDENTIALS, initiatorName: 'hunter2hunter2' } },
        [{ pointer: '/credentials/initiatorPassword', code: 'custom' }],
      ],
    ])('points at %s, and repeats no value', async (_, given, errors) => {
      const { status, body, text } = await create(given);
      expect(status).toBe(422);
      expect(body).toMatchObject({ code: 'invalid_credentials', errors });
      expect(body.errors).toHaveLength(errors.length);
      for (const secret of ['hunter2hunter2', ...Object.values(CREDENTIALS)]) expect(text).not.toContain(secret);
    });

    it.each([
      ['a list', { credentials: ['a'] }, '/credentials'],
      ['null', { settings: null }, '/settings'],
      ['a text', { credentials: 'a' }, '/credentials'],
      ['a priority below zero', { priority: -1 }, '/priority'],
      ['a switch that is neither on nor off', { enabled: 'yes' }, '/enabled'],
      ['a mode of its own', { mode: 'live' }, '/mode'],
    ])('refuses %s', async (_, given, pointer) => {
      expect(await create(given)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    });
  });

  describe('another host', () => {
    it('is for test mode alone', async () => {
      expect((await create({ settings: atSimulator() })).status).toBe(201);
      const { key } = await gateway.createKey(merchant.id, { mode: 'live' });
      const refused = { status: 422, body: { code: 'url_not_allowed', errors: [{ pointer: '/settings/baseUrl' }] } };
      expect(await create({ settings: { ...SETTINGS, baseUrl: 'https://pay.example.com' } }, key)).toMatchObject(
        refused,
      );
      const { body } = await create({}, key);
      expect(body.mode).toBe('live');
      expect(await change(body.id, { settings: atSimulator() }, key)).toMatchObject(refused);
    });

    it.each([
      'http://10.0.0.5/daraja',
      'http://169.254.169.254/latest',
      'http://[::1]:8080',
      'http://0x0a000005/',
      'https://user:word@pay.example.com',
      'https://pay.example.com?next=/x',
      'https://pay.example.com/#x',
    ])('is not %s', async (baseUrl) => {
      const { body } = await create();
      const settings = { ...SETTINGS, baseUrl };
      for (const answer of [await create({ settings }), await change(body.id, { settings })]) {
        expect(answer).toMatchObject({ status: 422, body: { code: 'url_not_allowed' } });
      }
    });
  });

  describe('changing', () => {
    it('touches what is given, and replaces credentials and settings as a whole', async () => {
      const { body } = await create({
        credentials: { ...CREDENTIALS, initiatorName: 'apiop', initiatorPassword: 'correct-horse' },
        settings: atSimulator(),
      });
      expect(body.credentialsSet).toContain('initiatorPassword');
      expect((await change(body.id, { priority: 3 })).body).toMatchObject({
        priority: 3,
        enabled: true,
        settings: atSimulator(),
        credentialsSet: body.credentialsSet,
      });
      expect((await change(body.id, { credentials: CREDENTIALS, settings: SETTINGS })).body).toMatchObject({
        priority: 3,
        settings: SETTINGS,
        credentialsSet: Object.keys(CREDENTIALS),
      });
      const read = await gateway.request(`GET /v1/provider-accounts/${body.id}`, { key: merchant.key });
      expect(read.body).toMatchObject({ priority: 3, settings: SETTINGS, credentialsSet: Object.keys(CREDENTIALS) });
      expect((await change(body.id, {})).status).toBe(200);
    });

    it('checks them as creating does, and cannot make another provider of it', async () => {
      const { body } = await create();
      expect(await change(body.id, { credentials: { consumerKey: 'x' } })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/credentials/consumerSecret' }, { pointer: '/credentials/passkey' }] },
      });
      expect((await change(body.id, { provider: 'moneroo' })).body.code).toBe('unknown_field');
      expect((await change(body.id, { credentials: null })).status).toBe(400);
    });

    it('never loses one of two changes that meet', async () => {
      const { body } = await create();
      const answers = await Promise.all([1, 2, 3, 4].map((priority) => change(body.id, { priority })));
      const done = answers.filter(({ status }) => status === 200);
      expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
      const row = await gateway.get(ProviderAccountsService).get(body.id);
      expect(row.version).toBe(1 + done.length);
      expect(done.map((answer) => answer.body.priority)).toContain(row.priority);
    });
  });

  describe('checking', () => {
    it('tells good credentials, bad ones and silence apart', async () => {
      const { body } = await create({ settings: atSimulator() });
      expect(await check(body.id)).toMatchObject({
        status: 'ok',
        checkedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
      });
      await change(body.id, { credentials: { ...CREDENTIALS, consumerSecret: 'wrong-secret-value' } });
      const refused = await check(body.id);
      expect(refused.status).toBe('refused');
      expect(JSON.stringify(refused)).not.toContain('wrong-secret-value');
      await change(body.id, { credentials: CREDENTIALS, settings: { ...SETTINGS, baseUrl: await findDeadUrl() } });
      expect((await check(body.id)).status).toBe('unreachable');
    });

    it('says so where the stored credentials no longer open', async () => {
      const { body } = await create();
      const { sealedCredentials } = await gateway.get(ProviderAccountsService).get((await create()).body.id);
      await gateway
        .get(Database)
        .write((tx) => tx.manager.update(ProviderAccount, { id: body.id }, { sealedCredentials }));
      expect((await check(body.id)).status).toBe('refused');
      const read = await gateway.request(`GET /v1/provider-accounts/${body.id}`, { key: merchant.key });
      expect(read.body.credentialsSet).toEqual([]);
      await change(body.id, { credentials: CREDENTIALS });
      expect((await gateway.request(`GET /v1/provider-accounts/${body.id}`, { key: merchant.key })).body).toMatchObject(
        {
          credentialsSet: Object.keys(CREDENTIALS),
        },
      );
    });
  });

  describe('the URL that a whole account shares', () => {
    const MONEROO = {
      provider: 'moneroo',
      credentials: { secretKey: 'pvk_sandbox_x', webhookSecret: 'x' },
      settings: {},
    };

    it('is of each account its own, and one from before there were any gets one when it is first shown', async () => {
      const { key } = await gateway.createMerchant();
      const { body: first } = await create(MONEROO, key);
      const { body: second } = await create(MONEROO, key);
      expect(new Set([first.webhookUrl, second.webhookUrl]).size).toBe(2);
      const { id } = first;
      await gateway
        .get(Database)
        .write((tx) => tx.manager.update(ProviderAccount, { id }, { callbackTokenHash: null }));
      const reads = await Promise.all(
        Array.from({ length: 8 }, () => gateway.request(`GET /v1/provider-accounts/${id}`, { key })),
      );
      const urls = new Set(reads.map(({ body }) => body.webhookUrl));
      expect([...urls]).toEqual([expect.stringMatching(/\/callbacks\/[0-9a-f]{64}$/)]);
      const { body: list } = await gateway.request('GET /v1/provider-accounts', { key });
      expect(list.data.map(({ webhookUrl }: { webhookUrl: string }) => webhookUrl)).toEqual([
        second.webhookUrl,
        ...urls,
      ]);
      // A change of something else leaves it.
      expect((await change(id, { priority: 3 }, key)).body.webhookUrl).toBe([...urls][0]);
    });

    it('changes twice where two change it at once, and each answer names one that was in force', async () => {
      const { body } = await create(MONEROO);
      const rotate = () =>
        gateway.request(`POST /v1/provider-accounts/${body.id}/rotate-webhook-url`, {
          key: merchant.key,
          body: { overlapHours: 0 },
        });
      const rotated = await Promise.all([rotate(), rotate()]);
      const { body: now } = await gateway.request(`GET /v1/provider-accounts/${body.id}`, { key: merchant.key });
      const urls = rotated.map((answer) => answer.body.webhookUrl);
      expect(new Set([body.webhookUrl, ...urls]).size).toBe(3);
      expect(urls).toContain(now.webhookUrl);
    });
  });

  describe('isolation', () => {
    it.each(['GET', 'PATCH', 'POST check'])('%s of a foreign account is as of a missing one', async (call) => {
      const other = await gateway.createMerchant();
      const foreign = (await create({}, other.key)).body.id;
      const live = (await create({}, (await gateway.createKey(merchant.id, { mode: 'live' })).key)).body.id;
      const ask = async (id: string) => {
        const [method = '', action] = call.split(' ');
        const path = `/v1/provider-accounts/${id}${action === undefined ? '' : `/${action}`}`;
        const body = method === 'PATCH' ? { enabled: false } : undefined;
        const answer = await gateway.request(`${method} ${path}`, { key: merchant.key, body });
        return { status: answer.status, text: answer.text.replace(/req_\w+/, 'req') };
      };
      const missing = await ask('pac_01KA3X6V0C8Q5R9B2D4F6H8J0K');
      expect(missing.status).toBe(404);
      expect(await ask(foreign)).toEqual(missing);
      expect(await ask(live)).toEqual(missing);
      expect((await gateway.get(ProviderAccountsService).get(foreign)).enabled).toBe(true);
    });

    it('lists and routes by merchant and mode, enabled ones by priority and then age', async () => {
      const { id, key } = await gateway.createMerchant();
      const make = async (changes: object) => (await create(changes, key)).body.id;
      const last = await make({ priority: 200 });
      const second = await make({});
      const third = await make({});
      const first = await make({ priority: 1 });
      const off = await make({ priority: 0, enabled: false });
      const page = await gateway.request('GET /v1/provider-accounts?limit=4', { key });
      expect(page.body.data.map((one: { id: string }) => one.id)).toEqual([off, first, third, second]);
      const rest = await gateway.request(`GET /v1/provider-accounts?limit=4&cursor=${page.body.nextCursor}`, { key });
      expect(rest.body).toMatchObject({ data: [{ id: last }], hasMore: false, nextCursor: null });

      const accounts = gateway.get(ProviderAccountsService);
      expect((await accounts.findRoutable(id, 'test')).map((one) => one.id)).toEqual([first, second, third, last]);
      expect(await accounts.findRoutable(id, 'live')).toEqual([]);
    });

    it('routes the very next request by what changed, also where another process changed it', async () => {
      const { key } = await gateway.createMerchant();
      const { id } = (await create({}, key)).body;
      const ask = async () => {
        made++;
        const body = {
          ...{ reference: `routed-${made}`, amount: '10.00', currency: 'KES', method: 'mpesa_ke' },
          customer: { phone: `+2547220000${String(made).padStart(2, '0')}` },
        };
        const headers = { 'idempotency-key': `routed-${made}` };
        return (await gateway.request('POST /v1/collections', { key, body, headers })).status;
      };
      let made = 0;
      const elsewhere = (enabled: boolean) =>
        gateway
          .get(Database)
          .write((tx) => tx.manager.update(ProviderAccount, { id }, { enabled, version: () => 'version + 1' }));
      expect([await ask(), await ask()]).toEqual([201, 201]);
      await elsewhere(false);
      expect(await ask()).toBe(422);
      await elsewhere(true);
      expect(await ask()).toBe(201);
      await change(id, { enabled: false }, key);
      expect(await ask()).toBe(422);
      await create({}, key);
      expect(await ask()).toBe(201);
    });

    it('needs the scope providers:write for whatever changes or tries', async () => {
      const { key } = await gateway.createKey(merchant.id, { scopes: ['read'] });
      const { body } = await create();
      expect((await create({}, key)).status).toBe(403);
      expect((await change(body.id, { enabled: false }, key)).status).toBe(403);
      expect((await gateway.request(`POST /v1/provider-accounts/${body.id}/check`, { key })).status).toBe(403);
      expect((await gateway.request(`GET /v1/provider-accounts/${body.id}`, { key })).status).toBe(200);
      const writer = await gateway.createKey(merchant.id, { scopes: ['providers:write'] });
      expect((await gateway.request('GET /v1/provider-accounts', { key: writer.key })).status).toBe(403);
    });
  });

  it('can be drawn as forms from the list of providers', async () => {
    const { status, body } = await gateway.request('GET /v1/providers', { key: merchant.key });
    expect(status).toBe(200);
    expect(body).toMatchObject({ hasMore: false, nextCursor: null });
    const listed = body.data.find(({ id }: { id: string }) => id === 'mpesa');
    expect(listed).toMatchObject({
      object: 'provider',
      name: mpesa.name,
      methods: expect.arrayContaining([expect.objectContaining({ code: 'mpesa_ke', country: 'KE', currency: 'KES' })]),
      credentials: JSON.parse(JSON.stringify(describeForm(mpesa.credentials))),
    });
    expect(listed.credentials.properties.consumerSecret).toMatchObject({ writeOnly: true, format: 'password' });
  });

  it('keep their credentials out of the database, every answer and the log', async () => {
    const secret = 'kXq9vT3mW7pL2sR8zN4bJ6hD1fG5cY0a';
    const credentials = { ...CREDENTIALS, consumerSecret: secret };
    const { body } = await create({ credentials, settings: atSimulator() });
    const texts = await Promise.all([
      gateway.request(`GET /v1/provider-accounts/${body.id}`, { key: merchant.key }),
      gateway.request('GET /v1/provider-accounts', { key: merchant.key }),
      gateway.request(`POST /v1/provider-accounts/${body.id}/check`, { key: merchant.key }),
      change(body.id, { credentials: { ...credentials, more: 1 } }),
      change(body.id, { credentials }),
    ]);
    const rows = await gateway.get(Database).read.query('SELECT * FROM provider_accounts');
    for (const text of [...texts.map((answer) => answer.text), JSON.stringify(rows), gateway.log]) {
      expect(text).not.toContain(secret);
    }
  });
});

/** A port of loopback where nobody listens any more. */
async function findDeadUrl(): Promise<string> {
  const gone = await startMpesaSimulator();
  await gone.close();
  return gone.baseUrl;
}
