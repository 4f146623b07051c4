import { describeOnBothDatabases } from '../../test/support/databases.js';
import { WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageAnswer,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';
import { WINDOW } from './event-log.js';
import { EventPosition } from './event-position.entity.js';
import { EventSequencer } from './event-sequencer.js';
import { AWAITS_POSITION, EventRecord } from './event.entity.js';

const DAY = 24 * 3_600_000;

describeOnBothDatabases('GET /v1/events', (database) => {
  let place: StagePlace;
  let stage: WebhookStage;
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
    merchant = await stage.createMerchant();
  });

  const list = (query = '', caller = merchant): Promise<StageAnswer> => stage.request(`GET /v1/events${query}`, caller);
  const idsOf = ({ body }: StageAnswer): string[] => body.data.map(({ id }: { id: string }) => id);

  async function announce(...events: EventRecord[]): Promise<string[]> {
    await stage.announce(...events);
    await stage.app.get(EventSequencer).sequence({ merchantId: merchant.id, mode: merchant.mode });
    return events.map(({ id }) => id);
  }
  const announceMany = (count: number, type = 'collection.pending'): Promise<string[]> =>
    announce(...Array.from({ length: count }, () => stage.toEvent(merchant, type)));

  it('shows each event as its webhook carried it, soon after the commit and without being asked to', async () => {
    const receiver = await WebhookReceiver.start();
    await stage.createEndpoint(merchant, receiver.url());
    const event = stage.toEvent(merchant, 'payout.failed', { id: 'txn_9', amount: '150.00', customer: { name: 'É' } });
    await stage.announce(event);
    await stage.until('it is sent', () => receiver.messages.length === 1);
    // What rests between two rounds wakes with the clock.
    await stage.until('it is listed', async () => {
      stage.time.advance(25);
      return (await list()).body.data.length === 1;
    });
    const { id, object, mode, position, ...told } = (await list()).body.data[0];
    expect([id, object, mode, position]).toEqual([event.id, 'event', 'test', 1]);
    expect(told).toEqual(JSON.parse(receiver.messages[0]!.body));
    expect(id).toBe(receiver.messages[0]!.headers['webhook-id']);
    const one = await stage.request(`GET /v1/events/${id}`, merchant);
    expect([one.status, one.body]).toEqual([200, (await list()).body.data[0]]);
    await receiver.close();
  });

  it('goes on after an event, page by page, oldest first, and ends where a later one begins', async () => {
    expect((await list()).body).toEqual({ data: [], hasMore: false, nextCursor: null });
    const ids = await announceMany(25);
    const first = await list();
    expect([idsOf(first), first.body.hasMore, first.body.nextCursor]).toEqual([ids.slice(0, 20), true, ids[19]]);
    const second = await list(`?after=${first.body.nextCursor}`);
    expect([idsOf(second), second.body.hasMore, second.body.nextCursor]).toEqual([ids.slice(20), false, ids[24]]);
    const nothing = await list(`?after=${second.body.nextCursor}`);
    expect(nothing.body).toEqual({ data: [], hasMore: false, nextCursor: ids[24] });

    const [news] = await announceMany(1);
    expect(idsOf(await list(`?after=${nothing.body.nextCursor}`))).toEqual([news]);
    expect(idsOf(await list(`?limit=3&after=${ids[3]}`))).toEqual(ids.slice(4, 7));
  });

  it('refuses to go on after what it has not shown', async () => {
    const [known] = await announceMany(1);
    const other = await stage.createMerchant();
    const live = await stage.createKey(merchant.id, 'live');
    const silent = stage.toEvent(merchant, null);
    const waiting = stage.toEvent(merchant, 'payout.failed');
    await stage.database.write((tx) => tx.insert(EventRecord, [silent, waiting]));
    const wrong = [
      ['', merchant],
      ['nonsense', merchant],
      [String(known).toUpperCase(), merchant],
      ['evt_01ARZ3NDEKTSV4RRFFQ69G5FAV', merchant],
      [silent.id, merchant],
      [waiting.id, merchant],
      [known, other],
      [known, live],
    ] as const;
    for (const [after, caller] of wrong) {
      const { status, body } = await list(`?after=${after}`, caller);
      expect([after, status, body.code]).toEqual([after, 400, 'invalid_cursor']);
    }
    for (const [id, caller] of wrong.slice(3)) {
      expect((await stage.request(`GET /v1/events/${id}`, caller)).status).toBe(404);
    }
    expect(idsOf(await list())).toEqual([known]);
    expect(idsOf(await list('', live))).toEqual([]);
  });

  it('narrows to types and families', async () => {
    const types = ['collection.pending', 'payout.failed', 'collection.succeeded', 'refund.pending', 'payout.pending'];
    const ids = await announce(...types.map((type) => stage.toEvent(merchant, type)));
    const pick = (...indices: number[]): string[] => indices.map((index) => ids[index]!);
    expect(idsOf(await list('?type=payout.failed'))).toEqual(pick(1));
    expect(idsOf(await list('?type=collection.*,refund.pending'))).toEqual(pick(0, 2, 3));
    expect(idsOf(await list('?type=*'))).toEqual(ids);
    const page = await list('?type=payout.*&limit=1');
    expect([idsOf(page), page.body.hasMore, page.body.nextCursor]).toEqual([pick(1), true, ids[1]]);
    const rest = await list(`?type=payout.*&limit=1&after=${ids[1]}`);
    expect([idsOf(rest), rest.body.hasMore, rest.body.nextCursor]).toEqual([pick(4), false, ids[4]]);
    // Whoever waits for what is rare need not look through the rest again.
    expect((await list('?type=refund.failed')).body).toEqual({ data: [], hasMore: false, nextCursor: ids[4] });
    for (const type of ['', 'payout', 'payout.*,', 'nope.*', 'payout.nope']) {
      expect((await list(`?type=${type}`)).body.code).toBe('invalid_request');
    }
  });

  it('looks at a window of the stream for types that are rare, and says where to go on', async () => {
    const common = Array.from({ length: WINDOW }, () => stage.toEvent(merchant, 'collection.pending'));
    const rare = stage.toEvent(merchant, 'payout.failed');
    await stage.database.write(async (tx) => {
      for (let start = 0; start < common.length; start += 1_000) {
        await tx.insert(EventRecord, common.slice(start, start + 1_000));
      }
      await tx.insert(EventRecord, [rare]);
    });
    await stage.app.get(EventSequencer).sequence({ merchantId: merchant.id, mode: 'test' });
    const nothing = await list('?type=payout.failed');
    expect(nothing.body).toEqual({ data: [], hasMore: true, nextCursor: common.at(-1)!.id });
    const found = await list(`?type=payout.failed&after=${nothing.body.nextCursor}`);
    expect([idsOf(found), found.body.hasMore, found.body.nextCursor]).toEqual([[rare.id], false, rare.id]);
  }, 60_000);

  it('narrows to a transaction, of the merchant’s own alone', async () => {
    const transactionId = 'txn_01ARZ3NDEKTSV4RRFFQ69G5FAV';
    const events = [0, 1, 2, 3].map((index) => ({
      ...stage.toEvent(merchant, index === 2 ? 'payout.failed' : 'payout.pending'),
      subjectId: index === 1 ? 'txn_1' : transactionId,
    }));
    const ids = await announce(...events);
    const about = `?transactionId=${transactionId}`;
    expect(idsOf(await list(about))).toEqual([ids[0], ids[2], ids[3]]);
    expect(idsOf(await list(`${about}&type=payout.failed`))).toEqual([ids[2]]);
    const page = await list(`${about}&limit=1&after=${ids[0]}`);
    expect([idsOf(page), page.body.hasMore, page.body.nextCursor]).toEqual([[ids[2]], true, ids[2]]);
    expect(idsOf(await list(about, await stage.createMerchant()))).toEqual([]);
    expect((await list('?transactionId=txn_1')).body.code).toBe('invalid_request');
  });

  it('needs the scope read', async () => {
    const writer = await stage.createKey(merchant.id, 'test', ['webhooks:write']);
    const [id] = await announceMany(1);
    for (const path of ['', `/${id}`]) {
      expect((await stage.request(`GET /v1/events${path}`, writer)).status).toBe(403);
    }
  });

  it('reads nothing but what it shows, through one index, however large the stream', async () => {
    const ids = await announceMany(300);
    // As large beside others as a merchant is among many.
    const others = Array.from({ length: 1_000 }, () => ({
      ...stage.toEvent(merchant, 'payout.pending'),
      merchantId: 'mer_other',
    }));
    await stage.database.write((tx) => tx.insert(EventRecord, others));
    await stage.database.write((tx) =>
      tx.manager.query('ANALYZE ' + (database === 'mysql' ? 'TABLE events' : 'events')),
    );
    const { dataSource } = stage.database.read;
    const asked: [string, unknown[]][] = [];
    let watching = true;
    const runner = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => {
      const made = runner(mode);
      const query = made.query.bind(made);
      made.query = ((sql: string, values: unknown[], ...rest: []) => {
        if (watching && /FROM .events/.test(sql)) asked.push([sql, values]);
        return query(sql, values, ...rest);
      }) as typeof made.query;
      return made;
    };
    const about = '&transactionId=txn_01ARZ3NDEKTSV4RRFFQ69G5FAV';
    for (const query of ['', '&type=payout.*', about]) await list(`?limit=5&after=${ids[100]}${query}`);
    dataSource.createQueryRunner = runner;
    // SQLite keeps its one runner.
    watching = false;

    expect(asked.length).toBeGreaterThanOrEqual(6);
    for (const [sql, values] of asked) {
      const plan: any[] = await dataSource.query(`EXPLAIN ${database === 'mysql' ? '' : 'QUERY PLAN '}${sql}`, values);
      const index = /subject_id/.test(sql.split('WHERE')[1]!) ? 'events_by_subject' : 'events_by_position';
      const byKey = /\W["`]id["`] = \?/.test(sql.split('WHERE')[1]!);
      if (database === 'sqlite') {
        expect(plan[0].detail).toContain(byKey ? 'sqlite_autoindex_events_1' : index);
        expect(plan[0].detail).toMatch(/^SEARCH/);
      } else {
        expect(plan[0].key).toBe(byKey ? 'PRIMARY' : index);
        expect(plan[0].type).toMatch(/^(const|ref|range)$/);
      }
    }
  });

  describe('past the time that events are kept', () => {
    const retire = async (): Promise<void> => {
      // The job looks every hour, and does a part of it in each turn.
      for (let turn = 0; turn < 4; turn++) await stage.advance(3_600_000);
    };

    it('begins with the first that is young enough, and forgets what the others told', async () => {
      const creation = { ...stage.toEvent(merchant, 'collection.created'), version: 1, reported: 'noted' };
      const old = await announce(
        creation,
        stage.toEvent(merchant, 'collection.pending'),
        stage.toEvent(merchant, null),
      );
      await stage.advance(DAY);
      const young = await announceMany(2);
      const findRow = (id: string) => stage.database.read.findOneByOrFail(EventRecord, { id });

      await stage.advance(88 * DAY);
      await retire();
      expect(idsOf(await list())).toEqual([...old.slice(0, 2), ...young]);
      await stage.advance(DAY - 2 * 3_600_000);
      await retire();

      expect(idsOf(await list())).toEqual(young);
      expect(idsOf(await list('?type=collection.*'))).toEqual(young);
      expect(idsOf(await list('?transactionId=txn_01ARZ3NDEKTSV4RRFFQ69G5FAV'))).toEqual([]);
      expect((await stage.request(`GET /v1/events/${old[1]}`, merchant)).status).toBe(404);
      // The line of the creation answers a repeated request, and every line stays in the timeline.
      expect((await findRow(old[0]!)).data).not.toBeNull();
      expect(await findRow(old[1]!)).toMatchObject({ data: null, type: 'collection.pending', position: 2 });
      expect((await findRow(young[0]!)).data).not.toBeNull();
      expect(await stage.database.read.findOneBy(EventPosition, { merchantId: merchant.id })).toMatchObject({
        firstPosition: 3,
        lastPosition: 4,
      });
      // Nothing is lost after the last one that went; after an earlier one something is, and it says so.
      expect(idsOf(await list(`?after=${old[1]}`))).toEqual(young);
      const gap = await list(`?after=${old[0]}`);
      expect([gap.status, gap.body.code]).toEqual([400, 'invalid_cursor']);
      expect(gap.body.detail).toContain('past the time');
    });

    it('does so for thousands, and an endless silence ends with nothing', async () => {
      const ids = await announceMany(1_200);
      await stage.advance(91 * DAY);
      await stage.until('all are gone', async () => (await list()).body.data.length === 0);
      const kept = await stage.database.read.countBy(EventRecord, { merchantId: merchant.id });
      expect(kept).toBe(1_200);
      expect(await stage.database.read.findOneBy(EventPosition, { merchantId: merchant.id })).toMatchObject({
        firstPosition: 1_201,
      });
      expect((await list(`?after=${ids.at(-1)}`)).body).toEqual({ data: [], hasMore: false, nextCursor: ids.at(-1) });
      const [news] = await announceMany(1);
      expect(idsOf(await list(`?after=${ids.at(-1)}`))).toEqual([news]);
      expect((await stage.database.read.findOneByOrFail(EventRecord, { id: news! })).position).toBe(1_201);
    }, 60_000);
  });

  it('never shows what waits for its position', async () => {
    await stage.database.write((tx) => tx.insert(EventRecord, [stage.toEvent(merchant, 'payout.failed')]));
    const found = await stage.database.read.findOneByOrFail(EventRecord, { merchantId: merchant.id });
    expect(found.position).toBe(AWAITS_POSITION);
    expect(idsOf(await list())).toEqual([]);
    expect(idsOf(await list('?type=payout.*'))).toEqual([]);
  });
});
