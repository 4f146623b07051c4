import { Webhook } from 'standardwebhooks';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { answering, hanging, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';
import { Job } from '../jobs/job.entity.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describeOnBothDatabases('The life of a webhook endpoint', (database) => {
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
    await stage.database.write((tx) => tx.manager.delete(Job, { kind: 'deliver_webhook' }));
  });

  const announce = (): Promise<void> => stage.announce(stage.toEvent(merchant, 'collection.succeeded'));
  const show = async (id: string): Promise<any> =>
    (await stage.request(`GET /v1/webhook-endpoints/${id}`, merchant)).body;
  const rotate = (id: string, body?: object) =>
    stage.request(`POST /v1/webhook-endpoints/${id}/rotate-secret`, merchant, body);

  /** Whether the latest message verifies with the secret, as an independent implementation sees it. */
  function verifies(secret: string): boolean {
    const { headers, body } = receiver.messages.at(-1)!;
    // Its clock is the machine's; the message's is ours.
    const wire = { ...headers } as Record<string, string>;
    const sentAt = new Date(Number(wire['webhook-timestamp']) * 1_000);
    const expected = new Webhook(secret).sign(wire['webhook-id'] ?? '', sentAt, body);
    return (wire['webhook-signature'] ?? '').split(' ').includes(expected);
  }

  describe('rotating its secret', () => {
    it('signs with both for the overlap, then with the new one alone', async () => {
      const { id, secret: old } = await stage.createEndpoint(merchant, receiver.url());
      const { status, body } = await rotate(id, { overlapHours: 2 });
      expect(status).toBe(200);
      expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(body.secret).not.toBe(old);
      expect(Date.parse(body.previousSecretEndsAt)).toBe(stage.time.now() + 2 * HOUR);
      expect(await show(id)).not.toHaveProperty('secret');

      await announce();
      await stage.until('it is delivered', () => receiver.messages.length === 1);
      expect([verifies(old), verifies(body.secret)]).toEqual([true, true]);
      const { headers, body: text } = receiver.messages[0]!;
      const signed = headers as Record<string, string>;
      // A receiver that checks the time too, with either secret.
      for (const secret of [old, body.secret]) expect(() => new Webhook(secret).verify(text, signed)).not.toThrow();

      await stage.advance(2 * HOUR);
      await announce();
      await stage.until('it is delivered', () => receiver.messages.length === 2);
      expect([verifies(old), verifies(body.secret)]).toEqual([false, true]);
    });

    it('is 24 hours of overlap if nothing is said, and none if none is wanted', async () => {
      const { id, secret: old } = await stage.createEndpoint(merchant, receiver.url());
      const usual = await rotate(id, {});
      expect(Date.parse(usual.body.previousSecretEndsAt)).toBe(stage.time.now() + 24 * HOUR);
      const { body } = await rotate(id, { overlapHours: 0 });
      expect(body.previousSecretEndsAt).toBeNull();
      await announce();
      await stage.until('it is delivered', () => receiver.messages.length === 1);
      expect([verifies(old), verifies(usual.body.secret), verifies(body.secret)]).toEqual([false, false, true]);
    });

    it('answers by many at once only secrets of which the last is in force', async () => {
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      const answers = await Promise.all(Array.from({ length: 5 }, () => rotate(id, { overlapHours: 1 })));
      await announce();
      await stage.until('it is delivered', () => receiver.messages.length === 1);
      expect(answers.filter(({ body }) => verifies(body.secret))).toHaveLength(2);
    });

    it.each([
      ['a fraction', { overlapHours: 1.5 }],
      ['more than a week', { overlapHours: 169 }],
      ['a word', { overlapHours: 'long' }],
      ['null', { overlapHours: null }],
    ])('refuses %s as overlap', async (_, body) => {
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      expect(await rotate(id, body)).toMatchObject({ status: 400, body: { errors: [{ pointer: '/overlapHours' }] } });
    });
  });

  describe('tested', () => {
    const ping = (id: string) => stage.request(`POST /v1/webhook-endpoints/${id}/test`, merchant);

    it('gets a signed ping at once, whatever it listens to, and the attempt is the answer', async () => {
      const { id, secret } = await stage.createEndpoint(merchant, receiver.url(), ['payout.failed']);
      await stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { enabled: false });
      const { status, body } = await ping(id);
      expect([status, body]).toMatchObject([
        200,
        {
          endpointId: id,
          eventType: 'test.ping',
          status: 'delivered',
          attempts: [{ statusCode: 200, answer: 'answer 200' }],
        },
      ]);
      expect(verifies(secret)).toBe(true);
      expect(JSON.parse(receiver.messages[0]!.body)).toMatchObject({ type: 'test.ping', data: { endpointId: id } });
      expect(await stage.deliveries(merchant)).toEqual([body]);
    });

    it('is told what went wrong, once, and no worse for it', async () => {
      receiver.behaviour = answering(500);
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      const { body } = await ping(id);
      expect(body).toMatchObject({ status: 'failed', failureReason: 'test_failed', nextAttemptAt: null });
      await stage.advance(HOUR);
      expect(receiver.messages).toHaveLength(1);
      expect((await show(id)).failingSince).toBeNull();
    });

    it('can be sent the same ping again, like any other message', async () => {
      receiver.behaviour = answering(500);
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      const { body } = await ping(id);
      receiver.behaviour = answering(200);
      await stage.request(`POST /v1/webhook-deliveries/${body.id}/redeliver`, merchant);
      await stage.until('it arrived', () => receiver.messages.length === 2);
      const [first, second] = receiver.messages;
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    });

    it('that hangs is waited for fifteen seconds', async () => {
      receiver.behaviour = hanging;
      const { id } = await stage.createEndpoint(merchant, receiver.url());
      const answer = ping(id);
      await stage.until('the message arrived', () => receiver.messages.length === 1);
      stage.time.advance(15_000);
      expect((await answer).body.attempts).toMatchObject([{ statusCode: null, durationMs: 15_000 }]);
    });
  });

  describe('failing', () => {
    let watcher: WebhookReceiver;
    let id: string;

    const told = (): any[] => watcher.messages.map(({ body }) => JSON.parse(body));
    const tries = async (): Promise<void> => {
      const before = receiver.messages.length;
      await announce();
      await stage.until('it was tried', () => receiver.messages.length > before);
      await stage.until(
        'and recorded',
        async () => (await stage.deliveries(merchant, `?endpointId=${id}&limit=1`))[0].attemptCount > 0,
      );
    };

    beforeEach(async () => {
      watcher = await WebhookReceiver.start();
      receiver.behaviour = answering(503);
      ({ id } = await stage.createEndpoint(merchant, receiver.url(), ['collection.*']));
      await stage.createEndpoint(merchant, watcher.url(), ['webhook_endpoint.*']);
    });
    afterEach(() => watcher.close());

    it('is told after half an hour of failures only, and again when it recovers, once each', async () => {
      await tries();
      const since = stage.time.now();
      expect(Date.parse((await show(id)).failingSince)).toBe(since);
      await stage.advance(20 * MINUTE);
      await tries();
      expect(told()).toEqual([]);
      await stage.advance(15 * MINUTE);
      await tries();
      await stage.until('the merchant is told', () => told().length === 1);
      expect(told()[0]).toMatchObject({ type: 'webhook_endpoint.failing', data: { id, enabled: true } });
      await stage.advance(HOUR);
      await tries();

      receiver.behaviour = answering(200);
      await tries();
      await stage.until('the merchant is told', () => told().length === 2);
      expect(told()[1]).toMatchObject({ type: 'webhook_endpoint.recovered', data: { id, failingSince: null } });
      await stage.advance(HOUR);
      expect(told()).toHaveLength(2);
    });

    it('is disabled after 120 hours of nothing else, and never without having been announced', async () => {
      await tries();
      // Quiet for five days, and then it fails again: first the warning.
      await stage.database.write((tx) => tx.manager.delete(Job, { kind: 'deliver_webhook' }));
      await stage.advance(121 * HOUR);
      await tries();
      await stage.until('the merchant is warned', () => told().length === 1);
      expect(await show(id)).toMatchObject({ enabled: true });
      await tries();
      await stage.until('the merchant is told', () => told().length === 2);
      expect(told().map(({ type }) => type)).toEqual(['webhook_endpoint.failing', 'webhook_endpoint.disabled']);
      expect(await show(id)).toMatchObject({ enabled: false, disabledReason: 'failing' });

      // The merchant repairs it: it starts with a clean record.
      receiver.behaviour = answering(200);
      const { body } = await stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { enabled: true });
      expect(body).toMatchObject({ enabled: true, disabledReason: null, failingSince: null });
      await tries();
      expect((await show(id)).failingSince).toBeNull();
    });

    it('stays enabled where an attempt fails that began before the merchant vouched for it', async () => {
      await tries();
      await stage.database.write((tx) => tx.manager.delete(Job, { kind: 'deliver_webhook' }));
      await stage.advance(121 * HOUR);
      await tries();
      await stage.until('the merchant is warned', () => told().length === 1);
      let fail: (() => void) | undefined;
      receiver.behaviour = (_message, response) => (fail = () => void response.writeHead(503).end());
      const tried = tries();
      await stage.until('an attempt is under way', () => fail !== undefined);
      await stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { enabled: true });
      fail?.();
      await tried;
      expect(await show(id)).toMatchObject({ enabled: true, disabledReason: null, failingSince: null });
      expect(told().map(({ type }) => type)).toEqual(['webhook_endpoint.failing']);
    });

    it('ends with one success in between', async () => {
      await tries();
      await stage.advance(25 * MINUTE);
      receiver.behaviour = answering(200);
      await tries();
      expect((await show(id)).failingSince).toBeNull();
      receiver.behaviour = answering(503);
      await tries();
      await stage.advance(25 * MINUTE);
      await tries();
      expect(told()).toEqual([]);
    });
  });
});
