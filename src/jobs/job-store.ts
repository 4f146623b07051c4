import type { SelectQueryBuilder } from 'typeorm';
import { z } from 'zod';
import type { Clock, IdSource } from '#libs/primitives';
import type { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import type { Tx } from '../database/tx.js';
import { JobEndings } from './job-endings.js';
import { Job, type JobKind } from './job.entity.js';

/**
 * How long a worker may take for one turn. Longer than any request to a provider may last, so that a lease ends only
 * under a worker that is dead or stuck.
 */
export const LEASE_MS = 60_000;

const CLOCK_TOLERANCE_MS = 1_000;

// The server's zone is UTC (checked at start), so no hour of it comes twice.
const DATABASE_NOW = 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)';

const DueRow = z.object({ runAt: z.coerce.number(), now: z.coerce.number() });

type JobQuery = SelectQueryBuilder<Job>;

/** A job that this process holds a lease on. */
export interface ClaimedJob extends Job {
  leaseToken: string;
  /** Epoch ms by our own clock: nothing irreversible may begin after it. */
  leaseEndsAt: number;
  /** Somebody held a lease on it before and never finished. */
  afterLapse: boolean;
}

/** The rows behind the jobs: claiming, finishing and finding what is due. */
export class JobStore {
  private readonly claims: GroupCommit<Tx, string, ClaimedJob | 'not ours'>;
  private readonly endings: JobEndings;

  /**
   * `leaseTime` says whose clock decides what is due and when a lease ends: the database's, where processes on several
   * machines share it, or our own, where this is the only process or time is moved by hand.
   */
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly leaseTime: 'database' | 'process' = 'process',
  ) {
    this.endings = new JobEndings(database);
    this.claims = new GroupCommit((work) => database.write(work), {
      exclusiveKeys: (id) => [id],
      lanes: 2,
      write: (tx, given) => this.claimGiven(tx, given),
    });
  }

  /** Leases at most `limit` due jobs of these kinds to the caller. `mayBeIdle`: where nothing is due as often as not. */
  async claimDue(kinds: readonly JobKind[], limit: number, mayBeIdle = true): Promise<ClaimedJob[]> {
    if (limit <= 0) return [];
    // Looking first, outside a transaction, costs idle polls no write.
    if (mayBeIdle && !(await this.selectDue(this.database.read, kinds, 1).getOne())) return [];
    const claimFrom = this.clock.now();
    return this.database.write(async (tx) => {
      const jobs = await this.passingLocked(this.selectDue(tx.manager, kinds, limit)).getMany();
      return this.lease(tx, jobs, claimFrom);
    });
  }

  /**
   * Leases the job of this id, or answers undefined where it is not due any more, gone, or somebody else's. Those asked
   * for at the same moment share a transaction.
   */
  async claim(id: string): Promise<ClaimedJob | undefined> {
    const claimed = await this.claims.submit(id);
    return claimed === 'not ours' ? undefined : claimed;
  }

  /**
   * The work is over: the row goes. False where it stays, because the lease was lost or the job was asked for again
   * meanwhile.
   */
  finish(job: ClaimedJob): Promise<boolean> {
    return this.endings.end(job);
  }

  /** Gives the job back, to be run again at that instant. False where the lease was lost or taken away. */
  release(job: ClaimedJob, runAt: number): Promise<boolean> {
    return this.endings.end(job, runAt);
  }

  /** Ends leases at once, as if they had lapsed: the next worker takes the jobs over and knows that they were begun. */
  async abandon(jobs: readonly ClaimedJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.database.write(async (tx) => {
      await tx.manager
        .createQueryBuilder()
        .update(Job)
        .set({ runAt: () => this.now })
        .where('id IN (:...ids) AND lease_token IN (:...tokens)', {
          ids: jobs.map(({ id }) => id),
          tokens: jobs.map(({ leaseToken }) => leaseToken),
        })
        .setParameters(this.nowParameters)
        .execute();
    });
  }

  /** When the next job of these kinds falls due by our clock, or undefined where there is none. */
  async findNextRunAt(kinds: readonly JobKind[]): Promise<number | undefined> {
    const askedAt = this.clock.now();
    const dueInMs = await this.findDueInMs((query) => query.where('job.kind IN (:...kinds)', { kinds }));
    return dueInMs === undefined ? undefined : askedAt + dueInMs;
  }

  /** For how long (ms) the longest waiting job has been due: 0 where nothing waits. */
  async findLagMs(): Promise<number> {
    return Math.max(0, -((await this.findDueInMs((query) => query)) ?? 0));
  }

  // In milliseconds from now, so that it does not matter whose clock "now" is.
  private async findDueInMs(narrow: (query: JobQuery) => JobQuery): Promise<number | undefined> {
    const row: unknown = await narrow(this.database.read.createQueryBuilder(Job, 'job'))
      .select('job.run_at', 'runAt')
      .addSelect(this.now, 'now')
      .setParameters(this.nowParameters)
      .orderBy('job.run_at')
      .limit(1)
      .getRawOne();
    const found = DueRow.safeParse(row).data;
    return found && found.runAt - found.now;
  }

  private selectDue(manager: Tx['manager'], kinds: readonly JobKind[], limit: number): JobQuery {
    return manager
      .createQueryBuilder(Job, 'job')
      .where(`job.run_at <= ${this.now} AND job.kind IN (:...kinds)`, { kinds })
      .setParameters(this.nowParameters)
      .orderBy('job.run_at')
      .limit(limit);
  }

  private async claimGiven(tx: Tx, given: readonly string[]): Promise<(ClaimedJob | 'not ours')[]> {
    const claimFrom = this.clock.now();
    // Whoever told us that a job is due may have a clock that is a little ahead of the database's.
    const early = this.leaseTime === 'database' ? CLOCK_TOLERANCE_MS : 0;
    const query = tx.manager
      .createQueryBuilder(Job, 'job')
      .where('job.id IN (:...given)', { given })
      .andWhere(`job.run_at <= ${this.now} + CASE WHEN job.lease_token IS NULL THEN :early ELSE 0 END`, { early })
      .setParameters(this.nowParameters);
    const claimed = await this.lease(tx, await this.passingLocked(query).getMany(), claimFrom);
    const byId = new Map(claimed.map((job) => [job.id, job]));
    return given.map((id) => {
      const job = byId.get(id) ?? 'not ours';
      // An id can be asked for twice in one batch: one of them gets the job.
      byId.delete(id);
      return job;
    });
  }

  private passingLocked(query: JobQuery): JobQuery {
    return this.database.kind === 'mysql' ? query.setLock('pessimistic_write').setOnLocked('skip_locked') : query;
  }

  /** The row says when the lease ends by the database's clock; the worker is told the same by its own, never later. */
  private async lease(tx: Tx, jobs: readonly Job[], claimFrom: number): Promise<ClaimedJob[]> {
    if (jobs.length === 0) return [];
    const leaseToken = this.ids.next('lse');
    await tx.manager
      .createQueryBuilder()
      .update(Job)
      .set({ leaseToken, runAt: () => `${this.now} + ${String(LEASE_MS)}`, attempts: () => 'attempts + 1' })
      .where('id IN (:...ids)', { ids: jobs.map((job) => job.id) })
      .setParameters(this.nowParameters)
      .execute();
    const leaseEndsAt = claimFrom + LEASE_MS;
    return jobs.map((job) => ({ ...job, leaseToken, leaseEndsAt, afterLapse: job.leaseToken !== null }));
  }

  /** The present in epoch ms, as SQL. */
  private get now(): string {
    return this.leaseTime === 'database' ? DATABASE_NOW : ':now';
  }

  private get nowParameters(): { now?: number } {
    return this.leaseTime === 'database' ? {} : { now: this.clock.now() };
  }
}
