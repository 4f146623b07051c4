import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { EventRecord, toNoticeRow } from '../events/event.entity.js';
import { messagesOf } from './webhook-message.js';

const AT = 1_795_334_400_123;

const DATA = {
  object: 'transaction',
  reference: `a 'quoted' "text" with ? and \\ and \n`,
  customer: { name: 'Adébáyọ̀ 🎉', fields: [] },
  amountMinor: 9_007_199_254_740_991,
  late: false,
  failure: null,
};

describeOnBothDatabases('Messages of events', (kind) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await openTestStore(kind);
    const told = { merchantId: 'mer_1', mode: 'test', subjectId: 'txn_1', type: 'collection.failed' } as const;
    const kept = toNoticeRow({ ...told, data: DATA }, { id: 'evt_kept', createdAt: AT });
    const retired = { ...toNoticeRow({ ...told, data: {} }, { id: 'evt_retired', createdAt: AT }), data: null };
    await store.database.write((tx) => tx.insert(EventRecord, [kept, retired]));
  });
  afterAll(() => store.close());

  it('say exactly what the event said', async () => {
    const [message] = await store.database.find(messagesOf(['evt_kept']));
    const timestamp = new Date(AT).toISOString();
    expect(message?.id).toBe('evt_kept');
    expect(JSON.parse(message?.body ?? '')).toEqual({ type: 'collection.failed', timestamp, data: DATA });
  });

  it('are not there once the data is gone', async () => {
    expect(await store.database.find(messagesOf(['evt_retired', 'evt_unknown']))).toEqual([]);
  });
});
