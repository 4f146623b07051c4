import { ManualTime } from '#libs/primitives';
import { Callback } from '../../src/callbacks/callback.entity.js';
import { Database } from '../../src/database/database.js';
import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../support/gateway.js';
import { sendRaw } from '../support/raw-http.js';

const PROXIES = '127.0.0.1, 10.0.0.0/8';

// Who is behind a proxy. Every request here comes from 127.0.0.1; what counts is whether that one is trusted.
describeOnBothDatabases('The address of a client', (database) => {
  let gateway: TestGateway;
  const time = new ManualTime(1_795_334_400_000);

  const start = async (proxies: string): Promise<void> => {
    gateway = await createTestGateway({
      database,
      seams: { clock: time, scheduler: time },
      environment: { MALIPO_TRUSTED_PROXIES: proxies },
    });
  };
  // Every count of a minute or ten is over.
  beforeEach(() => time.advance(3_600_000));

  const get = async (path: string, forwarded?: string | string[], headers = {}): Promise<number> => {
    const sent = { ...headers, ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) };
    return (await sendRaw(gateway.baseUrl, { method: 'GET', path, headers: sent })).status;
  };
  /** Without a key, until the address is told to slow down. */
  const fail = async (forwarded?: (time: number) => string): Promise<void> => {
    for (let time = 0; time < 30; time++) expect(await get('/v1/merchant', forwarded?.(time))).toBe(401);
  };
  const openSocket = (forwarded: string): Promise<number> =>
    get('/v1/realtime', forwarded, {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    });

  /** Sends what a provider might to a path that nobody knows, and answers from where it came, as it was stored. */
  async function sourceOf(body: string, forwarded: string): Promise<string | undefined> {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded };
    const request = { method: 'POST', path: `/callbacks/${'0'.repeat(43)}`, headers, body };
    expect((await sendRaw(gateway.baseUrl, request)).status).toBeLessThan(500);
    const rows = await gateway.get(Database).read.find(Callback);
    return rows.find((row) => Buffer.from(row.body).toString() === body)?.sourceAddress;
  }

  describe('behind a trusted proxy', () => {
    beforeAll(() => start(PROXIES));
    afterAll(() => gateway.close());

    it('is counted for itself when it fails to log in, over HTTP and by WebSocket', async () => {
      await fail(() => '203.0.113.1');
      expect(await get('/v1/merchant', '203.0.113.1')).toBe(429);
      expect(await openSocket('203.0.113.1')).toBe(429);
      expect(await get('/v1/merchant', '203.0.113.2')).toBe(401);
      expect(await openSocket('203.0.113.2')).toBe(401);
      expect(await get('/v1/merchant')).toBe(401);
    });

    it('is the last that is no proxy’s, whatever the client wrote before', async () => {
      await fail((time) => `198.51.100.${String(time)}, 203.0.113.3, 10.0.0.7`);
      expect(await get('/v1/merchant', '203.0.113.3')).toBe(429);
      // A header that is sent twice is one list.
      expect(await get('/v1/merchant', ['203.0.113.9', '203.0.113.3'])).toBe(429);
      expect(await get('/v1/merchant', '203.0.113.3, 203.0.113.4')).toBe(401);
    });

    it('is what a link’s page counts', async () => {
      const looks = await Promise.all(Array.from({ length: 241 }, () => get('/l/nothing-here', '203.0.113.5')));
      expect(looks.filter((status) => status === 429)).toHaveLength(1);
      expect(await get('/l/nothing-here', '203.0.113.6')).toBe(404);
    });

    it('is stored with a callback', async () => {
      expect(await sourceOf('{"one":1}', '8.8.8.8, 2001:db8::7')).toBe('2001:db8::7');
    });

    it.each(['unknown', '203.0.113.7, ', ', ,', '1'.repeat(4_000), '<b>', '203.0.113.256', '::ffff:zz', '"[::1]"'])(
      'is the proxy’s where it passes %j on, and nothing breaks',
      async (forwarded) => {
        // Of what nobody knows only the start is kept.
        const body = JSON.stringify({ forwarded: forwarded.slice(0, 40) });
        expect(await sourceOf(body, forwarded)).toBe('127.0.0.1');
        expect(await get('/v1/merchant', forwarded)).toBe(401);
        expect(await get('/l/nothing-here', forwarded)).toBe(404);
        expect(await openSocket(forwarded)).toBe(401);
      },
    );
  });

  describe('where no proxy is trusted', () => {
    beforeAll(() => start(''));
    afterAll(() => gateway.close());

    it('is not what a header claims', async () => {
      await fail((time) => `203.0.113.${String(time)}`);
      expect(await get('/v1/merchant', '203.0.113.200')).toBe(429);
      expect(await openSocket('203.0.113.201')).toBe(429);
      expect(await sourceOf('{"two":2}', '203.0.113.202')).toBe('127.0.0.1');
    });
  });
});
