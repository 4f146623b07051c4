import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { createIdSource, ManualTime } from '#libs/primitives';

import { Database } from '../../src/database/database.js';
import { AWAITS_POSITION, EventRecord } from '../../src/events/event.entity.js';
import { TransactionResponse } from '../../src/transactions/transaction.response.js';
import { WebhookFanout } from '../../src/webhooks/webhook-fanout.js';
import { toTransaction } from '../support/engine.js';
import { createTestGateway, describeOnBothDatabases, type TestGateway, type TestMerchant } from '../support/gateway.js';
import { answering, hanging, WebhookReceiver, type ReceivedMessage } from '../support/webhook-receiver.js';

const ENDPOINTS = 20;
const EVENTS = 160;
const EVENTS_AT_ONCE = 8;
const ROTATED_EVERY = 40;
const PATIENCE_MS = 60_000;

/** An endpoint as its owner runs it: it trusts the secrets that it was given, the new and the one before. */
class Subscriber {
  readonly ids = new Set<string>();
  readonly refused: string[] = [];

  constructor(
    readonly receiver: WebhookReceiver,
    readonly endpointId: string,
    private secrets: readonly string[],
  ) {}

  trust(secret: string): void {
    this.secrets = [secret, ...this.secrets].slice(0, 2);
  }

  take({ headers, body }: ReceivedMessage): boolean {
    const fits = this.secrets.some((secret) => {
      try {
        new Webhook(secret).verify(body, headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    });
    if (fits) this.ids.add(String(headers['webhook-id']));
    else this.refused.push(body);
    return fits;
  }
}

describeOnBothDatabases('Twenty endpoints under load', (database) => {
  let gateway: TestGateway;
  let merchant: TestMerchant;
  let subscribers: Subscriber[];
  // Goes as the machine's own clock does, until the test is in a hurry.
  const time = new ManualTime(Date.now());
  const ids = createIdSource(time);

  beforeEach(async () => {
    subscribers = [];
    gateway = await createTestGateway({ database, seams: { clock: time, scheduler: time } });
    merchant = await gateway.createMerchant();
    for (let number = 0; number < ENDPOINTS; number++) subscribers.push(await subscribe());
  });
  afterEach(async () => {
    await Promise.all(subscribers.map(({ receiver }) => receiver.close()));
    await gateway.close();
  });

  it('lose nothing and refuse nothing while one is dead, one is slow and one rotates its secret', async () => {
    const [dead, slow, rotating, ...others] = subscribers as [Subscriber, Subscriber, Subscriber, ...Subscriber[]];
    const revive = dead.receiver.behaviour;
    dead.receiver.behaviour = hanging;
    const takesAtOnce = slow.receiver.behaviour;
    slow.receiver.behaviour = (message, response) => void setTimeout(() => takesAtOnce(message, response), 40);

    const sent: string[] = [];
    for (let count = 0; count < EVENTS; count += EVENTS_AT_ONCE) {
      const rotates = count % ROTATED_EVERY === 0;
      // Nobody changes a secret twice before messages of the first change have arrived.
      if (rotates) await until('the rotating one is up to date', () => rotating.ids.size === sent.length);
      sent.push(...(await announce(EVENTS_AT_ONCE)));
      if (rotates) await rotate(rotating);
    }
    const living = [slow, rotating, ...others];
    await until('all but the dead one have everything', () => living.every((one) => one.ids.size === EVENTS));
    for (const one of living) expect([one.refused, [...one.ids].sort()]).toEqual([[], [...sent].sort()]);
    expect(dead.ids.size).toBe(0);

    // It comes back, and what it missed waits for it.
    dead.receiver.behaviour = revive;
    time.advance(15_000);
    const recover = { since: new Date(time.now() - 3_600_000).toISOString() };
    const answer = await request(`POST /v1/webhook-endpoints/${dead.endpointId}/recover`, recover);
    expect(answer.status).toBe(202);
    await until('the dead one has everything too', () => dead.ids.size === EVENTS, 200);
    expect([dead.refused, [...dead.ids].sort()]).toEqual([[], [...sent].sort()]);

    expect((await listEvents()).sort()).toEqual([...sent].sort());
  });

  async function subscribe(): Promise<Subscriber> {
    const receiver = await WebhookReceiver.start();
    const { body } = await request('POST /v1/webhook-endpoints', { url: receiver.url(), events: ['collection.*'] });
    const subscriber = new Subscriber(receiver, body.id, [body.secret]);
    receiver.behaviour = (message, response) => answering(subscriber.take(message) ? 200 : 400)(message, response);
    return subscriber;
  }

  async function rotate(subscriber: Subscriber): Promise<void> {
    const path = `/v1/webhook-endpoints/${subscriber.endpointId}/rotate-secret`;
    const { body } = await request(`POST ${path}`, { overlapHours: 1 });
    subscriber.trust(body.secret);
  }

  /** Announces events as the engine does, and answers their ids. */
  async function announce(count: number): Promise<string[]> {
    const events = Array.from({ length: count }, (): EventRecord => {
      const transaction = toTransaction({ merchantId: merchant.id, status: 'succeeded', completedAt: time.now() });
      const rest = { reported: null, fromStatus: null, toStatus: null, version: null, attemptId: null, evidence: null };
      return {
        ...rest,
        id: ids.next('evt'),
        merchantId: merchant.id,
        mode: 'test',
        position: AWAITS_POSITION,
        subjectId: transaction.id,
        type: 'collection.succeeded',
        data: TransactionResponse.from(transaction),
        createdAt: time.now(),
      };
    });
    await gateway.get(Database).write(async (tx) => {
      await tx.insert(EventRecord, events);
      await gateway.get(WebhookFanout).announce(tx, events);
    });
    return events.map(({ id }) => id);
  }

  async function listEvents(): Promise<string[]> {
    const found: string[] = [];
    let page = (await request('GET /v1/events?limit=100&type=collection.*')).body;
    found.push(...page.data.map(({ id }: { id: string }) => id));
    while (page.hasMore) {
      page = (await request(`GET /v1/events?limit=100&type=collection.*&after=${page.nextCursor}`)).body;
      found.push(...page.data.map(({ id }: { id: string }) => id));
    }
    return found;
  }

  const request = (route: string, body?: object) =>
    gateway.request(route, { key: merchant.key, ...(body && { body }) });

  async function until(what: string, holds: () => boolean, stepMs = 10): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > giveUpAt) {
        throw new Error(`It never came to pass: ${what} (${subscribers.map((one) => one.ids.size).join(', ')})`);
      }
      await sleep(10);
      time.advance(stepMs);
    }
  }
});
