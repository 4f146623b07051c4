import { ManualTime } from '#libs/primitives';
import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../../test/support/gateway.js';

describeOnBothDatabases('Merchants', (database) => {
  const time = new ManualTime(Date.UTC(2026, 0, 15, 9));
  let gateway: TestGateway;
  let platform: string;

  beforeAll(async () => {
    gateway = await createTestGateway({ database, seams: { clock: time, scheduler: time } });
    platform = (await gateway.createKey(null)).key;
  });
  afterAll(() => gateway.close());

  const create = (body: object) => gateway.request('POST /v1/merchants', { key: platform, body });

  describe('seen by the platform', () => {
    it('are created active, in English and plain if nothing else is said', async () => {
      const { status, headers, body } = await create({ name: 'Duka la Achieng' });
      expect(status).toBe(201);
      expect(headers.get('location')).toBe(`/v1/merchants/${body.id}`);
      expect(body).toEqual({
        id: expect.stringMatching(/^mer_[0-9A-Z]{26}$/),
        object: 'merchant',
        name: 'Duka la Achieng',
        locale: 'en',
        status: 'active',
        colour: null,
        logoUrl: null,
        notificationEmail: null,
        supportUrl: null,
        createdAt: '2026-01-15T09:00:00.000Z',
        updatedAt: '2026-01-15T09:00:00.000Z',
      });
      expect((await gateway.request(`GET /v1/merchants/${body.id}`, { key: platform })).body).toEqual(body);
    });

    it('are listed newest first, page by page', async () => {
      const made: string[] = [];
      for (const name of ['Un', 'Deux', 'Trois']) made.unshift((await create({ name, locale: 'fr' })).body.id);
      const first = (await gateway.request('GET /v1/merchants?limit=2', { key: platform })).body;
      const second = (await gateway.request(`GET /v1/merchants?limit=2&cursor=${first.nextCursor}`, { key: platform }))
        .body;
      const ids = [...first.data, ...second.data].map(({ id }) => id);
      expect(ids.slice(0, 3)).toEqual(made);
      expect(first.hasMore).toBe(true);
      expect((await gateway.request('GET /v1/merchants?cursor=abc', { key: platform })).body.code).toBe(
        'invalid_cursor',
      );
    });

    it('are suspended and brought back; their keys follow with the next request', async () => {
      const { id, key } = await gateway.createMerchant();
      const set = (status: string) => gateway.request(`PATCH /v1/merchants/${id}`, { key: platform, body: { status } });
      const ask = () => gateway.request('GET /v1/merchant', { key });
      expect((await ask()).status).toBe(200);
      expect((await set('suspended')).body).toMatchObject({ id, status: 'suspended' });
      expect(await ask()).toMatchObject({ status: 403, body: { code: 'merchant_suspended' } });
      expect((await gateway.request('POST /v1/api-keys', { key, body: { name: 'x', scopes: ['read'] } })).status).toBe(
        403,
      );
      expect((await set('active')).status).toBe(200);
      expect((await ask()).status).toBe(200);
      expect((await set('deleted')).status).toBe(400);
    });

    it('answer 404 where they are not', async () => {
      for (const id of ['mer_01KA3X6V0C8Q5R9B2D4F6H8J0K', 'mer_1', 'key_01KA3X6V0C8Q5R9B2D4F6H8J0K']) {
        expect((await gateway.request(`GET /v1/merchants/${id}`, { key: platform })).status).toBe(404);
        const change = await gateway.request(`PATCH /v1/merchants/${id}`, { key: platform, body: { name: 'x' } });
        expect(change).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
    });
  });

  describe('seen by themselves', () => {
    it('change what is given, clear with null, and leave the rest', async () => {
      const { id, key } = await gateway.createMerchant({ name: 'Duka' });
      const patch = (body: object) => gateway.request('PATCH /v1/merchant', { key, body });
      const profile = {
        name: 'Boutique « Été »',
        locale: 'fr',
        colour: '#0A7d5a',
        logoUrl: 'https://cdn.example.com/logo.png',
        notificationEmail: 'caisse@example.com',
        supportUrl: 'https://example.com/aide',
      };
      time.advance(1_500);
      expect(await patch(profile)).toMatchObject({ status: 200, body: { id, ...profile } });
      expect((await patch({ logoUrl: null, colour: null })).body).toMatchObject({
        ...profile,
        logoUrl: null,
        colour: null,
      });
      expect((await patch({})).body).toMatchObject({ name: profile.name, status: 'active' });
      const read = (await gateway.request('GET /v1/merchant', { key })).body;
      expect(read).toMatchObject({ supportUrl: profile.supportUrl, logoUrl: null });
      expect(Date.parse(read.updatedAt) - Date.parse(read.createdAt)).toBe(1_500);
    });

    it('are the same merchant in both modes, and never another', async () => {
      const mine = await gateway.createMerchant({ name: 'Mine' });
      const live = await gateway.createKey(mine.id, { mode: 'live' });
      const other = await gateway.createMerchant({ name: 'Other' });
      await gateway.request('PATCH /v1/merchant', { key: live.key, body: { name: 'Renamed' } });
      expect((await gateway.request('GET /v1/merchant', { key: mine.key })).body.name).toBe('Renamed');
      expect((await gateway.request('GET /v1/merchant', { key: other.key })).body.name).toBe('Other');
    });

    it.each([
      ['a status of their own', { status: 'active' }, '/status'],
      ['an id', { id: 'mer_1' }, '/id'],
      ['a blank name', { name: '  ' }, '/name'],
      ['no name at all', { name: null }, '/name'],
      ['a name that is too long', { name: 'x'.repeat(121) }, '/name'],
      ['a language we do not speak', { locale: 'sw' }, '/locale'],
      ['a colour by name', { colour: 'green' }, '/colour'],
      ['a logo that pages could not show', { logoUrl: 'http://cdn.example.com/logo.png' }, '/logoUrl'],
      ['a logo that is a script', { logoUrl: 'javascript:alert(1)' }, '/logoUrl'],
      ['an address that is none', { notificationEmail: 'caisse' }, '/notificationEmail'],
      ['support that is a script', { supportUrl: 'javascript:alert(1)' }, '/supportUrl'],
    ])('cannot have %s', async (_, body, pointer) => {
      const { key } = await gateway.createMerchant();
      expect(await gateway.request('PATCH /v1/merchant', { key, body })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
    });
  });

  it('cannot look at each other through the platform’s routes', async () => {
    const { id, key } = await gateway.createMerchant();
    for (const route of ['GET /v1/merchants', `GET /v1/merchants/${id}`, `PATCH /v1/merchants/${id}`]) {
      expect((await gateway.request(route, { key, body: route.startsWith('PATCH') ? {} : undefined })).status).toBe(
        403,
      );
    }
  });
});
