import { createIdSource, ManualTime, systemClock, systemScheduler } from '#libs/primitives';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine } from '../../test/support/engine.js';
import { openTestStore, type Connection, type TestStore } from '../../test/support/open-database.js';
import type { JobRunner } from '../jobs/job-runner.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { EventLog } from './event-log.js';
import type { EventStream } from './event-position.entity.js';
import { EventPosition } from './event-position.entity.js';
import { EventSequencer, inOrderOfVersions } from './event-sequencer.js';
import { AWAITS_POSITION, EventRecord } from './event.entity.js';
import { PositionNews } from './position-news.js';
import { SequenceEventsHandler } from './sequence-events.handler.js';

const ids = createIdSource(systemClock);

describeOnBothDatabases('Positions of events', (kind) => {
  let store: TestStore;
  let stream: EventStream;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  afterAll(() => store.close());
  beforeEach(() => {
    stream = { merchantId: ids.next('mer'), mode: 'test' };
  });

  /** Other processes, as far as an engine takes more than one. */
  const connect = (): Promise<Connection> => (kind === 'mysql' ? store.connect() : Promise.resolve(store));

  const sequencerOver = ({ database }: Pick<Connection, 'database'>): EventSequencer =>
    new EventSequencer(database, new PositionNews(), systemClock, systemScheduler);

  function toEvent(given: Partial<EventRecord> = {}): EventRecord {
    const type = given.type === undefined ? 'collection.pending' : given.type;
    return {
      id: ids.next('evt'),
      ...stream,
      position: type === null ? null : AWAITS_POSITION,
      subjectId: ids.next('txn'),
      data: type === null ? null : { id: 'txn' },
      reported: null,
      fromStatus: null,
      toStatus: null,
      version: null,
      attemptId: null,
      evidence: null,
      createdAt: Date.now(),
      ...given,
      type,
    };
  }

  const write = (...events: EventRecord[]): Promise<void> =>
    store.database.write((tx) => tx.insert(EventRecord, events));

  async function positions(): Promise<[string, number | null][]> {
    const rows = await store.database.read.find(EventRecord, { where: { ...stream }, order: { id: 'ASC' } });
    return rows.map(({ id, position }) => [id, position]);
  }

  const counter = (): Promise<EventPosition | null> =>
    store.database.read.findOne(EventPosition, { where: { ...stream } });

  it('are 1, 2, 3 … for each merchant and mode, and never given twice; what only the timeline shows has none', async () => {
    const sequencer = sequencerOver(store);
    const live = { merchantId: stream.merchantId, mode: 'live' } as const;
    const events = [toEvent(), toEvent({ type: null }), toEvent(), toEvent(live)];
    await write(...events);
    expect(await sequencer.sequence(stream)).toBe(true);
    await sequencer.sequence(live);
    const given = [1, null, 2];
    expect((await positions()).map(([, position]) => position)).toEqual(given);
    const other = await store.database.read.findOneByOrFail(EventRecord, live);
    expect(other.position).toBe(1);

    await write(toEvent());
    await Promise.all([1, 2, 3, 4].map(() => sequencer.sequence(stream)));
    expect((await positions()).map(([, position]) => position)).toEqual([...given, 3]);
    expect(await counter()).toMatchObject({ lastPosition: 3, firstPosition: 1 });
  });

  it('follow the versions of a transaction where the clocks of two processes do not agree', async () => {
    const subjectId = ids.next('txn');
    const [early, late] = [ids.next('evt'), ids.next('evt')];
    await write(toEvent({ id: early, subjectId, version: 3 }), toEvent({ id: late, subjectId, version: 2 }), toEvent());
    await sequencerOver(store).sequence(stream);
    expect((await positions()).map(([, position]) => position)).toEqual([2, 1, 3]);
  });

  it('are given to the lines of a release that knew no positions', async () => {
    const columns = 'id, merchant_id, mode, subject_id, type, created_at';
    const add = (type: string | null) =>
      store.database.write((tx) =>
        tx.manager.query(`INSERT INTO events (${columns}) VALUES (?, ?, ?, ?, ?, ?)`, [
          ids.next('evt'),
          stream.merchantId,
          stream.mode,
          'txn_1',
          type,
          1,
        ]),
      );
    for (const type of ['collection.created', null, 'collection.pending', null]) await add(type);
    await sequencerOver(store).sequence(stream);
    expect((await positions()).map(([, position]) => position)).toEqual([1, null, 2, null]);
  });

  it('are given to any number of them, some hundreds in a transaction', async () => {
    const events = Array.from({ length: 1_100 }, () => toEvent());
    await write(...events);
    const from = store.statements.length;
    const sequencer = sequencerOver(store);
    expect(await sequencer.sequence(stream, 2)).toBe(false);
    expect(await counter()).toMatchObject({ lastPosition: 500 });
    expect(await sequencer.sequence(stream)).toBe(true);
    expect(await positions()).toEqual(events.map(({ id }, index) => [id, index + 1]));
    expect(store.statements.slice(from).filter((sql) => /^UPDATE .?events/.test(sql))).toHaveLength(5);
  });

  it('are as before when the sequencer dies at any statement, and the next one gives them all', async () => {
    const events = [toEvent(), toEvent({ type: null, position: AWAITS_POSITION }), toEvent()];
    const before = events.map(({ id }) => [id, AWAITS_POSITION]);
    await write(...events);
    let statements = 0;
    for (let diesAt = 1; ; diesAt++) {
      const mortal = await openMortal(await connect(), diesAt);
      const died = await mortal.sequencer.sequence(stream).then(
        () => false,
        () => true,
      );
      statements = mortal.statements();
      if (!died) break;
      expect(await positions()).toEqual(before);
      expect(await counter()).toBeNull();
    }
    // Or nothing was proven.
    expect(statements).toBeGreaterThanOrEqual(5);
    expect((await positions()).map(([, position]) => position)).toEqual([1, null, 2]);
    expect(await counter()).toMatchObject({ lastPosition: 2 });
  });

  /** A sequencer that loses its connection, as by a kill of its process, at that statement of its transaction. */
  async function openMortal(connection: Connection, diesAt: number) {
    let count = 0;
    const real = connection.database;
    const dying = async (runner: { query(sql: string, values?: unknown[]): Promise<unknown> }): Promise<void> => {
      if (++count !== diesAt) return;
      if (kind === 'sqlite') throw new Error('killed');
      const rows = (await runner.query('SELECT CONNECTION_ID() AS id')) as { id: number }[];
      await store.source.query(`KILL ${rows[0]!.id}`);
    };
    const database = {
      kind: real.kind,
      read: real.read,
      write: <T>(work: Parameters<typeof real.write<T>>[0]) =>
        real.write<T>(async (tx) => {
          const runner = tx.manager.queryRunner!;
          const query = runner.query.bind(runner);
          runner.query = (async (...args: Parameters<typeof query>) => {
            await dying({ query });
            return query(...args);
          }) as typeof runner.query;
          try {
            return await work(tx);
          } finally {
            // A runner of SQLite lives on.
            runner.query = query;
          }
        }),
    };
    return { sequencer: sequencerOver({ database: database as never }), statements: () => count };
  }

  it('are gapless, unique and for ever with 32 writers, several processes and a reader who misses nothing', async () => {
    const [writers, each] = [32, 12];
    const processes = await Promise.all([connect(), connect(), connect()]);
    const sequencers = processes.map(sequencerOver);
    const committed = new Set<string>();
    let writing = true;
    const turns = (count: number): Promise<void> =>
      count === 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => setImmediate(resolve)).then(() => turns(count - 1));

    const writeAll = async (writer: number): Promise<void> => {
      const { database } = processes[writer % processes.length]!;
      const sequencer = sequencers[writer % processes.length]!;
      for (let count = 0; count < each; count++) {
        // The id is made first and the commit comes any time later: in the order of ids, readers would lose some.
        const events = Array.from({ length: 1 + (count % 3) }, () =>
          toEvent({ type: count % 5 === 4 ? null : undefined }),
        );
        const rolledBack = count % 4 === 3;
        await turns((writer * 7 + count * 3) % 20);
        await database
          .write(async (tx) => {
            await tx.insert(EventRecord, events);
            if (kind === 'mysql') await turns((writer * 5 + count * 11) % 20);
            if (rolledBack) throw new Error('rolled back');
            sequencer.follow(tx, events);
          })
          .catch((error: unknown) => {
            if (!rolledBack) throw error;
          });
        if (!rolledBack) for (const { id, type } of events) if (type !== null) committed.add(id);
      }
    };

    const seen: { id: string; position: number | null }[] = [];
    const readOn = async (): Promise<void> => {
      const log = new EventLog((await connect()).database);
      for (;;) {
        // SQLite answers at once: without a turn of the event loop nobody else would ever get one.
        await turns(1);
        const last = !writing;
        if (last) for (const sequencer of sequencers) await sequencer.settled();
        const { events, next } = await log.list(stream, seen.at(-1)?.id, 7, {});
        seen.push(...events.map(({ id, position }) => ({ id, position })));
        if (events.length > 0) expect(next).toBe(events.at(-1)!.id);
        if (last && events.length === 0) {
          if (seen.length === committed.size) return;
          // News that rest between two rounds.
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };

    const reading = readOn();
    await Promise.all(Array.from({ length: writers }, (_, writer) => writeAll(writer))).finally(() => {
      writing = false;
    });
    await reading;

    expect(committed.size).toBeGreaterThan(300);
    expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => index + 1));
    expect(new Set(seen.map(({ id }) => id))).toEqual(committed);
    // Nothing that was read has changed since.
    const stored = new Map(await positions());
    expect(seen.map(({ id }) => stored.get(id))).toEqual(seen.map(({ position }) => position));
    expect(await counter()).toMatchObject({ lastPosition: committed.size });
    for (const sequencer of sequencers) await sequencer.beforeApplicationShutdown();
  }, 60_000);

  it('wait for the sweep where a process died after its commit', async () => {
    const engine = new Engine(store);
    const handler = new SequenceEventsHandler(
      store.database,
      engine.sequencer,
      engine.jobs,
      { register: () => undefined } as unknown as JobRunner,
      engine.time,
    );
    const own = stream;
    const streams: EventStream[] = [];
    for (let index = 0; index < 60; index++) {
      stream = { merchantId: ids.next('mer'), mode: index % 2 === 0 ? 'test' : 'live' };
      streams.push(stream);
      await store.database.write((tx) => tx.insert(Merchant, [toMerchant(stream.merchantId)]));
      await write(toEvent(), toEvent());
    }
    await handler.run();
    const waiting = await store.database.read.count(EventRecord, { where: { position: AWAITS_POSITION } });
    expect(waiting).toBe(0);
    for (stream of streams) expect((await positions()).map(([, position]) => position)).toEqual([1, 2]);
    stream = own;
    expect(await handler.run()).toEqual({ kind: 'again', runAt: engine.time.now() + 30_000 });
  });

  it('come with the commit’s own news, at once and then many together', async () => {
    const time = new ManualTime(1_000_000);
    const sequencer = new EventSequencer(store.database, new PositionNews(), time, time);
    const commit = async (): Promise<void> => {
      const event = toEvent();
      await store.database.write(async (tx) => {
        await tx.insert(EventRecord, [event]);
        sequencer.follow(tx, [event]);
      });
      await sequencer.settled();
    };
    await commit();
    expect(await counter()).toMatchObject({ lastPosition: 1 });
    await commit();
    await commit();
    expect(await counter()).toMatchObject({ lastPosition: 1 });
    time.advance(25);
    await sequencer.settled();
    expect(await counter()).toMatchObject({ lastPosition: 3 });

    await sequencer.beforeApplicationShutdown();
    await commit();
    time.advance(1_000);
    await sequencer.settled();
    expect(await counter()).toMatchObject({ lastPosition: 3 });
  });
});

describe('The order of versions', () => {
  it('is that of ids, but for a subject’s own events', () => {
    const event = (subjectId: string, version: number | null) => ({ subjectId, version });
    const [a3, b1, a1, a, a2] = [event('a', 3), event('b', 1), event('a', 1), event('a', null), event('a', 2)];
    expect(inOrderOfVersions([a3, b1, a1, a, a2])).toEqual([a1, b1, a2, a, a3]);
    expect(inOrderOfVersions([])).toEqual([]);
  });
});

function toMerchant(id: string): Merchant {
  return {
    id,
    name: 'Duka',
    locale: 'en',
    status: 'active',
    colour: null,
    logoUrl: null,
    notificationEmail: null,
    supportUrl: null,
    createdAt: 1,
    updatedAt: 1,
  };
}
