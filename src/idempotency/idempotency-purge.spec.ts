import { ManualTime } from '#libs/primitives';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine, toAcceptRequest, toTransaction } from '../../test/support/engine.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { InProcessDriver } from '../jobs/in-process-driver.js';
import { JobRunner } from '../jobs/job-runner.js';
import { JobStore } from '../jobs/job-store.js';
import { Job } from '../jobs/job.entity.js';
import { Jobs } from '../jobs/jobs.js';
import type { TransactionStatus } from '../transactions/transaction-states.js';
import { IdempotencyPurge, KEPT_MS } from './idempotency-purge.js';
import { IdempotencyRecord } from './idempotency-record.entity.js';

const START = 1_795_334_400_000;
const HOUR = 3_600_000;

describeOnBothDatabases('The purge of idempotency records', (kind) => {
  let store: TestStore;
  let time: ManualTime;
  let engine: Engine;
  const drivers: InProcessDriver[] = [];

  beforeAll(async () => {
    store = await openTestStore(kind);
  });
  beforeEach(async () => {
    time = new ManualTime(START);
    engine = new Engine(store, time);
    for (const entity of [IdempotencyRecord, Job]) {
      await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(entity).execute());
    }
  });
  afterEach(async () => {
    await Promise.all(drivers.splice(0).map((driver) => driver.stop()));
  });
  afterAll(() => store.close());

  /** What a process does at its start: a worker, and the wish to purge. */
  async function startProcess(): Promise<InProcessDriver> {
    const jobStore = new JobStore(store.database, time, engine.ids);
    const runner = new JobRunner(jobStore, time);
    const driver = new InProcessDriver(jobStore, runner, time, time, { role: 'all' });
    const purge = new IdempotencyPurge(store.database, new Jobs(driver, time, engine.ids), runner, time);
    purge.onModuleInit();
    driver.start();
    drivers.push(driver);
    await purge.onApplicationBootstrap();
    await driver.settled();
    return driver;
  }

  /** Time jumps, and the worker gets two naps' time to see what fell due. */
  async function pass(durationMs: number): Promise<void> {
    for (const stepMs of [durationMs - 10_000, 5_000, 5_000]) {
      time.advance(stepMs);
      await Promise.all(drivers.map((driver) => driver.settled()));
    }
  }

  const remember = (name: string, status: TransactionStatus, createdAt = START) => {
    const transaction = toTransaction({ status, createdAt });
    return { transaction, record: toAcceptRequest(transaction, { key: name }).idempotency };
  };
  const keep = async (name: string, status: TransactionStatus, createdAt = START): Promise<string> => {
    const { transaction, record } = remember(name, status, createdAt);
    await engine.store(transaction);
    const row = { ...record, subjectId: transaction.id, statusCode: 201, createdAt };
    await store.database.write((tx) => tx.insert(IdempotencyRecord, [row]));
    return record.keyHash;
  };
  const left = async (): Promise<string[]> =>
    (await store.database.read.find(IdempotencyRecord)).map(({ keyHash }) => keyHash).sort();

  it('forgets what is older than 30 days, at the next hour, and nothing younger', async () => {
    const old = await keep('old', 'succeeded');
    const younger = await keep('younger', 'failed', START + 2 * HOUR);
    await startProcess();
    await pass(KEPT_MS - HOUR);
    expect(await left()).toEqual([old, younger].sort());
    await pass(HOUR + 60_000);
    expect(await left()).toEqual([younger]);
    await pass(2 * HOUR);
    expect(await left()).toEqual([]);
  });

  it.each<TransactionStatus>(['awaiting_approval', 'created', 'submitting', 'pending', 'unconfirmed', 'review'])(
    'keeps it while the transaction is %s, and forgets it afterwards',
    async (status) => {
      const keyHash = await keep(`open ${status}`, status);
      const driver = await startProcess();
      await pass(KEPT_MS + 2 * HOUR);
      expect(await left()).toEqual([keyHash]);
      const [record] = await store.database.read.find(IdempotencyRecord);
      const finish = "UPDATE transactions SET status = 'succeeded' WHERE id = ?";
      await store.database.write((tx) => tx.manager.query(finish, [record?.subjectId]));
      await pass(HOUR + 10 * 60_000);
      await driver.settled();
      expect(await left()).toEqual([]);
    },
  );

  it('works through any number in bounded steps, past those that stay', async () => {
    const subject = (await engine.store(toTransaction({ status: 'succeeded' }))).id;
    const open = await keep('open', 'review', START - 1);
    const rows = Array.from({ length: 1_700 }, (_, index) => ({
      keyHash: String(index).padStart(64, '0'),
      requestHash: 'r',
      subjectId: subject,
      statusCode: 201,
      createdAt: START,
    }));
    await store.database.write((tx) => tx.insert(IdempotencyRecord, rows));
    time.advance(KEPT_MS + 1);
    await startProcess();
    expect(await left()).toEqual([open]);
  });

  it('is one job however many processes start, and takes itself up again after one that died', async () => {
    await startProcess();
    await startProcess();
    const jobs = () => store.database.read.find(Job);
    expect(await jobs()).toHaveLength(1);
    // Somebody leased it and was killed.
    await store.database.write((tx) =>
      tx.manager.update(Job, { kind: 'purge_idempotency' }, { leaseToken: 'lse_dead' }),
    );
    const keyHash = await keep('after a kill', 'succeeded');
    expect(await left()).toEqual([keyHash]);
    await pass(KEPT_MS + 2 * HOUR);
    expect(await left()).toEqual([]);
    expect(await jobs()).toHaveLength(1);
  });
});
