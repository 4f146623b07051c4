import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import Bull, { type Queue } from 'bull';
import { createIdSource, ManualTime } from '#libs/primitives';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { describeWithRedisServer, TestRedisServer } from '../../test/support/redis-server.js';
import { readSettings } from '../config/settings.js';
import { RedisLink } from '../redis/redis-link.js';
import { BullDriver } from './bull-driver.js';
import { toQueueOptions } from './bull-queues.js';
import { again, DONE, type JobResult, type JobTurn } from './job-handler.js';
import { LANES } from './job-lanes.js';
import { JobRunner } from './job-runner.js';
import { JobStore, LEASE_MS, type ClaimedJob } from './job-store.js';
import { Job, type JobKind } from './job.entity.js';
import { Jobs } from './jobs.js';

/** A store whose sweeper finds nothing: what runs came through Redis. */
class BlindStore extends JobStore {
  isBlind = true;

  override async claimDue(kinds: readonly JobKind[], limit: number): Promise<ClaimedJob[]> {
    return this.isBlind ? [] : super.claimDue(kinds, limit);
  }
}

describeWithRedisServer('The Bull driver', () => {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-bull-'));
  let redis: TestRedisServer;
  let store: TestStore;
  let time: ManualTime;
  let runs: { worker: string; subject: string; turn: JobTurn }[];
  let processes: Process[];

  interface Process {
    readonly driver: BullDriver;
    readonly jobs: Jobs;
    readonly link: RedisLink;
    readonly store: BlindStore;
    readonly queues: readonly Queue[];
  }

  beforeAll(async () => {
    Logger.overrideLogger(false);
    redis = await TestRedisServer.start();
    store = await openTestStore('sqlite');
  });

  beforeEach(async () => {
    await redis.flush();
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(Job).execute());
    time = new ManualTime(1_795_334_400_000);
    runs = [];
    processes = [];
  });

  afterEach(async () => {
    for (const { driver, queues, link } of processes) {
      await driver.stop();
      await Promise.all(queues.map((queue) => queue.close(true)));
      link.onApplicationShutdown();
    }
  });

  afterAll(async () => {
    await store.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One process of the gateway. Its handlers do as `handle` says. */
  const startProcess = async (
    name: string,
    handle: (subject: string, turn: JobTurn) => Promise<JobResult> = async () => DONE,
    { runsJobs = true } = {},
  ): Promise<Process> => {
    const link = new RedisLink(readSettings({ MALIPO_DATA_DIR: folder, REDIS_URL: redis.url }));
    await link.onModuleInit();
    const ids = createIdSource(time);
    const blind = new BlindStore(store.database, time, ids);
    const runner = new JobRunner(blind, time);
    for (const kind of LANES.flatMap(({ kinds }) => kinds)) {
      runner.register({
        kind,
        run: (subject, turn) => {
          runs.push({ worker: name, subject, turn });
          return handle(subject, turn);
        },
      });
    }
    const carried = LANES.map((lane) => ({ lane, queue: new Bull(lane.name, toQueueOptions(link)) }));
    const deps = { store: blind, runner, clock: time, scheduler: time };
    const driver = new BullDriver(carried, runsJobs, link, deps);
    driver.start();
    const queues = carried.map(({ queue }) => queue);
    const process = { driver, jobs: new Jobs(driver, time, ids), link, store: blind, queues };
    processes.push(process);
    return process;
  };

  const add = (from: Process, subjectId: string, kind: JobKind = 'submit') =>
    store.database.write((tx) => from.jobs.add(tx, [{ kind, subjectId, runAt: time.now() }]));
  const settled = async () => {
    for (const { driver } of [...processes, ...processes]) await driver.settled();
  };
  const rows = () => store.database.read.find(Job);
  const until = async (what: string, holds: () => boolean) => {
    for (let turn = 0; !holds(); turn++) {
      if (turn > 1_000) throw new Error(`It never came to pass: ${what}`);
      await sleep(30);
    }
  };

  it('brings what one process writes to the others, each job to one of them', async () => {
    const api = await startProcess('api', undefined, { runsJobs: false });
    await startProcess('one');
    await startProcess('two');
    await Promise.all(Array.from({ length: 100 }, (_, index) => add(api, `s${index}`)));
    await settled();
    expect(runs).toHaveLength(100);
    expect(new Set(runs.map(({ subject }) => subject)).size).toBe(100);
    expect(runs.some(({ worker }) => worker === 'api')).toBe(false);
    expect(await rows()).toEqual([]);
  });

  it('leaves nothing of a job behind in Redis, and says nothing in it but the id', async () => {
    const api = await startProcess('api', undefined, { runsJobs: false });
    await add(api, 'secret-subject');
    const [row] = await rows();
    await redis.ask(async (client) => {
      for (let turn = 0; turn < 1_000 && !(await client.exists(`${api.link.prefix}:payments:${row!.id}`)); turn++) {
        await sleep(30);
      }
      const job = await client.hgetall(`${api.link.prefix}:payments:${row!.id}`);
      expect(job).toMatchObject({ data: '{}' });
      expect(JSON.stringify(job)).not.toContain('secret-subject');
    });
    await startProcess('one');
    await until('the job ran', () => runs.length === 1);
    await settled();
    const left = await redis.ask((client) => client.keys(`*${row!.id}*`));
    expect(left).toEqual([]);
  });

  it('runs again what is asked for again while it runs, although Bull knows the id already', async () => {
    const worker = await startProcess('one', async (subject) => {
      if (runs.length === 1) {
        const job = { kind: 'inquire' as const, subjectId: subject, runAt: time.now() };
        await store.database.write((tx) => worker.jobs.ensure(tx, job));
      }
      return DONE;
    });
    await add(worker, 'att_1', 'inquire');
    await settled();
    expect(runs.map(({ subject }) => subject)).toEqual(['att_1', 'att_1']);
    expect(await rows()).toEqual([]);
  });

  it('runs again at once what its handler wants again at once', async () => {
    const worker = await startProcess('one', async () => (runs.length < 3 ? again(time.now()) : DONE));
    await add(worker, 'a');
    await settled();
    expect(runs.map(({ turn }) => turn.startedBefore)).toEqual([0, 1, 2]);
  });

  it('wakes a job that was put off, once it is wanted sooner', async () => {
    const worker = await startProcess('one', async () => (runs.length === 1 ? again(time.now() + 3_600_000) : DONE));
    await add(worker, 'a');
    await settled();
    await store.database.write((tx) => worker.jobs.ensure(tx, { kind: 'submit', subjectId: 'a', runAt: time.now() }));
    await settled();
    expect(runs).toHaveLength(2);
  });

  it('has ids that come twice, late or for nothing run nothing', async () => {
    const worker = await startProcess('one');
    await add(worker, 'a');
    const [row] = await rows();
    await settled();
    for (const id of [row!.id, 'job_none']) await worker.queues[0]!.add({}, { jobId: id, removeOnComplete: true });
    await settled();
    expect(runs).toHaveLength(1);
  });

  it('leaves to its holder what is leased, and takes it over when the lease has lapsed', async () => {
    const dead = new JobStore(store.database, time, createIdSource(time));
    const worker = await startProcess('one');
    await store.database.write((tx) =>
      tx.insert(Job, [
        {
          id: 'job_x',
          kind: 'submit',
          subjectId: 'a',
          runAt: time.now(),
          attempts: 0,
          leaseToken: null,
          createdAt: 0,
        },
      ]),
    );
    await dead.claimDue(['submit'], 1);
    worker.driver.wake([{ id: 'job_x', kind: 'submit', runAt: time.now() }]);
    await settled();
    expect(runs).toEqual([]);
    time.advance(LEASE_MS);
    worker.driver.wake([{ id: 'job_x', kind: 'submit', runAt: time.now() }]);
    await settled();
    expect(runs).toMatchObject([{ subject: 'a', turn: { afterLapse: true } }]);
  });

  it('lets payments pass while every webhook hangs', async () => {
    const ends: (() => void)[] = [];
    const worker = await startProcess('one', (subject) =>
      subject === 'payment' ? Promise.resolve(DONE) : new Promise((resolve) => ends.push(() => resolve(DONE))),
    );
    const places = LANES.find(({ name }) => name === 'webhooks')?.places ?? 0;
    const hanging = Array.from({ length: places + 8 }, (_, index) => `d${index}`);
    await Promise.all(hanging.map((subject) => add(worker, subject, 'deliver_webhook')));
    await until('all places are taken', () => ends.length >= places);
    await add(worker, 'payment');
    await until('the payment ran', () => runs.some(({ subject }) => subject === 'payment'));
    while (runs.length < hanging.length + 1 || ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await sleep(10);
    }
    await settled();
    expect(await rows()).toEqual([]);
  });

  it('settles with what others have in hand without Redis knowing, where their drivers are given', async () => {
    let end: () => void = () => undefined;
    const api = await startProcess('api', undefined, { runsJobs: false });
    const worker = await startProcess('one', () => new Promise((resolve) => (end = () => resolve(DONE))));
    worker.store.isBlind = false;
    const row = {
      id: 'job_x',
      kind: 'submit',
      subjectId: 'a',
      runAt: time.now(),
      attempts: 0,
      leaseToken: null,
    } as const;
    await store.database.write((tx) => tx.insert(Job, [{ ...row, createdAt: 0 }]));
    await until('the sweeper runs it', () => {
      time.advance(1_000);
      return runs.length === 1;
    });
    // Redis never carried it: by itself the other process has nothing to wait for.
    await api.driver.settled();
    let settled = false;
    const settling = api.driver.settled([worker.driver]).then(() => (settled = true));
    await sleep(50);
    expect(settled).toBe(false);
    end();
    await settling;
    expect(await rows()).toEqual([]);
  });

  it('stops when what runs has ended, and leaves the rest to others', async () => {
    let end: () => void = () => undefined;
    const worker = await startProcess('one', () => new Promise((resolve) => (end = () => resolve(DONE))));
    await add(worker, 'slow');
    await until('it runs', () => runs.length === 1);
    let stopped = false;
    const stopping = worker.driver.stop().then(() => (stopped = true));
    await add(worker, 'after');
    await sleep(50);
    expect(stopped).toBe(false);
    end();
    await stopping;
    expect((await rows()).map(({ subjectId }) => subjectId)).toEqual(['after']);
    // Whether its id still waits or went down with the first one: another process has the job within a second.
    const other = await startProcess('two');
    other.store.isBlind = false;
    await until('the other one runs it', () => {
      time.advance(1_000);
      return runs.length === 2;
    });
    expect(runs.map(({ worker: name, subject }) => [name, subject])).toEqual([
      ['one', 'slow'],
      ['two', 'after'],
    ]);
  });

  it('has the sweeper run what Redis lost', async () => {
    const worker = await startProcess('one');
    await redis.stop();
    await until('the link is down', () => worker.link.state === 'down');
    expect(worker.driver.health()).toEqual({ driver: 'bull', status: 'degraded' });
    await add(worker, 'a');
    worker.store.isBlind = false;
    await until('the sweeper runs it', () => {
      time.advance(1_000);
      return runs.length === 1;
    });
    await redis.start();
    await until('the link is up', () => worker.link.state === 'up');
    worker.store.isBlind = true;
    await add(worker, 'b');
    await until('Redis carries again', () => runs.length === 2);
    await settled();
  });
});
