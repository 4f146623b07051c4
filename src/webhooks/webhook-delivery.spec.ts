import { Webhook } from 'standardwebhooks';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { answering, hanging, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';
import type { JobResult } from '../jobs/job-handler.js';
import { Job } from '../jobs/job.entity.js';
import { LEASE_MS } from '../jobs/job-store.js';
import { WAITS_MS } from './delivery-schedule.js';
import { checkLease, WebhookDeliveryHandler } from './webhook-delivery.handler.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookFanout } from './webhook-fanout.js';

const HOUR = 3_600_000;

describeOnBothDatabases('Webhook deliveries', (database) => {
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
  });

  const countJobs = (): Promise<number> => stage.database.read.countBy(Job, { kind: 'deliver_webhook' });
  const attemptsMade = async (): Promise<number> => (await stage.deliveries(merchant))[0]?.attemptCount ?? 0;

  /** Announces an event of the merchant and answers its id. */
  async function announce(type = 'collection.succeeded', data: object = { id: 'txn_1' }): Promise<string> {
    const event = stage.toEvent(merchant, type, data);
    await stage.announce(event);
    return event.id;
  }

  /** The merchant's only delivery, once it has that status. */
  async function settled(status: string): Promise<any> {
    await stage.until(
      `the delivery is ${status}`,
      async () => (await stage.deliveries(merchant))[0]?.status === status,
    );
    await stage.until('the job is done', async () => (await countJobs()) === 0);
    return (await stage.deliveries(merchant))[0];
  }

  describe('from the event to the endpoint', () => {
    it('are signed as Standard Webhooks says and carry the whole object', async () => {
      const { id: endpointId, secret } = await stage.createEndpoint(merchant, receiver.url());
      const data = { id: 'txn_1', amount: '150.00', version: 3, customer: { name: 'Achieng’ Ọ́lá 🎉' } };
      const eventId = await announce('collection.succeeded', data);
      const delivery = await settled('delivered');
      const now = new Date(stage.time.now()).toISOString();
      expect(delivery).toEqual({
        id: expect.stringMatching(/^dlv_/),
        object: 'webhook_delivery',
        mode: 'test',
        endpointId,
        eventId,
        linkId: null,
        eventType: 'collection.succeeded',
        status: 'delivered',
        failureReason: null,
        attempts: [{ at: now, statusCode: 200, answer: 'answer 200', durationMs: 0 }],
        attemptCount: 1,
        nextAttemptAt: null,
        createdAt: now,
        deliveredAt: now,
      });
      const [message] = receiver.messages;
      expect(message?.headers).toMatchObject({
        'webhook-id': eventId,
        'webhook-timestamp': String(Math.floor(stage.time.now() / 1_000)),
        'content-type': 'application/json',
        'user-agent': expect.stringMatching(/^Malipo\/\d/),
      });
      const payload = new Webhook(secret).verify(message?.body ?? '', message?.headers as Record<string, string>);
      expect(payload).toEqual({ type: 'collection.succeeded', timestamp: now, data });
    });

    it('go to every endpoint that listens, in the right mode, and to no other', async () => {
      const live = await stage.createKey(merchant.id, 'live');
      const stranger = await stage.createMerchant();
      const urls: Record<string, StageMerchant> = { all: merchant, family: merchant, type: merchant, stranger };
      const patterns: Record<string, string[]> = { family: ['refund.*', 'payout.*'], type: ['payout.failed'] };
      for (const [name, owner] of Object.entries(urls)) {
        await stage.createEndpoint(owner, receiver.url(`/${name}`), patterns[name]);
      }
      const off = await stage.createEndpoint(merchant, receiver.url('/disabled'));
      await stage.request(`PATCH /v1/webhook-endpoints/${off.id}`, merchant, { enabled: false });
      await stage.announce(
        stage.toEvent(merchant, 'payout.failed'),
        stage.toEvent(merchant, 'payout.succeeded'),
        stage.toEvent(merchant, 'collection.failed'),
        stage.toEvent(merchant, null),
        stage.toEvent(live, 'payout.failed'),
      );
      await stage.until('all are delivered', async () => (await countJobs()) === 0);
      const heard = receiver.messages.map(({ path, body }) => `${path} ${JSON.parse(body).type}`).sort();
      expect(heard).toEqual([
        '/all collection.failed',
        '/all payout.failed',
        '/all payout.succeeded',
        '/family payout.failed',
        '/family payout.succeeded',
        '/type payout.failed',
      ]);
      expect(await stage.deliveries(live)).toEqual([]);
    });

    it('exist only if the transaction that made the event does', async () => {
      await stage.createEndpoint(merchant, receiver.url());
      const event = stage.toEvent(merchant, 'payout.failed');
      const failing = stage.database.write(async (tx) => {
        await stage.app.get(WebhookFanout, { strict: false }).announce(tx, [event]);
        throw new Error('rolled back');
      });
      await expect(failing).rejects.toThrow('rolled back');
      expect(await stage.deliveries(merchant)).toEqual([]);
      expect(await countJobs()).toBe(0);
    });

    it('are made in one go for a batch larger than one statement', async () => {
      receiver.behaviour = hanging;
      const events = Array.from({ length: 1_100 }, () => stage.toEvent(merchant, 'payout.pending'));
      await stage.createEndpoint(merchant, receiver.url('/one'));
      await stage.createEndpoint(merchant, receiver.url('/two'));
      const seen = stage.database.write(async (tx) => {
        await stage.app.get(WebhookFanout, { strict: false }).announce(tx, events);
        const rows = await tx.manager.find(WebhookDelivery, { where: { merchantId: merchant.id } });
        const jobs = await tx.manager.count(Job, { where: { kind: 'deliver_webhook' } });
        throw new Error(
          `${rows.length} rows, ${new Set(rows.map(({ eventId }) => eventId)).size} events, ${jobs} jobs`,
        );
      });
      await expect(seen).rejects.toThrow('2200 rows, 1100 events, 2200 jobs');
    });
  });

  describe('that fail', () => {
    it('are tried ten times over 75 hours and 35 minutes, the same message with a new signature', async () => {
      receiver.behaviour = answering(500);
      const { secret } = await stage.createEndpoint(merchant, receiver.url());
      const eventId = await announce();
      const startedAt = stage.time.now();
      for (let count = 1; count <= 10; count++) {
        await stage.until(`attempt ${count} is recorded`, async () => (await attemptsMade()) === count);
        expect(receiver.messages).toHaveLength(count);
        const [delivery] = await stage.deliveries(merchant);
        const wait = WAITS_MS[count - 1];
        expect(delivery.attempts.at(-1)).toEqual({
          at: new Date(stage.time.now()).toISOString(),
          statusCode: 500,
          answer: 'answer 500',
          durationMs: 0,
        });
        if (wait === undefined) break;
        expect(delivery).toMatchObject({
          status: 'pending',
          nextAttemptAt: new Date(stage.time.now() + wait).toISOString(),
        });
        await stage.advance(wait);
      }
      expect(stage.time.now() - startedAt).toBe(75 * HOUR + 35 * 60_000 + 5_000);
      expect(await settled('failed')).toMatchObject({
        failureReason: 'attempts_exhausted',
        attemptCount: 10,
        nextAttemptAt: null,
        deliveredAt: null,
      });
      expect(new Set(receiver.messages.map(({ body }) => body)).size).toBe(1);
      expect(new Set(receiver.messages.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([eventId]));
      for (const { headers, body } of receiver.messages) {
        const sentAt = new Date(Number(headers['webhook-timestamp']) * 1_000);
        expect(headers['webhook-signature']).toBe(new Webhook(secret).sign(eventId, sentAt, body));
      }
      expect(new Set(receiver.messages.map(({ headers }) => headers['webhook-signature'])).size).toBe(10);
    }, 60_000);

    it('succeed once the receiver recovers', async () => {
      receiver.behaviour = answering(503);
      await stage.createEndpoint(merchant, receiver.url());
      await announce();
      await stage.until('the first attempt is recorded', async () => (await attemptsMade()) === 1);
      receiver.behaviour = answering(204);
      await stage.advance(5_000);
      const delivery = await settled('delivered');
      expect(delivery.attempts.map(({ statusCode }: { statusCode: number }) => statusCode)).toEqual([503, 204]);
      expect(delivery.deliveredAt).toBe(new Date(stage.time.now()).toISOString());
    });

    it.each([
      ['less than twice the plan', '8', 8_000],
      ['more than twice the plan', '3600', 10_000],
      ['less than the plan', '1', 5_000],
    ])('wait as Retry-After asks within bounds: %s', async (_name, retryAfter, wait) => {
      receiver.behaviour = answering(429, { 'retry-after': retryAfter });
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      await announce();
      await stage.until('the first attempt is recorded', async () => (await attemptsMade()) === 1);
      const [{ nextAttemptAt }] = await stage.deliveries(merchant);
      expect(Date.parse(nextAttemptAt)).toBe(stage.time.now() + wait);
      await stage.request(`DELETE /v1/webhook-endpoints/${id}`, merchant);
      await stage.advance(wait);
      await settled('failed');
    });

    it('are not sent a second time while the receiver hangs, and wait fifteen seconds for it', async () => {
      receiver.behaviour = hanging;
      await stage.createEndpoint(merchant, receiver.url());
      await announce();
      await stage.until('the message arrived', () => receiver.messages.length === 1);
      stage.time.advance(14_999);
      expect(await attemptsMade()).toBe(0);
      stage.time.advance(1);
      await stage.until('the attempt is recorded', async () => (await attemptsMade()) === 1);
      const [delivery] = await stage.deliveries(merchant);
      expect(delivery).toMatchObject({
        status: 'pending',
        attempts: [{ statusCode: null, answer: 'No answer came within 15 seconds.', durationMs: 15_000 }],
        nextAttemptAt: new Date(stage.time.now() + 5_000).toISOString(),
      });
      expect(receiver.messages).toHaveLength(1);
      receiver.behaviour = answering(200);
      await stage.advance(5_000);
      await settled('delivered');
    });

    it('keep of an answer what is valid text', async () => {
      receiver.behaviour = (_message, response) => {
        response
          .writeHead(200)
          .end(Buffer.concat([Buffer.from('a\u0000\u001b'), Buffer.from([0xff]), Buffer.from('🎉')]));
      };
      await stage.createEndpoint(merchant, receiver.url());
      await announce();
      expect((await settled('delivered')).attempts[0].answer).toBe('a�🎉');
    });
  });

  describe('to an endpoint that is no more', () => {
    it('end with 410, which disables it and tells the others', async () => {
      const others = await WebhookReceiver.start();
      receiver.behaviour = answering(410);
      const { id, secret } = await stage.createEndpoint(merchant, receiver.url());
      await stage.createEndpoint(merchant, others.url(), ['webhook_endpoint.*']);
      await announce();
      await stage.until('all is done', async () => others.messages.length === 1 && (await countJobs()) === 0);
      const [told, gone] = await stage.deliveries(merchant);
      expect(gone).toMatchObject({ status: 'failed', failureReason: 'endpoint_gone', attemptCount: 1 });
      expect(told).toMatchObject({ status: 'delivered', eventType: 'webhook_endpoint.disabled' });
      const { body: endpoint } = await stage.request(`GET /v1/webhook-endpoints/${id}`, merchant);
      expect(endpoint).toMatchObject({ enabled: false, disabledReason: 'gone' });
      const [message] = others.messages;
      expect(JSON.parse(message?.body ?? '')).toMatchObject({ type: 'webhook_endpoint.disabled', data: endpoint });
      expect(message?.body).not.toContain(secret);

      // Nothing more goes there, until the merchant says so.
      await announce();
      expect(await countJobs()).toBe(0);
      const enabled = await stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { enabled: true });
      expect(enabled.body).toMatchObject({ enabled: true, disabledReason: null });
      receiver.behaviour = answering(200);
      await announce();
      await stage.until('it is delivered', () => receiver.messages.length === 2);
      await stage.until('the job is done', async () => (await countJobs()) === 0);
      await others.close();
    });

    it.each([
      ['disabled', 'endpoint_disabled'],
      ['deleted', 'endpoint_deleted'],
    ])('end without being sent: %s', async (how, failureReason) => {
      receiver.behaviour = answering(500);
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      await announce();
      await stage.until('the first attempt is recorded', async () => (await attemptsMade()) === 1);
      if (how === 'deleted') await stage.request(`DELETE /v1/webhook-endpoints/${id}`, merchant);
      else await stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { enabled: false });
      await stage.advance(5_000);
      const delivery = await settled('failed');
      expect(delivery).toMatchObject({ failureReason, attemptCount: 1, nextAttemptAt: null });
      expect(receiver.messages).toHaveLength(1);
      const again = await stage.request(`POST /v1/webhook-deliveries/${delivery.id}/redeliver`, merchant);
      expect(again).toMatchObject({ status: 409, body: { code: 'conflict' } });
    });
  });

  describe('that are asked for again', () => {
    it('go out at once with the same id, a new timestamp and a new round', async () => {
      const { secret } = await stage.createEndpoint(merchant, receiver.url());
      const eventId = await announce();
      const { id, deliveredAt } = await settled('delivered');
      await stage.advance(HOUR);
      receiver.behaviour = answering(500);
      const answer = await stage.request(`POST /v1/webhook-deliveries/${id}/redeliver`, merchant);
      expect(answer).toMatchObject({ status: 202, body: { id, attemptCount: 1 } });
      await stage.until('the second attempt is recorded', async () => (await attemptsMade()) === 2);
      const [first, second] = receiver.messages;
      expect(second?.body).toBe(first?.body);
      expect(second?.headers['webhook-id']).toBe(eventId);
      expect(Number(second?.headers['webhook-timestamp'])).toBe(Number(first?.headers['webhook-timestamp']) + 3_600);
      expect(second?.headers['webhook-signature']).toBe(
        new Webhook(secret).sign(eventId, new Date(stage.time.now()), second?.body ?? ''),
      );
      expect((await stage.deliveries(merchant))[0]).toMatchObject({
        status: 'pending',
        nextAttemptAt: new Date(stage.time.now() + 5_000).toISOString(),
      });
      receiver.behaviour = answering(200);
      await stage.advance(5_000);
      expect(await settled('delivered')).toMatchObject({ attemptCount: 3, deliveredAt });
    });

    it('by many at once become one round', async () => {
      await stage.createEndpoint(merchant, receiver.url());
      await announce();
      const { id } = await settled('delivered');
      receiver.behaviour = hanging;
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => stage.request(`POST /v1/webhook-deliveries/${id}/redeliver`, merchant)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(202));
      await stage.until('the message arrived', () => receiver.messages.length === 2);
      receiver.behaviour = answering(200);
      stage.time.advance(15_000);
      await stage.until('the attempt ended', async () => (await attemptsMade()) === 2);
      await stage.advance(5_000);
      expect((await settled('delivered')).attemptCount).toBe(3);
      expect(receiver.messages).toHaveLength(3);
    });
  });

  describe('of a worker that dies', () => {
    it('are sent again with the same id, and a late word of the dead changes nothing', async () => {
      const { secret } = await stage.createEndpoint(merchant, receiver.url());
      receiver.behaviour = hanging;
      const eventId = await announce();
      await stage.until('the message arrived', () => receiver.messages.length === 1);

      // The first process stands still from here on. A second one finds its lease lapsed.
      receiver.behaviour = answering(200);
      const second = await WebhookStage.start(place, { startAt: stage.time.now() + LEASE_MS });
      await second.until('the message arrived again', () => receiver.messages.length === 2);
      await second.until('it is delivered', async () => (await second.deliveries(merchant))[0].status === 'delivered');
      await second.until('the job is done', async () => (await countJobs()) === 0);
      await second.close();
      expect(receiver.messages.map(({ headers }) => headers['webhook-id'])).toEqual([eventId, eventId]);
      const [, message] = receiver.messages;
      const sentAt = new Date(Number(message?.headers['webhook-timestamp']) * 1_000);
      expect(message?.headers['webhook-signature']).toBe(
        new Webhook(secret).sign(eventId, sentAt, message?.body ?? ''),
      );

      // The first one comes to life again and reports its time-out.
      stage.time.advance(15_000);
      await stage.until('both attempts are recorded', async () => (await attemptsMade()) === 2);
      const delivery = await settled('delivered');
      expect(delivery.attempts.map(({ statusCode }: { statusCode: number | null }) => statusCode)).toEqual([200, null]);
      expect(delivery.nextAttemptAt).toBeNull();
    });

    it('are sent neither early nor with a lease that could lapse under the attempt', async () => {
      receiver.behaviour = answering(500);
      await stage.createEndpoint(merchant, receiver.url());
      await announce();
      await stage.until('the attempt is recorded', async () => (await attemptsMade()) === 1);
      const [{ id, nextAttemptAt }] = await stage.deliveries(merchant);
      // From here on the test itself is the worker.
      await stage.database.write((tx) => tx.manager.delete(Job, { subjectId: id }));
      const run = (leaseMs: number): Promise<JobResult> =>
        stage.app.get(WebhookDeliveryHandler, { strict: false }).run(id, {
          leaseEndsAt: stage.time.now() + leaseMs,
          startedBefore: 1,
          afterLapse: true,
          lease: { id: 'job_1', leaseToken: 'lse_1' },
        });

      // The record was written, but the worker died before the job was put away.
      expect(await run(LEASE_MS)).toEqual({ kind: 'again', runAt: Date.parse(nextAttemptAt) });
      await stage.advance(5_000);
      expect(await run(14_999)).toEqual({ kind: 'again', runAt: stage.time.now() });
      expect(receiver.messages).toHaveLength(1);
      receiver.behaviour = answering(200);
      expect(await run(15_000)).toEqual({ kind: 'done' });
      expect(receiver.messages).toHaveLength(2);
      expect(await run(LEASE_MS)).toEqual({ kind: 'done' });
      expect(receiver.messages).toHaveLength(2);
    });

    it('cannot lose its lease within an attempt', () => {
      expect(() => checkLease(LEASE_MS)).not.toThrow();
      expect(() => checkLease(15_000)).toThrow('leased for 15000 ms');
    });
  });

  it('to a dead endpoint never delay those to another', async () => {
    const dead = await WebhookReceiver.start(hanging);
    await stage.createEndpoint(merchant, dead.url(), ['payout.*']);
    await stage.createEndpoint(merchant, receiver.url(), ['collection.*']);
    await stage.announce(...Array.from({ length: 60 }, () => stage.toEvent(merchant, 'payout.failed')));
    await stage.until('the dead endpoint has its turns', () => dead.messages.length > 0);
    await stage.announce(...Array.from({ length: 20 }, () => stage.toEvent(merchant, 'collection.failed')));
    // The clock hardly moves: not one attempt at the dead endpoint can end.
    await stage.until('all others are delivered', () => {
      stage.time.advance(1);
      return receiver.messages.length === 20;
    });
    expect(dead.messages.length).toBeLessThanOrEqual(4);
    await dead.close();
    await stage.database.write((tx) => tx.manager.delete(Job, { kind: 'deliver_webhook' }));
  });
});
