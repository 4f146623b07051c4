import { ManualTime } from '#libs/primitives';
import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../support/gateway.js';

// How much a key may ask, and what it is told about it.
describeOnBothDatabases('The rate limit of an API key', (database) => {
  let gateway: TestGateway;
  const time = new ManualTime(1_795_334_400_000);

  beforeAll(async () => {
    gateway = await createTestGateway({
      database,
      seams: { clock: time, scheduler: time },
      environment: { MALIPO_RATE_LIMIT: '2' },
    });
  });
  afterAll(() => gateway.close());

  const read = (key: string, route = 'GET /v1/merchant') => gateway.request(route, { key });
  const toNextWindow = (): void => time.advance(10_000 - (time.now() % 10_000));

  it('is said with each answer, errors included, and refuses what is over it until the window ends', async () => {
    toNextWindow();
    time.advance(2_500);
    const { key } = await gateway.createMerchant();
    const first = await read(key);
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"key";q=20;w=10');
    expect(first.headers.get('ratelimit')).toBe('"key";r=19;t=8');
    const missing = await read(key, 'GET /v1/transactions/txn_01ARZ3NDEKTSV4RRFFQ69G5FAV');
    expect([missing.status, missing.headers.get('ratelimit')]).toEqual([404, '"key";r=18;t=8']);
    const forbidden = await read(key, 'GET /v1/merchants');
    expect([forbidden.status, forbidden.headers.get('ratelimit')]).toEqual([403, '"key";r=17;t=8']);

    const rush = await Promise.all(Array.from({ length: 40 }, () => read(key)));
    expect(rush.filter(({ status }) => status === 200)).toHaveLength(17);
    const refused = rush.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(23);
    for (const answer of refused) {
      expect(answer.body.code).toBe('too_many_requests');
      expect(answer.headers.get('retry-after')).toBe('8');
      expect(answer.headers.get('ratelimit')).toBe('"key";r=0;t=8');
    }
    time.advance(7_500);
    expect((await read(key)).headers.get('ratelimit')).toBe('"key";r=19;t=10');
  });

  it('is each key’s own, and costs nobody who has none', async () => {
    toNextWindow();
    const { key, id } = await gateway.createMerchant();
    const { key: other } = await gateway.createKey(id);
    await Promise.all(Array.from({ length: 21 }, () => read(key)));
    expect((await read(key)).status).toBe(429);
    expect((await read(other)).status).toBe(200);
    const open = await gateway.request('GET /health/live');
    expect([open.status, open.headers.get('ratelimit')]).toEqual([200, null]);
    const nobody = await gateway.request('GET /v1/merchant');
    expect([nobody.status, nobody.headers.get('ratelimit')]).toEqual([401, null]);
  });
});
