import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { describeOnBothDatabases } from '../support/databases.js';
import { KillStage } from '../support/kill-stage.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const KILLS = 4;
const PAYMENTS_BETWEEN = 4;
const PATIENCE_MS = 60_000;

/** Killed after so long (ms), each time somewhere else on the way of the messages: before, while and after they are sent. */
const INSTANTS_MS = [5, 30, 80, 160];

describeOnBothDatabases('A gateway killed while webhooks are on their way', (database) => {
  let stage: KillStage;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    receiver = await WebhookReceiver.start((message, response) => {
      // Some answers come when the process that waits for them is dead.
      setTimeout(() => response.writeHead(200).end(), message.body.length % 25);
    });
    stage = await KillStage.start(database);
  }, 60_000);

  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });

  it('delivers every event at least once, under the same id, and lists all of them', async () => {
    const { secret } = await stage.create('/v1/webhook-endpoints', { url: receiver.url() });
    const acknowledged: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const requests = Array.from({ length: PAYMENTS_BETWEEN }, (_, index) => {
        const number = round * PAYMENTS_BETWEEN + index;
        return stage.request('collection', `+25471130${String(1_000 + number)}`, `HOOK-${String(number)}`);
      });
      void Promise.all(requests).then((answers) => {
        for (const answer of answers) if (answer?.status === 201) acknowledged.push(answer.body.id);
      });
      await sleep(INSTANTS_MS[round % INSTANTS_MS.length]);
      await stage.kill();
      await stage.startProcess();
    }
    const last = await stage.request('collection', '+254711309999', 'HOOK-last');
    acknowledged.push(last!.body.id);
    const events = await untilAllDelivered(last!.body.id);

    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
    const made = events.filter(({ type }) => type === 'collection.created').map(({ data }) => data.id);
    expect(made).toEqual(expect.arrayContaining(acknowledged));
    const told = new Map(events.map((event) => [event.id, event]));
    for (const { headers, body } of receiver.messages) {
      const id = String(headers['webhook-id']);
      const { type, timestamp, data } = told.get(id);
      expect(JSON.parse(body)).toEqual({ type, timestamp, data });
      const signedAt = new Date(Number(headers['webhook-timestamp']) * 1_000);
      expect(headers['webhook-signature']).toBe(new Webhook(secret).sign(id, signedAt, body));
    }
  }, 180_000);

  /** All events there are, once each has come to the receiver and the last payment is paid. */
  async function untilAllDelivered(lastId: string): Promise<any[]> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const { status } = await stage.read(`/v1/transactions/${lastId}`);
      const events = await readEvents();
      const arrived = new Set(receiver.messages.map(({ headers }) => headers['webhook-id']));
      const missing = events.filter(({ id }) => !arrived.has(id));
      if (status === 'succeeded' && missing.length === 0) return events;
      if (performance.now() > giveUpAt) {
        throw new Error(`${status}; never came: ${missing.map(({ id, type }) => `${id} ${type}`).join(', ')}`);
      }
      await sleep(100);
    }
  }

  async function readEvents(): Promise<any[]> {
    const events: any[] = [];
    let page = await stage.read('/v1/events?limit=100');
    events.push(...page.data);
    while (page.hasMore) {
      page = await stage.read(`/v1/events?limit=100&after=${page.nextCursor}`);
      events.push(...page.data);
    }
    return events;
  }
});
