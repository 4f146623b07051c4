import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../../test/support/gateway.js';

describeOnBothDatabases('Health', (database) => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await createTestGateway({ database });
  });
  afterAll(() => gateway.close());

  it('says that the process lives', async () => {
    expect((await gateway.request('GET /health/live')).body).toEqual({ status: 'ok' });
  });

  it('says what the gateway depends on, before and after a restart', async () => {
    const ready = { status: 'ok', dependencies: { database: { status: 'ok', kind: database } } };
    expect((await gateway.request('GET /health/ready')).body).toMatchObject(ready);
    await gateway.restart();
    expect((await gateway.request('GET /health/ready')).body).toMatchObject(ready);
  });
});
