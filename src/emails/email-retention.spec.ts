import { createIdSource, ManualTime, type IdSource } from '#libs/primitives';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { readSettings } from '../config/settings.js';
import { InProcessDriver } from '../jobs/in-process-driver.js';
import { JobRunner } from '../jobs/job-runner.js';
import { JobStore } from '../jobs/job-store.js';
import { Job } from '../jobs/job.entity.js';
import { Jobs } from '../jobs/jobs.js';
import { EmailRetentionHandler } from './email-retention.handler.js';
import { Email, EMAIL_STATUSES, type EmailContent, type EmailStatus } from './email.entity.js';

const START = 1_795_334_400_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEPT_MS = 40 * DAY;

describeOnBothDatabases('The retention of e-mails', (kind) => {
  let store: TestStore;
  let time: ManualTime;
  let ids: IdSource;
  let driver: InProcessDriver | undefined;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  beforeEach(async () => {
    time = new ManualTime(START);
    ids = createIdSource(time);
    for (const entity of [Email, Job]) {
      await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(entity).execute());
    }
  });
  afterEach(async () => {
    await driver?.stop();
    driver = undefined;
  });
  afterAll(() => store.close());

  async function startProcess(): Promise<InProcessDriver> {
    const jobStore = new JobStore(store.database, time, ids);
    const runner = new JobRunner(jobStore, time);
    driver = new InProcessDriver(jobStore, runner, time, time, { role: 'all' });
    const jobs = new Jobs(driver, time, ids);
    const retention = new EmailRetentionHandler(store.database, jobs, runner, time, { emailsKeptMs: KEPT_MS });
    retention.onModuleInit();
    driver.start();
    await retention.onApplicationBootstrap();
    await driver.settled();
    return driver;
  }

  /** Time jumps, and the worker gets two naps' time to see what fell due. */
  async function pass(durationMs: number): Promise<void> {
    for (const stepMs of [durationMs - 10_000, 5_000, 5_000]) {
      time.advance(stepMs);
      await driver?.settled();
    }
  }

  /** Mails written now. */
  async function write(changes: readonly Partial<Email>[]): Promise<string[]> {
    const rows = changes.map((change): Email => {
      const id = ids.next('eml');
      return {
        ...{
          id,
          merchantId: 'mer_1',
          mode: 'test',
          kind: 'collection_receipt' as Email['kind'],
          eventId: id,
          subjectId: 'txn_1',
        },
        ...{ toAddress: 'ama@example.com', toHash: 'a'.repeat(64), locale: 'en', content: {} as EmailContent },
        ...{ status: 'kept', attempts: 0, round: 1, lastAnswer: null, nextAttemptAt: null, sentAt: null },
        ...{ dedupeHash: id.padEnd(64, '0'), createdAt: time.now() },
        ...change,
      };
    });
    await store.database.write((tx) => tx.insert(Email, rows));
    return rows.map(({ id }) => id);
  }
  const left = async (): Promise<string[]> => (await store.database.read.find(Email)).map(({ id }) => id).sort();
  const change = (id: string | undefined, row: Partial<Email>) =>
    store.database.write((tx) => tx.manager.update(Email, { id }, row));

  it('is ninety days unless the operator says otherwise', () => {
    const secret = { MALIPO_SECRET_KEY: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f' };
    expect(readSettings(secret).emailsKeptMs).toBe(90 * DAY);
    expect(readSettings({ ...secret, MALIPO_EMAIL_DAYS: '30' }).emailsKeptMs).toBe(30 * DAY);
  });

  it('deletes what is older, at the next hour, and nothing younger', async () => {
    await write([{}]);
    time.advance(2 * HOUR);
    const younger = await write([{}]);
    await startProcess();
    await pass(KEPT_MS - 3 * HOUR);
    expect(await left()).toHaveLength(2);
    await pass(2 * HOUR);
    expect(await left()).toEqual(younger);
    await pass(2 * HOUR);
    expect(await left()).toEqual([]);
  });

  it('deletes whatever became of it, but never one that waits to be sent', async () => {
    const mails = await write(EMAIL_STATUSES.map((status: EmailStatus) => ({ status })));
    await startProcess();
    await pass(3 * KEPT_MS);
    const waiting = mails[EMAIL_STATUSES.indexOf('queued')];
    expect(await left()).toEqual([waiting]);
    await change(waiting, { status: 'failed' });
    await pass(2 * HOUR);
    expect(await left()).toEqual([]);
  });

  it('counts from the last time that it was sent', async () => {
    const [again] = await write([{ status: 'sent', sentAt: START }]);
    await startProcess();
    await pass(KEPT_MS - DAY);
    await change(again, { sentAt: time.now() });
    await pass(2 * DAY);
    expect(await left()).toEqual([again]);
    await pass(KEPT_MS);
    expect(await left()).toEqual([]);
  });

  it('works through any number in bounded steps, past those that stay', async () => {
    const [waiting] = await write([{ status: 'queued' }]);
    await write(Array.from({ length: 1_200 }, () => ({})));
    time.advance(KEPT_MS + 1);
    await startProcess();
    expect(await left()).toEqual([waiting]);
  });
});
