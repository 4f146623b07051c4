import { describeOnBothDatabases } from '../../test/support/databases.js';
import { answering, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';

const HOUR = 3_600_000;
const DAYS = 7;
const EVENTS_A_DAY = 16;

describeOnBothDatabases('A subscriber that slept for a week', (database) => {
  let place: StagePlace;
  let stage: WebhookStage;
  let receiver: WebhookReceiver;
  let merchant: StageMerchant;

  beforeAll(async () => {
    place = await createStagePlace(database);
    stage = await WebhookStage.start(place);
    receiver = await WebhookReceiver.start();
    merchant = await stage.createMerchant();
  });
  afterAll(async () => {
    await receiver.close();
    await stage.close();
    await place.cleanUp();
  });

  it('catches up from the last event it has seen, with nothing missing, nothing twice and everything in order', async () => {
    const { id } = await stage.createEndpoint(merchant, receiver.url(), ['collection.*']);
    const before = stage.toEvent(merchant, 'collection.created');
    await stage.announce(before);
    await stage.until('the last message before it slept arrived', () => receiver.messages.length === 1);

    receiver.behaviour = answering(503);
    const slept: string[] = [];
    for (let day = 0; day < DAYS; day++) {
      const events = Array.from({ length: EVENTS_A_DAY }, () => stage.toEvent(merchant, 'collection.succeeded'));
      slept.push(...events.map((event) => event.id));
      await stage.announce(...events);
      await stage.advance(24 * HOUR);
    }
    // Five days of failures only: nothing is sent there any more.
    const { body: endpoint } = await stage.request(`GET /v1/webhook-endpoints/${id}`, merchant);
    expect(endpoint).toMatchObject({ enabled: false, disabledReason: 'failing' });

    const { events, pages } = await catchUp(before.id);
    expect(pages).toBeGreaterThan(1);
    expect(events.filter(({ type }) => type === 'collection.succeeded').map((event) => event.id)).toEqual(slept);
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 2));
    expect(events.map(({ type }) => type)).toContain('webhook_endpoint.disabled');
  }, 120_000);

  async function catchUp(after: string): Promise<{ events: any[]; pages: number }> {
    const events: any[] = [];
    for (let pages = 1; ; pages++) {
      const { body } = await stage.request(`GET /v1/events?limit=100&after=${after}`, merchant);
      events.push(...body.data);
      after = body.nextCursor;
      if (!body.hasMore) return { events, pages };
    }
  }
});
