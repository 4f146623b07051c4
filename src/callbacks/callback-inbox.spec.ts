import { createIdSource, ManualTime, systemRandom } from '#libs/primitives';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { Metrics } from '../metrics/metrics.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackTokens } from './callback-tokens.js';
import { Callback } from './callback.entity.js';
import { STRAYS_KEPT_MS, StrayCallbacks } from './stray-callbacks.js';

const MINUTE = 60_000;

// Anybody on the internet can post to paths that we never gave out.
describeOnBothDatabases('Messages on paths that nobody was given', (kind) => {
  let store: TestStore;
  let time: ManualTime;
  let metrics: Metrics;
  let inbox: CallbackInbox;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  beforeEach(async () => {
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(Callback).execute());
    time = new ManualTime(1_795_334_400_000);
    metrics = new Metrics();
    const { database } = store;
    const tokens = new CallbackTokens(database, {} as never, {} as never, time, systemRandom);
    const strays = new StrayCallbacks(database, metrics, time);
    inbox = new CallbackInbox(database, tokens, {} as never, strays, time, createIdSource(time));
  });
  afterAll(() => store.close());

  let sent = 0;
  const post = (headers: Readonly<Record<string, string>> = {}, body = `{"number":${++sent}}`) =>
    inbox.receive('f'.repeat(64), { method: 'POST', headers, body: Buffer.from(body), sourceAddress: '203.0.113.9' });
  const flood = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) await post();
  };
  const kept = (): Promise<Callback[]> => store.database.read.find(Callback, { order: { id: 'ASC' } });

  it('are answered like any other, counted, and few of them kept in a minute', async () => {
    expect(await post()).toMatchObject({ status: 200, body: '{"ResultCode":0,"ResultDesc":"Accepted"}' });
    await flood(99);
    expect(await kept()).toHaveLength(30);
    expect((await metrics.strayCallbacks.get()).values).toMatchObject([{ value: 100 }]);
    time.advance(MINUTE);
    await flood(99);
    expect(await kept()).toHaveLength(60);
  });

  it('are cut to what real ones have, and show nobody’s key', async () => {
    await post(
      { authorization: 'Bearer x', cookie: 'a=b', 'x-one': '1', 'x-large': 'x'.repeat(5_000) },
      'y'.repeat(9_000),
    );
    const [stray] = await kept();
    expect(stray).toMatchObject({ state: 'unmatched', merchantId: null, headers: { 'x-one': '1' } });
    expect(Buffer.from(stray!.body).toString()).toBe('y'.repeat(4_000));
  });

  it('are forgotten after three days', async () => {
    await flood(30);
    time.advance(MINUTE);
    await flood(1);
    time.advance(STRAYS_KEPT_MS - 1);
    await flood(1);
    expect((await kept()).map(({ receivedAt }) => time.now() - receivedAt)).toEqual([STRAYS_KEPT_MS - 1, 0]);
  });
});
