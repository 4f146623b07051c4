import { describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

// What providers told us is there to be seen, and to be read again.
describeOnBothDatabases('The callback log', (database) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });
  afterEach(() => stage.mpesa.clearFaults());
  afterAll(() => stage.close());

  const get = async (path: string, key = stage.merchant.key) =>
    (await stage.gateway.request(`GET ${path}`, { key })).body;

  it('shows each message as it came, how it was believed and what it caused', async () => {
    const { body } = await stage.collect();
    const paid = await stage.until(body.id, ['succeeded']);
    const { data } = await get(`/v1/callbacks?transactionId=${body.id}`);
    expect(data).toHaveLength(1);
    const [callback] = data;
    expect(callback).toMatchObject({
      object: 'callback',
      mode: 'test',
      provider: 'mpesa',
      transactionId: body.id,
      state: 'applied',
      trust: 'unsigned',
      outcome: 'A hint; the provider is being asked.',
      method: 'POST',
      bodyEncoding: 'utf8',
      sourceAddress: '127.0.0.1',
    });
    expect(JSON.parse(callback.body).Body.stkCallback.ResultCode).toBe(0);
    expect(callback.body).toContain(paid.receipt);
    expect(await get(`/v1/callbacks/${callback.id}`)).toEqual(callback);
  });

  it('applies a message again when asked to, any number of times, and nothing moves twice', async () => {
    const { body } = await stage.collect();
    const paid = await stage.until(body.id, ['succeeded']);
    const [callback] = (await get(`/v1/callbacks?transactionId=${body.id}`)).data;
    for (let time = 0; time < 3; time++) {
      const replayed = await stage.gateway.request(`POST /v1/callbacks/${callback.id}/replay`, {
        key: stage.merchant.key,
      });
      expect([replayed.status, replayed.body.id]).toEqual([202, callback.id]);
      // Less than a lease: under a worker whose lease lapses another one would read the message too.
      await stage.pass(1_000);
    }
    expect(await get(`/v1/callbacks/${callback.id}`)).toMatchObject({ state: 'applied', trust: 'unsigned' });
    expect(await stage.transaction(body.id)).toEqual(paid);
    const heard = (await stage.timeline(body.id)).filter((line) => line.evidence.source === 'callback');
    expect(heard.map((line) => line.event)).toEqual(['noted', 'noted', 'noted', 'noted']);
  });

  it('keeps what is no text, and says how it shows it', async () => {
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded']);
    const prompt = await stage.promptOn(body.customer.phone);
    await stage.sendCallback(prompt.callbackUrl, '\xff\xfe\x00');
    await stage.pass(1_000);
    const { data } = await get(`/v1/callbacks?transactionId=${body.id}&trust=unreadable`);
    expect(data).toMatchObject([{ bodyEncoding: 'base64', body: '//4A', state: 'applied' }]);
  });

  it('keeps a message whatever it says of its type', async () => {
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded']);
    const { callbackUrl } = await stage.promptOn(body.customer.phone);
    const types = ['json', '', ';;', 'a/b/c', 'multipart/form-data', 'application/json; charset=latin1'];
    for (const [index, type] of types.entries()) {
      const answer = await fetch(callbackUrl, {
        method: 'POST',
        headers: { 'content-type': type },
        body: Buffer.from(`message ${index}`),
      });
      expect([type, answer.status, await answer.json()]).toEqual([
        type,
        200,
        { ResultCode: 0, ResultDesc: 'Accepted' },
      ]);
    }
    await stage.pass(1_000);
    const { data } = await get(`/v1/callbacks?transactionId=${body.id}&trust=unreadable`);
    expect(data.reverse().map((callback: any) => [callback.headers['content-type'], callback.body])).toEqual(
      types.map((type, index) => [type, `message ${index}`]),
    );
  });

  it('keeps what a message without a body says in its query, each by itself, and nobody’s key', async () => {
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded']);
    const { callbackUrl } = await stage.promptOn(body.customer.phone);
    const headers = { authorization: `Bearer ${stage.merchant.key}`, 'x-kept': 'yes' };
    for (const query of ['?status=paid&id=1', '?status=failed&id=1', '?status=paid&id=1', ''])
      expect((await fetch(`${callbackUrl}${query}`, { headers })).status).toBe(200);
    await stage.pass(1_000);
    const { data } = await get(`/v1/callbacks?transactionId=${body.id}&trust=unreadable`);
    expect(data.map((callback: any) => [callback.method, callback.body])).toEqual([
      ['GET', ''],
      ['GET', 'status=failed&id=1'],
      ['GET', 'status=paid&id=1'],
    ]);
    expect(data[0].headers).toMatchObject({ 'x-kept': 'yes' });
    expect(JSON.stringify(data)).not.toContain(stage.merchant.key);
  });

  it('is filtered, paged, and nobody else’s', async () => {
    const merchant = await stage.gateway.createMerchant();
    await stage.connect(merchant);
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { body } = await stage.collect({}, { key: merchant.key, idempotencyKey: `log-${count}` });
      await stage.untilOf(merchant.key, body.id, ['succeeded']);
      ids.unshift(body.id);
    }
    const firstPage = await get('/v1/callbacks?limit=2', merchant.key);
    const secondPage = await get(`/v1/callbacks?limit=2&cursor=${firstPage.nextCursor}`, merchant.key);
    expect([...firstPage.data, ...secondPage.data].map(({ transactionId }) => transactionId)).toEqual(ids);
    expect([firstPage.hasMore, secondPage.hasMore]).toEqual([true, false]);

    const from = encodeURIComponent(new Date(stage.time.now() + 1_000).toISOString());
    expect((await get(`/v1/callbacks?receivedFrom=${from}`, merchant.key)).data).toEqual([]);
    expect((await get(`/v1/callbacks?receivedTo=${from}`, merchant.key)).data).toHaveLength(3);
    expect((await get('/v1/callbacks?state=received', merchant.key)).data).toEqual([]);
    expect((await get('/v1/callbacks?trust=forged', merchant.key)).data).toEqual([]);

    // By a transaction, and by a message, of somebody else.
    expect((await get(`/v1/callbacks?transactionId=${ids[0]}`)).data).toEqual([]);
    const foreign = firstPage.data[0].id;
    expect((await get(`/v1/callbacks/${foreign}`)).code).toBe('not_found');
    const replayed = await stage.gateway.request(`POST /v1/callbacks/${foreign}/replay`, { key: stage.merchant.key });
    expect(replayed.status).toBe(404);
  });
});
