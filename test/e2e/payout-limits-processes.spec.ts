import { EventRecord } from '../../src/events/event.entity.js';
import { describeOnServer } from '../support/databases.js';
import { Cluster } from '../support/cluster.js';
import type { TestAnswer } from '../support/gateway.js';

// Four gateways with pools and workers of their own on one database, in real time.
describeOnServer('The rules of payouts, over several processes', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start('mysql', { orderDelayMs: 1 });
  });
  afterAll(() => cluster.close());

  const call = (route: string, body?: object, number = 0): Promise<TestAnswer> =>
    cluster.gateways[number % cluster.gateways.length]!.request(route, {
      key: cluster.merchant.key,
      ...(body && { body }),
    });
  const pay = (number: number): Promise<TestAnswer> =>
    cluster.gateways[number % cluster.gateways.length]!.request('POST /v1/payouts', {
      key: cluster.merchant.key,
      headers: { 'idempotency-key': `payout-${number}` },
      body: {
        reference: `PAY-${number}`,
        amount: 100,
        currency: 'KES',
        method: 'mpesa_ke',
        purpose: 'salary',
        recipient: { phone: `+254${String(700_000_100 + number)}` },
      },
    });
  const sent = (): number => cluster.mpesa.transfers().filter(({ direction }) => direction === 'out').length;

  it('a hundred at once come to the cap exactly, and a stop in one holds in all', async () => {
    // What waits for approval counts too, and keeps the provider out of this.
    const amounts = [{ currency: 'KES', amount: 1, approvals: 1 }];
    await call('PUT /v1/approval-rules', { amounts, firstPaymentToNewNumber: null });
    await call('PATCH /v1/limits', { currency: 'KES', perDay: '5100' });
    // What all of them then count up together is there.
    expect((await pay(100)).status).toBe(201);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, number) => pay(number)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    expect(answers.filter(({ body }) => body.code === 'limit_exceeded')).toHaveLength(50);
    expect((await call('GET /v1/limits', undefined, 1)).body.currencies[0].day.used).toBe('5100.00');

    await call('POST /v1/payouts/stop', { reason: 'Drill' }, 1);
    const refused = await Promise.all([200, 201, 202, 203].map(pay));
    expect(refused.map(({ body }) => body.code)).toEqual(Array(4).fill('payouts_stopped'));
    await call('POST /v1/payouts/start', undefined, 2);
    await call('PUT /v1/approval-rules', { amounts: [], firstPaymentToNewNumber: null });
  });

  it('payouts that are stopped while workers are at it are sent once started, and none twice', async () => {
    await call('PATCH /v1/limits', { currency: 'KES', perDay: null });
    const before = sent();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, number) => pay(1_000 + number)));
    const countClaims = (): Promise<number> => cluster.database.read.countBy(EventRecord, { reported: 'claimed' });
    await call('POST /v1/payouts/stop', { reason: 'Drill' }, 1);
    // What was under way when it answered was claimed by then: there is no claim after it.
    const claimed = await countClaims();
    await Promise.all(cluster.gateways.map((gateway) => gateway.settled()));
    expect(await countClaims()).toBe(claimed);
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
    await call('POST /v1/payouts/start', undefined, 2);
    await cluster.untilAll(['succeeded', 'awaiting_approval']);
    expect(sent() - before).toBe(12);
  });
});
