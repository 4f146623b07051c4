import { toSampleData } from '../../test/support/email-samples.js';
import { ManualTime, createIdSource } from '#libs/primitives';
import type { Tx } from '../database/tx.js';
import type { EventRecord } from '../events/event.entity.js';
import type { Jobs } from '../jobs/jobs.js';
import { EmailFanout } from './email-fanout.js';

const time = new ManualTime(1_795_334_400_000);
const event = (type: string | null, data: object | null): EventRecord => ({
  ...{ id: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K', merchantId: 'mer_1', mode: 'test', position: 0, subjectId: 'txn_1' },
  ...{ type, data, reported: null, fromStatus: null, toStatus: null, version: null, attemptId: null, evidence: null },
  createdAt: time.now(),
});

// Whatever touches the database here is a statement that every accepted payment would pay for.
const untouchable = new Proxy(
  {},
  {
    get: () => {
      throw new Error('The database was asked.');
    },
  },
) as Tx & Jobs;

describe('An event that leads to no mail', () => {
  const fanout = new EmailFanout(untouchable, { smtp: undefined }, time, createIdSource(time));
  const receipt = toSampleData('receipt', 'en');

  it.each<[string, string | null, object | null]>([
    ['an accepted collection', 'collection.created', receipt],
    ['a line of the timeline', null, null],
    ['an accepted payout that needs nobody’s approval', 'payout.created', { ...receipt, status: 'created' }],
    ['a cancellation by the merchant', 'collection.cancelled', { ...receipt, status: 'cancelled', failure: null }],
    ['an event whose data is past its time', 'collection.succeeded', null],
    ['an event that says something else', 'collection.succeeded', { hello: 1 }],
  ])('costs no statement: %s', async (_, type, data) => {
    await fanout.announce(untouchable, [event(type, data)]);
    await fanout.announceLater(untouchable, [event(type, data)]);
  });

  it('would be noticed here', async () => {
    await expect(fanout.announce(untouchable, [event('collection.succeeded', receipt)])).rejects.toThrow('asked');
  });
});
