import { createIdSource, ManualTime } from '#libs/primitives';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type Connection, type TestStore } from '../../test/support/open-database.js';
import type { JobDriver } from './job-driver.js';
import { JobStore, LEASE_MS, type ClaimedJob } from './job-store.js';
import { Job, type JobKind } from './job.entity.js';
import { Jobs, type NewJob } from './jobs.js';

const KINDS: readonly JobKind[] = ['submit', 'inquire', 'expire', 'apply_callback'];

describeOnBothDatabases('Job rows', (kind) => {
  let store: TestStore;
  let time: ManualTime;
  let jobs: Jobs;
  let here: JobStore;
  let elsewhere: JobStore;
  let wakes: number[];
  let second: Connection;

  beforeAll(async () => {
    store = await openTestStore(kind);
    second = kind === 'mysql' ? await store.connect() : store;
  });

  beforeEach(async () => {
    await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(Job).execute());
    time = new ManualTime(1_795_334_400_000);
    wakes = [];
    const ids = createIdSource(time);
    const driver: JobDriver = {
      wake: (woken) => void wakes.push(...woken.map(({ runAt }) => runAt)),
      start: () => undefined,
      stop: () => Promise.resolve(),
      isBusy: false,
      settled: () => Promise.resolve(),
      health: () => ({ driver: 'none', status: 'ok' }),
    };
    jobs = new Jobs(driver, time, ids);
    here = new JobStore(store.database, time, ids);
    // Another process: its own connection where the engine has more than one writer, and ids of its own.
    elsewhere = new JobStore(second.database, time, createIdSource(time));
  });

  afterAll(() => store.close());

  const add = (...added: NewJob[]) => store.database.write((tx) => jobs.add(tx, added));
  const ensure = (job: NewJob) => store.database.write((tx) => jobs.ensure(tx, job));
  const rows = () => store.database.read.find(Job, { order: { subjectId: 'ASC' } });
  const job = (subjectId: string, inMs = 0, jobKind: JobKind = 'submit'): NewJob => ({
    kind: jobKind,
    subjectId,
    runAt: time.now() + inMs,
  });
  const claimOne = async (from = here): Promise<ClaimedJob> => {
    const [claimed] = await from.claimDue(KINDS, 1);
    if (!claimed) throw new Error('Nothing was due.');
    return claimed;
  };

  it('wakes the driver after the commit, and not when nothing was committed', async () => {
    await add(job('a'), job('b', 5_000));
    expect(wakes).toEqual([time.now(), time.now() + 5_000]);
    wakes.length = 0;
    const failing = store.database.write(async (tx) => {
      await jobs.add(tx, [job('c')]);
      await jobs.ensure(tx, job('d'));
      await jobs.ensure(tx, job('a'));
      expect(wakes).toEqual([]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(wakes).toEqual([]);
    expect((await rows()).map((row) => row.subjectId)).toEqual(['a', 'b']);
  });

  it('holds one job for each kind and subject', async () => {
    await add(job('a'), job('a', 0, 'inquire'));
    await expect(add(job('a'))).rejects.toThrow();
    expect(await rows()).toHaveLength(2);
  });

  it('gives what is due, the longest due first, and of the kinds asked for', async () => {
    await add(
      job('late', -1_000),
      job('latest', -5_000),
      job('now'),
      job('tomorrow', 1),
      job('hook', -9_000, 'deliver_webhook'),
    );
    const claimed = await here.claimDue(KINDS, 10);
    expect(claimed.map((row) => row.subjectId)).toEqual(['latest', 'late', 'now']);
    expect(await here.claimDue(KINDS, 10)).toEqual([]);
    expect(claimed.every((row) => !row.afterLapse && row.attempts === 0)).toBe(true);
    expect(claimed.every((row) => row.leaseEndsAt === time.now() + LEASE_MS)).toBe(true);
  });

  it('gives no more than it was asked for', async () => {
    await add(...Array.from({ length: 10 }, (_, index) => job(`s${index}`, index - 10)));
    expect((await here.claimDue(KINDS, 3)).map((row) => row.subjectId)).toEqual(['s0', 's1', 's2']);
    expect(await here.claimDue(KINDS, 0)).toEqual([]);
    expect(await here.claimDue(KINDS, 100)).toHaveLength(7);
  });

  it('gives each job to one of many who ask at once', async () => {
    await add(...Array.from({ length: 200 }, (_, index) => job(`s${index}`, -index)));
    const claims: ClaimedJob[] = [];
    for (let round = 0; claims.length < 200 && round < 100; round++) {
      const taken = await Promise.all(
        [here, elsewhere, here, elsewhere, here, elsewhere].map((from) => from.claimDue(KINDS, 9)),
      );
      claims.push(...taken.flat());
    }
    expect(claims).toHaveLength(200);
    expect(new Set(claims.map((row) => row.id)).size).toBe(200);
    expect((await rows()).every((row) => row.attempts === 1)).toBe(true);
  });

  if (kind === 'mysql') {
    it('passes over what another process holds, and does not wait for it', async () => {
      await add(job('held', -2), job('free', -1));
      const { claimed, left } = await store.database.write(async (tx) => {
        await tx.manager.query("SELECT id FROM jobs WHERE kind = 'submit' AND subject_id = 'held' FOR UPDATE");
        // Would wait for us, and we for it, until the server gives up.
        return { claimed: await elsewhere.claimDue(KINDS, 10), left: await elsewhere.claimDue(KINDS, 10) };
      });
      expect(claimed.map((row) => row.subjectId)).toEqual(['free']);
      expect(left).toEqual([]);
      expect((await here.claimDue(KINDS, 10)).map((row) => row.subjectId)).toEqual(['held']);
    });
  }

  it('ends with the worker that finishes it', async () => {
    await add(job('a'));
    await here.finish(await claimOne());
    expect(await rows()).toEqual([]);
  });

  it('comes back when its worker says so', async () => {
    await add(job('a'));
    await here.release(await claimOne(), time.now() + 500);
    expect(await here.claimDue(KINDS, 1)).toEqual([]);
    time.advance(500);
    expect(await claimOne()).toMatchObject({ afterLapse: false, attempts: 1 });
  });

  it('falls due again when its worker is silent for as long as the lease, and says so', async () => {
    await add(job('a'));
    await claimOne();
    time.advance(LEASE_MS - 1);
    expect(await elsewhere.claimDue(KINDS, 1)).toEqual([]);
    time.advance(1);
    expect(await claimOne(elsewhere)).toMatchObject({ subjectId: 'a', afterLapse: true, attempts: 1 });
  });

  it('is neither ended nor moved by a worker whose lease has passed to another', async () => {
    await add(job('a'));
    const lost = await claimOne(here);
    time.advance(LEASE_MS);
    const held = await claimOne(elsewhere);
    await here.finish(lost);
    await here.release(lost, time.now());
    expect(await rows()).toMatchObject([{ leaseToken: held.leaseToken, runAt: time.now() + LEASE_MS }]);
    await elsewhere.finish(held);
    expect(await rows()).toEqual([]);
  });

  it('is given up by a worker that ends, and the next one knows that it was begun', async () => {
    await add(job('mine', -2), job('taken over', -1));
    const [mine, lost] = await here.claimDue(KINDS, 2);
    await ensure(job('taken over', 90_000));
    await here.abandon([mine!, lost!]);
    expect(await elsewhere.claimDue(KINDS, 10)).toMatchObject([
      { subjectId: 'mine', afterLapse: true, attempts: 1, leaseEndsAt: time.now() + LEASE_MS },
    ]);
    await here.abandon([]);
  });

  it('is claimed by its id by one of many, and only when it is due', async () => {
    await add(job('due'), job('later', 1));
    const [due, later] = await rows();
    const claims = await Promise.all([here, elsewhere, here, elsewhere].map((from) => from.claim(due!.id)));
    expect(claims.filter((claimed) => claimed !== undefined)).toMatchObject([{ subjectId: 'due', attempts: 0 }]);
    expect(await here.claim(later!.id)).toBeUndefined();
    expect(await here.claim('job_none')).toBeUndefined();
    time.advance(1);
    expect(await here.claim(later!.id)).toMatchObject({ subjectId: 'later' });
  });

  it('knows for how long the longest waiting one has been due', async () => {
    expect(await here.findLagMs()).toBe(0);
    await add(job('a', 5_000), job('b', 500));
    expect(await here.findLagMs()).toBe(0);
    time.advance(4_500);
    expect(await here.findLagMs()).toBe(4_000);
  });

  if (kind === 'mysql') {
    it("is leased by the database's clock, whatever the clocks of the processes say", async () => {
      const ahead = { now: () => Date.now() + 3_600_000 };
      const behind = { now: () => Date.now() - 3_600_000 };
      const fast = new JobStore(store.database, ahead, createIdSource(ahead), 'database');
      const slow = new JobStore(second.database, behind, createIdSource(behind), 'database');
      await store.database.write((tx) =>
        jobs.add(tx, [{ kind: 'submit', subjectId: 'a', runAt: Date.now() - 120_000 }]),
      );
      expect(await fast.findLagMs()).toBeGreaterThanOrEqual(120_000);
      const [claimed] = await slow.claimDue(KINDS, 1);
      // It may work until its own clock says that the lease is over; nobody else gets the job before that.
      expect(claimed!.leaseEndsAt).toBeLessThanOrEqual(behind.now() + LEASE_MS);
      expect(claimed!.leaseEndsAt).toBeGreaterThan(behind.now());
      expect(await fast.claimDue(KINDS, 1)).toEqual([]);
      expect(await fast.claim(claimed!.id)).toBeUndefined();
      await slow.abandon([claimed!]);
      expect(await fast.claimDue(KINDS, 1)).toMatchObject([{ subjectId: 'a', afterLapse: true }]);
    });
  }

  it('knows when the next one falls due', async () => {
    expect(await here.findNextRunAt(KINDS)).toBeUndefined();
    await add(job('later', 9_000), job('soon', 2_000), job('hook', 1_000, 'deliver_webhook'));
    expect(await here.findNextRunAt(KINDS)).toBe(time.now() + 2_000);
  });

  describe('ensured', () => {
    it('is made where there is none', async () => {
      await ensure(job('a', 3_000));
      expect(await rows()).toMatchObject([
        { subjectId: 'a', runAt: time.now() + 3_000, attempts: 0, leaseToken: null },
      ]);
      expect(wakes).toEqual([time.now() + 3_000]);
    });

    it.each([
      ['earlier than it was', 1_000, 1_000],
      ['no later than it was', 9_000, 5_000],
      ['at once', 0, 0],
    ])('runs %s', async (_, askedMs, expectedMs) => {
      await add(job('a', 5_000));
      await ensure(job('a', askedMs));
      expect(await rows()).toMatchObject([{ runAt: time.now() + expectedMs }]);
    });

    it('runs again after the turn that is on', async () => {
      await add(job('a'));
      const turn = await claimOne();
      await ensure(job('a', 10));
      await here.finish(turn);
      expect(await rows()).toMatchObject([{ subjectId: 'a', runAt: time.now() + 10, leaseToken: null }]);
    });

    it('runs again when asked, and not when the turn that is on would have come back', async () => {
      await add(job('a'));
      const turn = await claimOne();
      await ensure(job('a', 10));
      await here.release(turn, time.now() + 3_600_000);
      expect(await rows()).toMatchObject([{ runAt: time.now() + 10 }]);
    });

    it('is one job, whoever asks for it at the same moment', async () => {
      await Promise.all(Array.from({ length: 12 }, (_, index) => ensure(job('a', index * 100))));
      expect(await rows()).toMatchObject([{ subjectId: 'a', runAt: time.now() }]);
    });

    it('touches nothing but its own', async () => {
      await add(job('a', 5_000), job('b', 5_000), job('a', 5_000, 'inquire'));
      await ensure(job('a'));
      expect((await rows()).filter((row) => row.runAt === time.now())).toHaveLength(1);
    });

    it('is never lost to a worker that finishes at the same moment', async () => {
      for (let round = 0; round < 40; round++) {
        const subject = `s${round}`;
        await add(job(subject));
        const turn = await claimOne();
        await Promise.all([ensure(job(subject, 60_000)), here.finish(turn), elsewhere.finish(turn)]);
        expect(await rows()).toMatchObject([{ subjectId: subject, runAt: time.now() + 60_000, leaseToken: null }]);
        await store.database.write((tx) => tx.manager.delete(Job, { subjectId: subject }));
      }
    });

    if (kind === 'mysql') {
      it('is made anew where the worker deleted the row while we waited for it', async () => {
        await add(job('a'));
        const turn = await claimOne();
        let deleted: () => void = () => undefined;
        const hasDeleted = new Promise<void>((resolve) => (deleted = resolve));
        let asked: () => void = () => undefined;
        const hasAsked = new Promise<void>((resolve) => (asked = resolve));
        const finishing = store.database.write(async (tx) => {
          await tx.manager.delete(Job, { id: turn.id, leaseToken: turn.leaseToken });
          deleted();
          await hasAsked;
          // The other one's statement waits for our row by now.
          await tx.manager.query('SELECT SLEEP(0.2)');
        });
        await hasDeleted;
        const ensuring = ensure(job('a', 7));
        asked();
        await Promise.all([finishing, ensuring]);
        expect(await rows()).toMatchObject([{ subjectId: 'a', runAt: time.now() + 7, attempts: 0 }]);
      });
    }
  });
});
