import { randomBytes } from 'node:crypto';
import { ManualTime } from '#libs/primitives';
import {
  createTestGateway,
  describeOnBothDatabases,
  type TestGateway,
  type TestMerchant,
} from '../../test/support/gateway.js';
import { Database } from '../database/database.js';
import { MerchantsService } from '../merchants/merchants.service.js';
import { makeApiKeySecret } from './api-key-secret.js';
import { ApiKey } from './api-key.entity.js';
import { MERCHANT_SCOPES } from './scopes.js';

const HOUR_MS = 3_600_000;

describeOnBothDatabases('API keys', (database) => {
  const time = new ManualTime(Date.UTC(2026, 0, 15, 9));
  let gateway: TestGateway;
  let achieng: TestMerchant;
  let other: TestMerchant;
  let platform: string;

  beforeAll(async () => {
    gateway = await createTestGateway({ database, seams: { clock: time, scheduler: time } });
    achieng = await gateway.createMerchant();
    other = await gateway.createMerchant();
    platform = (await gateway.createKey(null)).key;
  });
  afterAll(() => gateway.close());

  const create = (key: string, body: object) => gateway.request('POST /v1/api-keys', { key, body });
  const roll = (key: string, id: string, body?: object) =>
    gateway.request(`POST /v1/api-keys/${id}/roll`, { key, body });
  const revoke = (key: string, id: string) => gateway.request(`DELETE /v1/api-keys/${id}`, { key });
  const statusWith = async (key: string) => (await gateway.request('GET /v1/merchant', { key })).status;

  describe('creating', () => {
    it('shows the secret once, and stores nothing that opens anything', async () => {
      const { status, body, headers } = await create(achieng.key, { name: 'Shop', scopes: ['read'] });
      expect(status).toBe(201);
      expect(headers.get('location')).toBe(`/v1/api-keys/${body.id}`);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({
        id: expect.stringMatching(/^key_[0-9A-Z]{26}$/),
        object: 'api_key',
        name: 'Shop',
        last4: body.secret.slice(-4),
        merchantId: achieng.id,
        mode: 'test',
        principalId: achieng.principalId,
        scopes: ['read'],
        status: 'active',
        createdAt: '2026-01-15T09:00:00.000Z',
        lastUsedAt: null,
        endsAt: null,
        secret: expect.stringMatching(/^mlp_test_[0-9A-Za-z]{38}$/),
      });
      expect(await statusWith(body.secret)).toBe(200);

      const one = await gateway.request(`GET /v1/api-keys/${body.id}`, { key: achieng.key });
      const list = await gateway.request('GET /v1/api-keys', { key: achieng.key });
      const rows = await gateway.get(Database).read.query('SELECT * FROM api_keys');
      for (const text of [one.text, list.text, JSON.stringify(rows), gateway.log]) {
        expect(text).not.toContain(body.secret);
        expect(text).not.toContain(body.secret.slice(9, -4));
      }
      expect(one.body).not.toHaveProperty('secret');
    });

    it('passes on scopes that the key has, and no others', async () => {
      const { secret } = (await create(achieng.key, { name: 'Clerk', scopes: ['keys:write', 'read'] })).body;
      expect((await create(secret, { name: 'Clerk 2', scopes: ['read'] })).status).toBe(201);
      const refused = await create(secret, { name: 'Boss', scopes: ['read', 'payouts:write'] });
      expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect(refused.body.detail).toContain('payouts:write');
      expect((await create(secret, { name: 'Root', scopes: ['platform'] })).status).toBe(403);
    });

    it('keeps to merchant and mode', async () => {
      for (const field of [{ merchantId: other.id }, { mode: 'live' }]) {
        const refused = await create(achieng.key, { name: 'Escape', scopes: ['read'], ...field });
        expect(refused).toMatchObject({
          status: 400,
          body: { code: 'unknown_field', errors: [{ pointer: `/${Object.keys(field)[0]}` }] },
        });
      }
      const live = await gateway.createKey(achieng.id, { mode: 'live' });
      expect((await create(live.key, { name: 'Live', scopes: ['read'] })).body.mode).toBe('live');
    });

    it.each([
      ['no name', { scopes: ['read'] }, '/name'],
      ['a blank name', { name: ' ', scopes: ['read'] }, '/name'],
      ['no scopes', { name: 'x' }, '/scopes'],
      ['an empty list of scopes', { name: 'x', scopes: [] }, '/scopes'],
      ['a scope that does not exist', { name: 'x', scopes: ['everything'] }, '/scopes'],
      ['a field that does not exist', { name: 'x', scopes: ['read'], principalId: 'prn_1' }, '/principalId'],
      ['null where nothing can be null', { name: 'x', scopes: ['read'], mode: null }, '/mode'],
    ])('refuses %s', async (_, body, pointer) => {
      expect(await create(achieng.key, body)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    });

    it('needs a body', async () => {
      expect((await gateway.request('POST /v1/api-keys', { key: achieng.key })).status).toBe(400);
    });
  });

  describe('of the platform', () => {
    it('make keys of merchants, each a new principal', async () => {
      const ask = { name: 'Owner', scopes: ['read', 'keys:write'], merchantId: achieng.id, mode: 'live' };
      const first = await create(platform, ask);
      const second = await create(platform, ask);
      expect(first).toMatchObject({ status: 201, body: { merchantId: achieng.id, mode: 'live' } });
      expect(first.body.secret).toMatch(/^mlp_live_/);
      expect(new Set([first.body.principalId, second.body.principalId, achieng.principalId]).size).toBe(3);
      expect(await statusWith(first.body.secret)).toBe(200);
    });

    it('must say whose key it is, and name a merchant that exists', async () => {
      const ask = { name: 'Owner', scopes: ['read'], mode: 'test' };
      expect(await create(platform, ask)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/merchantId' }] },
      });
      expect(await create(platform, { ...ask, merchantId: achieng.id, mode: undefined })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/mode' }] },
      });
      expect(await create(platform, { ...ask, merchantId: 'mer_none' })).toMatchObject({
        status: 404,
        body: { errors: [{ pointer: '/merchantId' }] },
      });
    });

    it('make platform keys with nothing else in them', async () => {
      expect((await create(platform, { name: 'Second', scopes: ['platform'] })).body).toMatchObject({
        merchantId: null,
        scopes: ['platform'],
      });
      for (const wrong of [{ scopes: ['platform', 'read'] }, { scopes: ['platform'], merchantId: achieng.id }]) {
        expect(await create(platform, { name: 'Mixed', ...wrong })).toMatchObject({
          status: 400,
          body: { errors: [{ pointer: '/scopes' }] },
        });
      }
    });

    it('see and end the keys of every merchant, and touch nothing else of theirs', async () => {
      const { key, keyId } = await gateway.createKey(other.id);
      const list = await gateway.request(`GET /v1/api-keys?merchantId=${other.id}`, { key: platform });
      expect(list.body.data.map(({ id }: ApiKey) => id)).toContain(keyId);
      expect(new Set(list.body.data.map(({ merchantId }: ApiKey) => merchantId))).toEqual(new Set([other.id]));
      expect((await revoke(platform, keyId)).status).toBe(204);
      expect(await statusWith(key)).toBe(401);
      expect((await gateway.request('GET /v1/merchant', { key: platform })).status).toBe(403);
      expect((await gateway.request('GET /v1/provider-accounts', { key: platform })).status).toBe(403);
    });
  });

  describe('isolation', () => {
    it.each(['GET', 'DELETE'])('answers %s of a foreign key as of a missing one, byte for byte', async (method) => {
      const foreign = await gateway.createKey(other.id);
      const live = await gateway.createKey(achieng.id, { mode: 'live' });
      const missing = 'key_01KA3X6V0C8Q5R9B2D4F6H8J0K';
      const ask = async (id: string) => {
        const { status, text } = await gateway.request(`${method} /v1/api-keys/${id}`, { key: achieng.key });
        return { status, text: text.replace(/req_\w+/, 'req') };
      };
      const answer = await ask(missing);
      expect(answer.status).toBe(404);
      expect(await ask(foreign.keyId)).toEqual(answer);
      expect(await ask(live.keyId)).toEqual(answer);
      expect(await ask('no-id-at-all')).toEqual(answer);
      expect(await statusWith(foreign.key)).toBe(200);
    });

    it('lists only the keys of one merchant and mode, newest first, page by page', async () => {
      const { id, key } = await gateway.createMerchant();
      await gateway.createKey(id, { mode: 'live' });
      const made: string[] = [];
      for (let index = 0; index < 4; index++) made.unshift((await gateway.createKey(id)).keyId);

      const first = (await gateway.request('GET /v1/api-keys?limit=3', { key })).body;
      const second = (await gateway.request(`GET /v1/api-keys?limit=3&cursor=${first.nextCursor}`, { key })).body;
      expect(first).toMatchObject({ hasMore: true });
      expect(second).toMatchObject({ hasMore: false, nextCursor: null });
      const ids = [...first.data, ...second.data].map((one: ApiKey) => one.id);
      expect(ids.slice(0, 4)).toEqual(made);
      expect(ids).toHaveLength(5);

      const stolen = await gateway.request(`GET /v1/api-keys?cursor=${first.nextCursor}`, { key: other.key });
      expect(stolen).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
      const filtered = await gateway.request(`GET /v1/api-keys?merchantId=${other.id}`, { key });
      expect(filtered).toMatchObject({ status: 400, body: { code: 'unknown_field' } });
    });

    it('finds an id only as it is written: no database folds case or cuts spaces', async () => {
      const { keyId } = await gateway.createKey(achieng.id);
      for (const id of [keyId.toUpperCase(), keyId.toLowerCase(), `${keyId}%20`]) {
        expect((await gateway.request(`GET /v1/api-keys/${id}`, { key: achieng.key })).status).toBe(404);
      }
    });
  });

  describe('scopes', () => {
    it.each([
      ['read', { list: 200, create: 403, merchant: 200, change: 403 }],
      ['keys:write', { list: 403, create: 201, merchant: 403, change: 200 }],
      ['collections:write', { list: 403, create: 403, merchant: 403, change: 403 }],
    ] as const)('%s opens what it says and no more', async (scope, expected) => {
      const { key } = await gateway.createKey(achieng.id, { scopes: [scope] });
      expect({
        list: (await gateway.request('GET /v1/api-keys', { key })).status,
        create: (await create(key, { name: 'x', scopes: [scope] })).status,
        merchant: (await gateway.request('GET /v1/merchant', { key })).status,
        change: (await gateway.request('PATCH /v1/merchant', { key, body: { name: 'Duka' } })).status,
      }).toEqual(expected);
      expect((await gateway.request('GET /v1/merchants', { key })).status).toBe(403);
      expect((await gateway.request('POST /v1/merchants', { key, body: { name: 'x' } })).status).toBe(403);
    });

    it('of a merchant are all but the platform’s', () => expect(MERCHANT_SCOPES).not.toContain('platform'));
  });

  describe('revoking', () => {
    it('holds from the next request on, and again is no mistake', async () => {
      const { key, keyId } = await gateway.createKey(achieng.id);
      expect(await statusWith(key)).toBe(200);
      expect(await revoke(achieng.key, keyId)).toMatchObject({ status: 204, text: '' });
      expect(await gateway.request('GET /v1/merchant', { key })).toMatchObject({
        status: 401,
        body: { code: 'unauthenticated' },
      });
      time.advance(1_000);
      expect((await revoke(achieng.key, keyId)).status).toBe(204);
      const { body } = await gateway.request(`GET /v1/api-keys/${keyId}`, { key: achieng.key });
      expect(body.status).toBe('revoked');
      expect(Date.parse(body.endsAt)).toBe(time.now() - 1_000);
    });

    it('cuts an overlap short', async () => {
      const { key, keyId } = await gateway.createKey(achieng.id, { principalId: achieng.principalId });
      await roll(achieng.key, keyId);
      expect(await statusWith(key)).toBe(200);
      await revoke(achieng.key, keyId);
      expect(await statusWith(key)).toBe(401);
    });
  });

  describe('rolling', () => {
    it('lets the old key work until the overlap ends', async () => {
      const { key, keyId } = await gateway.createKey(achieng.id, { principalId: achieng.principalId });
      const rolled = await roll(achieng.key, keyId, { overlapHours: 2 });
      expect(rolled).toMatchObject({
        status: 201,
        body: { principalId: achieng.principalId, scopes: MERCHANT_SCOPES, name: 'Test', status: 'active' },
      });
      expect(rolled.body.id).not.toBe(keyId);
      const old = await gateway.request(`GET /v1/api-keys/${keyId}`, { key: achieng.key });
      expect(old.body.status).toBe('ending');
      expect(Date.parse(old.body.endsAt)).toBe(time.now() + 2 * HOUR_MS);

      time.advance(2 * HOUR_MS - 1);
      expect(await statusWith(key)).toBe(200);
      time.advance(1);
      expect(await statusWith(key)).toBe(401);
      expect(await statusWith(rolled.body.secret)).toBe(200);
    });

    it('can end the old key at once, also the one that asks, and overlaps for a day if nothing is said', async () => {
      const { key, keyId } = await gateway.createKey(achieng.id);
      const rolled = await roll(key, keyId, { overlapHours: 0 });
      expect(await statusWith(key)).toBe(401);
      await roll(rolled.body.secret, rolled.body.id);
      const { body } = await gateway.request(`GET /v1/api-keys/${rolled.body.id}`, { key: achieng.key });
      expect(Date.parse(body.endsAt)).toBe(time.now() + 24 * HOUR_MS);
    });

    it('makes one new key, however many ask at once', async () => {
      const { keyId } = await gateway.createKey(achieng.id, { principalId: achieng.principalId });
      const answers = await Promise.all(Array.from({ length: 6 }, () => roll(achieng.key, keyId)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
      expect((await roll(achieng.key, keyId)).body.code).toBe('conflict');
    });

    it('makes nobody another principal, nor more than he was', async () => {
      const approver = await gateway.createKey(achieng.id, { scopes: ['payouts:approve'] });
      expect(await roll(achieng.key, approver.keyId)).toMatchObject({ status: 403, body: { code: 'forbidden' } });

      const { principalId } = achieng;
      const clerk = await gateway.createKey(achieng.id, { scopes: ['read', 'keys:write'], principalId });
      const boss = await gateway.createKey(achieng.id, { scopes: ['read', 'payouts:write'], principalId });
      const refused = await roll(clerk.key, boss.keyId);
      expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      expect(refused.body.detail).toContain('payouts:write');
      expect((await gateway.request(`GET /v1/api-keys/${boss.keyId}`, { key: clerk.key })).body.status).toBe('active');
      expect((await roll(platform, approver.keyId)).body.principalId).toBe(approver.principalId);
    });

    it.each([-1, 169, 1.5, '2', null])('refuses an overlap of %p', async (overlapHours) => {
      const { keyId } = await gateway.createKey(achieng.id, { principalId: achieng.principalId });
      expect(await roll(achieng.key, keyId, { overlapHours })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/overlapHours' }] },
      });
    });
  });

  describe('authentication', () => {
    const withHeader = (authorization?: string) =>
      gateway.request('GET /v1/merchant', { headers: authorization === undefined ? {} : { authorization } });

    it.each<[string, (key: string) => string | undefined]>([
      ['no header', () => undefined],
      ['an empty header', () => ''],
      ['the key alone', (key) => key],
      ['another scheme', (key) => `Basic ${Buffer.from(`${key}:`).toString('base64')}`],
      ['a scheme without a key', () => 'Bearer '],
      ['two keys', (key) => `Bearer ${key} ${key}`],
      ['two keys with a comma', (key) => `Bearer ${key},${key}`],
      ['the key in quotes', (key) => `Bearer "${key}"`],
      ['a key cut short', (key) => `Bearer ${key.slice(0, -1)}`],
      ['a key that was never made', () => `Bearer ${makeApiKeySecret('test', randomBytes)}`],
      ['a test key that says it is live', (key) => `Bearer ${key.replace('test', 'live')}`],
      ['ten thousand characters', () => `Bearer ${'a'.repeat(10_000)}`],
      ['characters of no key', () => 'Bearer mlp_test_\u00e9\u00e9'],
    ])('refuses %s with 401', async (_, toHeader) => {
      time.advance(60_000);
      const answer = await withHeader(toHeader(achieng.key));
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated', title: 'API key required' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="malipo"');
      expect(answer.text).not.toContain('mlp_test_0');
    });

    it.each(['Bearer', 'bearer', 'BEARER  '])('takes the scheme as %p', async (scheme) => {
      expect((await withHeader(`${scheme} ${achieng.key}`)).status).toBe(200);
    });

    it('limits failures by address, and never stops a valid key there', async () => {
      time.advance(60_000);
      const fail = () => withHeader(`Bearer ${makeApiKeySecret('test', randomBytes)}`);
      const answers = await Promise.all(Array.from({ length: 40 }, fail));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 401)).toHaveLength(30);
      const limited = answers.filter(({ status }) => status === 429);
      expect(limited).toHaveLength(10);
      expect(limited[0]?.body.code).toBe('too_many_requests');
      expect(limited[0]?.headers.get('retry-after')).toBe('60');
      expect(await statusWith(achieng.key)).toBe(200);
      time.advance(60_000);
      expect((await fail()).status).toBe(401);
    });

    it('tells when a key was last used, to the minute', async () => {
      const { key, keyId } = await gateway.createKey(achieng.id);
      const lastUsedAt = async () =>
        (await gateway.get(Database).read.findOneByOrFail(ApiKey, { id: keyId })).lastUsedAt;
      const used = time.now();
      await statusWith(key);
      await gateway.get(Database).write(async () => undefined);
      expect(await untilNot(null, lastUsedAt)).toBe(used);
      time.advance(59_999);
      await statusWith(key);
      time.advance(1);
      await statusWith(key);
      expect(await untilNot(used, lastUsedAt)).toBe(used + 60_000);
    });

    it('serves many keys that come at the same moment, each as what it is', async () => {
      const keys = await Promise.all(Array.from({ length: 12 }, () => gateway.createMerchant()));
      const answers = await Promise.all(
        [...keys, ...keys].map(({ key }) => gateway.request('GET /v1/merchant', { key })),
      );
      expect(answers.map(({ body }) => body.id)).toEqual([...keys, ...keys].map(({ id }) => id));
    });

    it('refuses a suspended merchant’s keys from the next request on, until it is active again', async () => {
      const { id, key } = await gateway.createMerchant();
      const { key: live } = await gateway.createKey(id, { mode: 'live' });
      await gateway.get(MerchantsService).update(id, { status: 'suspended' });
      for (const suspended of [key, live]) {
        expect(await gateway.request('GET /v1/merchant', { key: suspended })).toMatchObject({
          status: 403,
          body: { code: 'merchant_suspended' },
        });
      }
      await gateway.get(MerchantsService).update(id, { status: 'active' });
      expect(await statusWith(key)).toBe(200);
    });
  });

  it('are in no line of the log', () => {
    expect(gateway.log).not.toMatch(/mlp_(test|live)_[0-9A-Za-z]{8}/);
    expect(gateway.log).not.toContain('"level":"error"');
  });
});

/** Waits, a bounded number of turns, for a write that no answer waits for. */
async function untilNot<T>(old: T, read: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < 200; turn++) {
    const value = await read();
    if (value !== old) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return read();
}
