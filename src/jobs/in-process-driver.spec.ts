import { Logger } from '@nestjs/common';
import { createIdSource, ManualTime } from '#libs/primitives';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { InProcessDriver } from './in-process-driver.js';
import { again, DONE, type JobResult, type JobTurn } from './job-handler.js';
import { LANES } from './job-lanes.js';
import { JobRunner } from './job-runner.js';
import { JobStore, LEASE_MS, type ClaimedJob } from './job-store.js';
import { Job, type JobKind } from './job.entity.js';
import { Jobs } from './jobs.js';

const LONGEST_NAP_MS = 5_000;
const placesOf = (name: string): number => LANES.find((lane) => lane.name === name)?.places ?? 0;
const PLACES = placesOf('payments');
const WEBHOOK_PLACES = placesOf('webhooks');

/** Counts its looks, and can be held up or broken. */
class WatchedStore extends JobStore {
  looks = 0;
  beforeNextRunAt: () => Promise<void> = async () => undefined;
  broken = false;

  override async claimDue(kinds: readonly JobKind[], limit: number): Promise<ClaimedJob[]> {
    this.looks++;
    if (this.broken) throw new Error('the database is away');
    return super.claimDue(kinds, limit);
  }

  override async findNextRunAt(kinds: readonly JobKind[]): Promise<number | undefined> {
    const next = await super.findNextRunAt(kinds);
    await this.beforeNextRunAt();
    return next;
  }
}

describeOnBothDatabases('The in-process driver', (kind) => {
  let store: TestStore;
  let time: ManualTime;
  let watched: WatchedStore;
  let runner: JobRunner;
  let driver: InProcessDriver;
  let jobs: Jobs;
  let turns: { subject: string; at: number; turn: JobTurn }[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    store = await openTestStore(kind);
  });

  beforeEach(async () => {
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(Job).execute());
    time = new ManualTime(1_795_334_400_000);
    const ids = createIdSource(time);
    watched = new WatchedStore(store.database, time, ids);
    runner = new JobRunner(watched, time);
    driver = new InProcessDriver(watched, runner, time, time, { role: 'all' });
    jobs = new Jobs(driver, time, ids);
    turns = [];
  });

  afterEach(() => driver.stop());

  afterAll(() => store.close());

  const handle = (
    jobKind: JobKind,
    run: (subject: string, turn: JobTurn) => Promise<JobResult> = () => Promise.resolve(DONE),
  ) =>
    runner.register({
      kind: jobKind,
      run: (subject, turn) => {
        turns.push({ subject, at: time.now(), turn });
        return run(subject, turn);
      },
    });

  const add = (subjectId: string, inMs = 0, jobKind: JobKind = 'submit') =>
    store.database.write((tx) => jobs.add(tx, [{ kind: jobKind, subjectId, runAt: time.now() + inMs }]));
  const rows = () => store.database.read.find(Job);
  const subjects = () => turns.map(({ subject }) => subject);
  const pass = async (durationMs: number, stepMs = durationMs) => {
    for (let passed = 0; passed < durationMs; passed += stepMs) {
      time.advance(stepMs);
      await driver.settled();
    }
  };

  it('runs what is due, each once, and puts it away', async () => {
    handle('submit');
    driver.start();
    await Promise.all(Array.from({ length: 100 }, (_, index) => add(`s${index}`)));
    await driver.settled();
    expect(new Set(subjects()).size).toBe(100);
    expect(turns).toHaveLength(100);
    expect(await rows()).toEqual([]);
  });

  it('finds at its start what others left', async () => {
    handle('submit');
    await add('left');
    expect(turns).toEqual([]);
    driver.start();
    await driver.settled();
    expect(subjects()).toEqual(['left']);
  });

  it('tells the handler of its lease and of the turns before', async () => {
    handle('submit', async () => (turns.length < 3 ? again(time.now() + 100) : DONE));
    driver.start();
    await add('a');
    await driver.settled();
    await pass(200, 100);
    expect(turns.map(({ turn }) => turn.startedBefore)).toEqual([0, 1, 2]);
    expect(turns.every(({ at, turn }) => turn.leaseEndsAt === at + LEASE_MS && !turn.afterLapse)).toBe(true);
    expect(await rows()).toEqual([]);
  });

  it('runs a job at its instant, not before and not by the nap after it', async () => {
    handle('submit');
    driver.start();
    await driver.settled();
    await add('soon', 700);
    await pass(699);
    expect(turns).toEqual([]);
    await pass(1);
    expect(turns.map(({ at }) => at)).toEqual([time.now()]);
  });

  it('runs several that fall due one after the other, each at its instant', async () => {
    handle('submit');
    driver.start();
    await driver.settled();
    const start = time.now();
    await add('third', 900);
    await add('first', 300);
    await add('second', 600);
    await pass(1_000, 100);
    expect(turns.map(({ subject, at }) => [subject, at - start])).toEqual([
      ['first', 300],
      ['second', 600],
      ['third', 900],
    ]);
  });

  it('finds within one nap what another process wrote without a word', async () => {
    handle('submit');
    driver.start();
    await driver.settled();
    await store.database.write((tx) =>
      tx.insert(Job, [
        {
          id: 'job_x',
          kind: 'submit',
          subjectId: 'foreign',
          runAt: time.now(),
          attempts: 0,
          leaseToken: null,
          createdAt: 0,
        },
      ]),
    );
    await pass(LONGEST_NAP_MS);
    expect(subjects()).toEqual(['foreign']);
  });

  it('does not forget news that comes while it looks', async () => {
    handle('submit');
    driver.start();
    await driver.settled();
    // The lane has read that nothing is due for long; before it lies down, somebody commits a job for 50 ms from now.
    let added = false;
    watched.beforeNextRunAt = async () => {
      if (added) return;
      added = true;
      await add('news', 50);
    };
    await pass(LONGEST_NAP_MS);
    expect(added).toBe(true);
    expect(turns).toEqual([]);
    const at = time.now();
    await pass(50);
    expect(turns.map((turn) => turn.at)).toEqual([at + 50]);
  });

  it('looks again at once for what falls due while it looks', async () => {
    handle('submit');
    driver.start();
    await driver.settled();
    let added = false;
    watched.beforeNextRunAt = async () => {
      if (added) return;
      added = true;
      await add('news');
    };
    await pass(LONGEST_NAP_MS);
    expect(subjects()).toEqual(['news']);
  });

  it('hardly looks while there is nothing to do', async () => {
    driver.start();
    await driver.settled();
    const before = watched.looks;
    await pass(60_000, 1_000);
    const lanes = LANES.length;
    expect(watched.looks - before).toBeGreaterThanOrEqual(lanes * 11);
    expect(watched.looks - before).toBeLessThanOrEqual(lanes * 12);
  });

  it('does not spin while all its places are taken', async () => {
    const ends: (() => void)[] = [];
    handle('submit', () => new Promise((resolve) => ends.push(() => resolve(DONE))));
    driver.start();
    for (let index = 0; index < PLACES + 8; index++) await add(`s${index}`);
    await until(() => ends.length === PLACES);
    const before = watched.looks;
    for (let second = 0; second < 20; second++) {
      time.advance(1_000);
      driver.wake([{ id: 'job_news', kind: 'submit', runAt: time.now() }]);
      await immediate();
    }
    expect(watched.looks - before).toBeLessThanOrEqual(2 * 2 * 20); // Two lanes, each woken by the wake and by a nap.
    expect(turns).toHaveLength(PLACES);
    ends.splice(0, 1)[0]?.();
    await until(() => turns.length === PLACES + 1);
    while (turns.length < PLACES + 8 || ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await immediate();
    }
    await driver.settled();
    expect(await rows()).toEqual([]);
  });

  it('does not spin over a due row that it cannot have', async () => {
    driver.start();
    await driver.settled();
    // A row that is due, as everybody sees, and that a claim never gets: as if another held its lock.
    watched.claimDue = async () => {
      watched.looks++;
      return [];
    };
    await add('locked', -1);
    await driver.settled();
    const before = watched.looks;
    for (let step = 0; step < 100; step++) await pass(1);
    expect(watched.looks - before).toBeLessThanOrEqual(2 * 6);
    expect(watched.looks - before).toBeGreaterThanOrEqual(4);
  });

  it('tries again, later and later, what its handler throws at', async () => {
    handle('submit', () => Promise.reject(new Error('no')));
    driver.start();
    await add('a');
    await driver.settled();
    await pass(20_000, 500);
    const [first = 0, ...later] = turns.map(({ at }) => at);
    expect(later.map((at) => at - first)).toEqual([1_000, 3_000, 7_000, 15_000]);
    await pass(3_600_000, 60_000);
    const gaps = turns.slice(-4).map(({ at }, index, all) => at - (all[index - 1]?.at ?? at));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(6 * 60_000);
    expect(await rows()).toMatchObject([{ leaseToken: null }]);
  });

  it('keeps a job that nobody handles', async () => {
    driver.start();
    await add('a', 0, 'expire');
    await driver.settled();
    expect(await rows()).toMatchObject([{ subjectId: 'a', leaseToken: null, runAt: time.now() + 1_000 }]);
    handle('expire');
    await pass(1_000);
    expect(await rows()).toEqual([]);
  });

  it('runs again what was asked for again while it ran', async () => {
    let first = true;
    handle('inquire', async (subject) => {
      if (first) {
        first = false;
        const runAt = time.now();
        await store.database.write((tx) => jobs.ensure(tx, { kind: 'inquire', subjectId: subject, runAt }));
      }
      return DONE;
    });
    driver.start();
    await add('att_1', 0, 'inquire');
    await driver.settled();
    expect(subjects()).toEqual(['att_1', 'att_1']);
    expect(await rows()).toEqual([]);
  });

  it('lets payments pass while every webhook hangs', async () => {
    const ends: (() => void)[] = [];
    handle('deliver_webhook', () => new Promise((resolve) => ends.push(() => resolve(DONE))));
    handle('submit');
    driver.start();
    for (let index = 0; index < WEBHOOK_PLACES + 10; index++) await add(`d${index}`, 0, 'deliver_webhook');
    await until(() => ends.length === WEBHOOK_PLACES);
    await add('payment');
    await until(() => subjects().includes('payment'));
    await until(async () => (await rows()).every((row) => row.kind === 'deliver_webhook'));
    while (turns.length < WEBHOOK_PLACES + 11 || ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await immediate();
    }
    await driver.settled();
  });

  it('waits for what is running when it stops, and begins nothing more', async () => {
    let end: () => void = () => undefined;
    handle('submit', (subject) =>
      subject === 'slow' ? new Promise((resolve) => (end = () => resolve(DONE))) : Promise.resolve(DONE),
    );
    driver.start();
    await add('slow');
    await until(() => turns.length === 1);
    let stopped = false;
    const stopping = driver.stop().then(() => (stopped = true));
    await add('after');
    time.advance(60_000);
    for (let turn = 0; turn < 20; turn++) await immediate();
    expect([stopped, subjects()]).toEqual([false, ['slow']]);
    end();
    await stopping;
    expect((await rows()).map((row) => row.subjectId)).toEqual(['after']);
    time.advance(60_000);
    driver.wake([{ id: 'job_news', kind: 'submit', runAt: time.now() }]);
    for (let turn = 0; turn < 20; turn++) await immediate();
    expect(subjects()).toEqual(['slow']);
    expect(time.nextTimerAt()).toBeUndefined();
  });

  it('goes on after a time without the database', async () => {
    handle('submit');
    driver.start();
    await driver.settled();
    watched.broken = true;
    await add('a');
    await driver.settled();
    const before = watched.looks;
    await pass(10_000, 500);
    expect(turns).toEqual([]);
    expect(watched.looks - before).toBeLessThanOrEqual(2 * 11);
    watched.broken = false;
    await pass(1_000);
    expect(subjects()).toEqual(['a']);
  });

  it('takes over, once the lease has lapsed, what a dead process was at', async () => {
    handle('submit');
    const dead = new JobStore(store.database, time, createIdSource(time));
    await add('a');
    await dead.claimDue(['submit'], 1);
    driver.start();
    await driver.settled();
    await pass(LEASE_MS - 1);
    expect(turns).toEqual([]);
    await pass(1);
    expect(turns).toMatchObject([{ subject: 'a', turn: { afterLapse: true, startedBefore: 1 } }]);
  });
});

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (performance.now() < giveUpAt) {
    if (await isTrue()) return;
    await immediate();
  }
  throw new Error('It never came true.');
}
