import { describeOnBothDatabases } from '../../test/support/databases.js';
import { answering, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageAnswer,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';
import { EventSequencer } from '../events/event-sequencer.js';
import type { EventRecord } from '../events/event.entity.js';
import { Job } from '../jobs/job.entity.js';
import { EVENTS_A_TURN, RecoverWebhooksHandler, SETTLES_MS } from './recover-webhooks.handler.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookRequeue } from './webhook-requeue.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describeOnBothDatabases('Recovering an endpoint', (database) => {
  let place: StagePlace;
  let stage: WebhookStage;
  let receiver: WebhookReceiver;
  let merchant: StageMerchant;

  beforeAll(async () => {
    place = await createStagePlace(database);
    stage = await WebhookStage.start(place);
  });
  afterAll(async () => {
    await stage.close();
    await place.cleanUp();
  });
  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    merchant = await stage.createMerchant();
  });
  afterEach(async () => {
    await receiver.close();
    await stage.database.write(async (tx) => {
      await tx.manager.delete(Job, { kind: 'deliver_webhook' });
      await tx.manager.delete(Job, { kind: 'recover_webhooks' });
    });
  });

  const iso = (instant: number): string => new Date(instant).toISOString();
  const recover = (id: string, since: number, caller = merchant): Promise<StageAnswer> =>
    stage.request(`POST /v1/webhook-endpoints/${id}/recover`, caller, { since: iso(since) });
  const show = async (id: string): Promise<any> =>
    (await stage.request(`GET /v1/webhook-recoveries/${id}`, merchant)).body;
  const setEnabled = (id: string, enabled: boolean): Promise<StageAnswer> =>
    stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { enabled });
  const received = (): string[] => receiver.messages.map(({ headers }) => String(headers['webhook-id']));

  async function announce(...types: string[]): Promise<string[]> {
    const events = types.map((type) => stage.toEvent(merchant, type));
    await stage.announce(...events);
    await stage.app.get(EventSequencer).sequence({ merchantId: merchant.id, mode: 'test' });
    return events.map(({ id }) => id);
  }

  /** Moves time until the recovery is over. */
  async function finish(id: string): Promise<any> {
    await stage.until('the recovery ends', async () => {
      stage.time.advance(100);
      return (await show(id)).status !== 'running';
    });
    return show(id);
  }

  async function delivered(ids: readonly string[]): Promise<void> {
    await stage.until('all is delivered', () => {
      stage.time.advance(10);
      return ids.every((id) => received().includes(id));
    });
  }

  it('sends what was given up, what waits for another try and what was never sent, once each, and nothing else', async () => {
    const { id } = await stage.createEndpoint(merchant, receiver.url(), ['payout.*', 'collection.*']);
    const [taken] = await announce('payout.pending');
    await delivered([taken!]);
    receiver.behaviour = answering(500);
    const since = stage.time.now();
    const [givenUp, waiting, other] = await announce('payout.failed', 'payout.succeeded', 'refund.failed');
    await stage.until('two were tried', () => receiver.messages.length === 3);
    await stage.until('both are written', async () =>
      (await stage.deliveries(merchant)).every(({ attemptCount }) => attemptCount === 1),
    );
    await stage.database.write((tx) =>
      tx.manager.update(
        WebhookDelivery,
        { eventId: givenUp },
        { status: 'failed', failureReason: 'attempts_exhausted', nextAttemptAt: null },
      ),
    );
    await setEnabled(id, false);
    const [missed] = await announce('collection.succeeded');
    await setEnabled(id, true);
    await stage.request(`POST /v1/webhook-endpoints/${id}/test`, merchant);
    receiver.behaviour = answering(204);
    const before = receiver.messages.length;

    const started = await recover(id, since);
    expect([started.status, started.headers.get('location')]).toEqual([
      202,
      `/v1/webhook-recoveries/${started.body.id}`,
    ]);
    expect(started.body).toMatchObject({
      object: 'webhook_recovery',
      endpointId: id,
      selection: 'undelivered',
      status: 'running',
      since: iso(since),
      until: null,
      requeued: 0,
      completedAt: null,
    });
    expect(started.body.id).toMatch(/^rcv_/);
    const ended = await finish(started.body.id);
    expect(ended).toMatchObject({ status: 'completed', requeued: 3, completedAt: expect.any(String) });
    expect(ended.scanned).toBe(ended.total);
    await delivered([givenUp!, waiting!, missed!]);
    // And not a second time however long one waits.
    await stage.advance(4 * DAY);
    expect(received().slice(before).sort()).toEqual([givenUp, waiting, missed].sort());
    expect(received()).not.toContain(other);
    const log = await stage.deliveries(merchant);
    expect(log.filter(({ eventType }) => eventType !== 'test.ping').map(({ status }) => status)).toEqual(
      Array(4).fill('delivered'),
    );

    // Again there is nothing to do.
    const again = await recover(id, since);
    expect(await finish(again.body.id)).toMatchObject({ status: 'completed', requeued: 0 });
    expect(receiver.messages).toHaveLength(before + 3);
  }, 60_000);

  it('brings a new endpoint what happened before it was there, and keeps to the time', async () => {
    const [old] = await announce('payout.failed');
    await stage.advance(3 * HOUR);
    const since = stage.time.now();
    const ids = await announce('payout.failed', 'payout.pending');
    const { id } = await stage.createEndpoint(merchant, receiver.url());
    const { body } = await recover(id, since);
    expect(await finish(body.id)).toMatchObject({ requeued: 2 });
    await delivered(ids);
    expect(received()).not.toContain(old);
  }, 60_000);

  it('goes on in parts that spread out, beside new events, and never does a part twice', async () => {
    const count = EVENTS_A_TURN + 50;
    const since = stage.time.now();
    const ids = await announce(...Array.from({ length: count }, () => 'payout.failed'));
    const { id } = await stage.createEndpoint(merchant, receiver.url());
    const { body } = await recover(id, since);
    expect(body.total).toBe(count);
    const handler = stage.app.get(RecoverWebhooksHandler);
    // As after lapsed leases: several at the same part.
    await Promise.all([1, 2, 3].map(() => handler.run(body.id)));
    await stage.until('the first part is done', async () => (await show(body.id)).scanned >= EVENTS_A_TURN);
    const rows = await stage.database.read.find(WebhookDelivery, { where: { endpointId: id }, order: { id: 'ASC' } });
    expect(rows.map(({ eventId }) => eventId)).toEqual(ids.slice(0, rows.length));
    expect(rows.length).toBeGreaterThanOrEqual(EVENTS_A_TURN);
    const spread = rows.slice(0, EVENTS_A_TURN).map(({ nextAttemptAt }) => nextAttemptAt ?? 0);
    expect(Math.max(...spread) - Math.min(...spread.filter((at) => at > 0))).toBeGreaterThan(4_000);

    const [news] = await announce('payout.succeeded');
    const ended = await finish(body.id);
    expect(ended).toMatchObject({ status: 'completed', requeued: count, total: count + 1, scanned: count + 1 });
    const all = await stage.database.read.find(WebhookDelivery, { where: { endpointId: id } });
    expect(all.map(({ eventId }) => eventId).sort()).toEqual([...ids, news].sort());
  }, 90_000);

  it('is as before when it dies in the middle of a part, and the next turn does it whole', async () => {
    const since = stage.time.now();
    const ids = await announce('payout.failed', 'payout.pending');
    const { id } = await stage.createEndpoint(merchant, receiver.url());
    const requeue = stage.app.get(WebhookRequeue);
    const real = requeue.start.bind(requeue);
    let died = 0;
    requeue.start = async (...args) => {
      const started = await real(...args);
      if (died++ === 0) throw new Error('killed');
      return started;
    };
    try {
      const { body } = await recover(id, since);
      await stage.until('it has died', () => died === 1);
      expect(await show(body.id)).toMatchObject({ status: 'running', scanned: 0, requeued: 0 });
      expect(await stage.database.read.countBy(WebhookDelivery, { endpointId: id })).toBe(0);
      expect(await finish(body.id)).toMatchObject({ status: 'completed', requeued: 2 });
    } finally {
      requeue.start = real;
    }
    await delivered(ids);
    expect(await stage.database.read.countBy(WebhookDelivery, { endpointId: id })).toBe(2);
  }, 60_000);

  it('waits for events that were being committed when it began', async () => {
    const { id } = await stage.createEndpoint(merchant, receiver.url());
    const { body } = await recover(id, stage.time.now());
    await stage.advance(SETTLES_MS - 1_000);
    expect(await show(body.id)).toMatchObject({ status: 'running', total: 0 });
    // Its transaction saw no endpoint.
    const late: EventRecord = { ...stage.toEvent(merchant, 'payout.failed'), createdAt: stage.time.now() };
    const { merchantId } = late;
    await stage.database.write((tx) => tx.manager.update(WebhookEndpoint, { id }, { enabled: false }));
    await stage.announce(late);
    await stage.database.write((tx) => tx.manager.update(WebhookEndpoint, { id, merchantId }, { enabled: true }));
    await stage.advance(2_000);
    expect(await finish(body.id)).toMatchObject({ status: 'completed', requeued: 1 });
    await delivered([late.id]);
  }, 60_000);

  it('is one at a time, of an endpoint that is there and enabled, for a time of the last 90 days', async () => {
    const now = stage.time.now();
    const { id } = await stage.createEndpoint(merchant, receiver.url());
    const answers = await Promise.all([1, 2, 3, 4].map(() => recover(id, now - DAY)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409]);
    const running = answers.find(({ status }) => status === 202)!.body.id;
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.body).toMatchObject({ code: 'conflict', recoveryId: running });
    await finish(running);
    expect((await recover(id, now - DAY)).status).toBe(202);

    const { id: disabled } = await stage.createEndpoint(merchant, receiver.url());
    await setEnabled(disabled, false);
    expect((await recover(disabled, now)).body.code).toBe('conflict');
    const { id: other } = await stage.createEndpoint(merchant, receiver.url());
    for (const since of [now - 90 * DAY - HOUR, stage.time.now() + HOUR]) {
      const { status, body } = await recover(other, since);
      expect([status, body.code, body.errors[0].pointer]).toEqual([400, 'invalid_request', '/since']);
    }
    const stranger = await stage.createMerchant();
    expect((await recover(other, now, stranger)).status).toBe(404);
    expect((await stage.request(`GET /v1/webhook-recoveries/${running}`, stranger)).status).toBe(404);
    const reader = await stage.createKey(merchant.id, 'test', ['read']);
    expect((await recover(other, now, reader)).status).toBe(403);
  }, 60_000);

  it('stops where the endpoint is disabled or removed meanwhile', async () => {
    await announce('payout.failed');
    const since = stage.time.now() - HOUR;
    const ends = [
      (id: string) => setEnabled(id, false),
      (id: string) => stage.request(`DELETE /v1/webhook-endpoints/${id}`, merchant),
    ];
    for (const end of ends) {
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      const { body } = await recover(id, since);
      await end(id);
      expect((await finish(body.id)).status).toBe('stopped');
    }
  }, 60_000);

  it('by filter starts only what was given up, of that time and type', async () => {
    const { id } = await stage.createEndpoint(merchant, receiver.url());
    receiver.behaviour = answering(500);
    const ids = await announce('payout.failed', 'collection.failed', 'payout.pending');
    await stage.advance(2 * HOUR);
    const from = stage.time.now();
    const later = await announce('payout.failed', 'payout.succeeded', 'collection.failed');
    await stage.advance(1_000);
    const to = stage.time.now();
    const last = await announce('payout.failed');
    await stage.until('all were tried', async () =>
      (await stage.deliveries(merchant)).every(({ attemptCount }) => attemptCount > 0),
    );
    const given = (eventId: string) =>
      stage.database.write((tx) =>
        tx.manager.update(
          WebhookDelivery,
          { eventId },
          { status: 'failed', failureReason: 'attempts_exhausted', nextAttemptAt: null },
        ),
      );
    for (const eventId of [...ids, later[0]!, later[2]!, last[0]!]) await given(eventId);
    receiver.behaviour = answering(204);
    const filter = {
      endpointId: id,
      status: 'failed',
      createdFrom: iso(from),
      createdTo: iso(to),
      eventType: 'payout.*',
    };
    const { status, body } = await stage.request('POST /v1/webhook-deliveries/redeliver', merchant, filter);
    expect([status, body.selection, body.eventType, body.until]).toEqual([202, 'failed', 'payout.*', iso(to)]);
    expect(await finish(body.id)).toMatchObject({ status: 'completed', requeued: 1 });
    await delivered([later[0]!]);
    const rows = await stage.database.read.find(WebhookDelivery, { where: { endpointId: id, status: 'failed' } });
    expect(rows.map(({ eventId }) => eventId).sort()).toEqual([...ids, later[2], last[0]].sort());

    const wrong = { ...filter, createdTo: iso(from) };
    expect((await stage.request('POST /v1/webhook-deliveries/redeliver', merchant, wrong)).body).toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: '/createdFrom' }],
    });
  }, 60_000);
});
