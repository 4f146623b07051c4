import { describeOnBothDatabases, type TestMerchant } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';

const DOWN = { gatewayScope: 'push', spikeArrest: true } as const;

// One story in order: a provider goes down, payments wait or are refused, people are told, and it comes back.
describeOnBothDatabases('A provider that does not serve us', (database) => {
  let stage: PaymentStage;
  let neighbour: TestMerchant;
  let elsewhere: TestMerchant;
  let waiting: string[];
  let asked: any;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    neighbour = await stage.gateway.createMerchant({ name: 'Kiosk' });
    await stage.connect(neighbour);
    elsewhere = await stage.gateway.createMerchant({ name: 'Away' });
    await stage.connect(elsewhere, { baseUrl: 'http://127.0.0.1:19099' });
  });
  afterAll(() => stage.close());

  const call = (route: string, key = stage.merchant.key) => stage.gateway.request(route, { key });
  const health = async (wanted = 'collection', key = stage.merchant.key): Promise<string> => {
    // What is known of methods is kept for five seconds.
    stage.time.advance(5_000);
    const { body } = await call('GET /v1/methods', key);
    return body.data.find(({ code, kind }: any) => code === 'mpesa_ke' && kind === wanted).health;
  };
  const news = async (key: string): Promise<any[]> => (await call('GET /v1/events?type=provider.*', key)).body.data;
  const openCircuits = async (operation = 'collections'): Promise<string | undefined> =>
    (await (await fetch(`${stage.gateway.baseUrl}/metrics`)).text()).match(
      new RegExp(
        `^malipo_provider_circuits_open\\{provider="mpesa",operation="${operation}",mode="test"\\} (\\d+)`,
        'm',
      ),
    )?.[1];

  it('is not sent to any more once half of its calls fail; what was stored waits, what is new is refused', async () => {
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ callbackDrop: true, outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    asked = (await stage.collect({ customer: { phone } })).body;
    await stage.until(asked.id, ['pending']);
    stage.mpesa.setFaults({ ...DOWN, callbackDrop: true });
    waiting = [];
    for (let count = 0; count < 6; count++) waiting.push((await stage.collect()).body.id);
    let refused = await stage.collect({ reference: 'TILL' }, { idempotencyKey: 'till' });
    for (let turn = 0; turn < 30 && refused.status === 201; turn++) {
      waiting.push(refused.body.id);
      await stage.pass(2_000);
      refused = await stage.collect({ reference: `TILL-${turn}` }, { idempotencyKey: `till-${turn}` });
    }
    expect([refused.status, refused.body.code]).toEqual([503, 'provider_unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await call('GET /v1/transactions?reference=TILL-29')).body.data).toEqual([]);
    for (const id of waiting) expect((await stage.transaction(id)).status).toBe('created');
  });

  it('shows in the methods and in the metrics', async () => {
    expect(await health()).toBe('down');
    expect(await openCircuits()).toBe('1');
  });

  it('is told once to each merchant with an account there, and to nobody else', async () => {
    const [own, ...more] = await news(stage.merchant.key);
    expect(more).toEqual([]);
    expect(own).toMatchObject({
      type: 'provider.degraded',
      data: {
        object: 'provider_condition',
        provider: 'mpesa',
        mode: 'test',
        operation: 'collections',
        state: 'degraded',
      },
    });
    expect(own.data.detail).toMatch(
      /^\d+ of the last \d+ requests .* refused for now\. What was sent is still asked about\.$/,
    );
    const [other, ...others] = await news(neighbour.key);
    expect([other.type, others]).toEqual(['provider.degraded', []]);
    // What others sent is nobody's business.
    expect(other.data.detail).not.toMatch(/\d/);
    expect(other.data.providerAccountIds).not.toEqual(own.data.providerAccountIds);
    expect(await news(elsewhere.key)).toEqual([]);
  });

  it('is still asked about money in doubt', async () => {
    await stage.mpesa.answer(asked.customer.phone.slice(1), 'pin');
    const paid = await stage.until(asked.id, ['succeeded'], { limitMs: 120_000 });
    const last = (await stage.timeline(paid.id)).findLast(({ event }) => event === 'succeeded');
    expect(last.evidence.source).toBe('inquiry');
    expect(await openCircuits()).toBe('1');
  });

  it('lets what waits be cancelled', async () => {
    const id = waiting.pop() ?? '';
    const { status, body } = await call(`POST /v1/transactions/${id}/cancel`);
    expect([status, body.status]).toEqual([200, 'cancelled']);
  });

  it('is tried by one call at a time, over all processes, and rests longer each time', async () => {
    const tries = async (): Promise<number> =>
      (await Promise.all(waiting.map((id) => stage.timeline(id)))).flat().filter(({ event }) => event === 'claimed')
        .length;
    const before = await tries();
    for (let turn = 0; turn < 45; turn++) await stage.pass(4_000);
    const after = await tries();
    expect(after - before).toBeGreaterThanOrEqual(1);
    // Three minutes have room for the rests of 20, 40, 60 and 120 seconds. Each by itself would have tried six times.
    expect(after - before).toBeLessThanOrEqual(5);
    expect((await news(stage.merchant.key)).length).toBe(1);
  });

  it('gets everything that waited once it is back, and everybody who was told hears of it once', async () => {
    stage.mpesa.clearFaults();
    for (const id of waiting) await stage.until(id, ['succeeded'], { stepMs: 3_000, limitMs: 400_000 });
    for (const { key } of [stage.merchant, neighbour]) {
      const types = (await news(key)).map(({ type, data }) => `${data.operation} ${type}`).slice(0, 2);
      expect(types).toEqual(['collections provider.degraded', 'collections provider.recovered']);
    }
    expect(await news(elsewhere.key)).toEqual([]);
    expect(await openCircuits()).toBe('0');
    const sent = stage.mpesa.transfers().filter(({ direction }) => direction === 'in');
    expect(sent.length).toBe(waiting.length + 1);
    expect((await stage.collect()).status).toBe(201);
  });

  it('keeps payouts waiting: they are taken, can be cancelled, lapse in their time, and go out once it is back', async () => {
    stage.mpesa.setFaults({ gatewayScope: 'b2c', spikeArrest: true });
    const lapsing = (await stage.pay({ expiresInSeconds: 300 })).body.id;
    const payouts: any[] = [];
    while ((await openCircuits('payouts')) !== '1') {
      for (let count = 0; count < 3; count++) payouts.push((await stage.pay()).body);
      await stage.pass(5_000);
      expect(payouts.length).toBeLessThan(60);
    }
    expect(await health('payout')).toBe('down');
    const late = await stage.pay();
    expect([late.status, late.body.status]).toEqual([201, 'created']);
    payouts.push(late.body);
    const { body: cancelled } = await call(`POST /v1/transactions/${payouts.shift().id}/cancel`);
    expect(cancelled.status).toBe('cancelled');
    // Collections of the same account go on.
    const { body: collection } = await stage.collect();
    await stage.until(collection.id, ['succeeded']);
    await stage.until(lapsing, ['expired'], { stepMs: 10_000, limitMs: 600_000 });
    stage.mpesa.clearFaults();
    for (const { id, recipient } of payouts) {
      await stage.until(id, ['succeeded'], { stepMs: 5_000, limitMs: 600_000 });
      expect(stage.paidTo(recipient.phone)).toHaveLength(1);
    }
    const types = (await news(stage.merchant.key)).map(({ type, data }) => `${data.operation} ${type}`);
    expect(types.slice(2)).toEqual(['payouts provider.degraded', 'payouts provider.recovered']);
  });
});
