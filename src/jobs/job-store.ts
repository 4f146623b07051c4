import { z } from 'zod';
import type { Clock, IdSource } from '#libs/primitives';
import type { BatchTx } from '../database/batch-tx.js';
import type { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { forUpdateOfFree, rowsWhere, type LookUp, type SqlValue, type Statement } from '../database/statements.js';
import { JobEndings } from './job-endings.js';
import { Job, type JobKind } from './job.entity.js';

/**
 * How long a worker may take for one turn. Longer than any request to a provider may last, so that a lease ends only
 * under a worker that is dead or stuck.
 */
export const LEASE_MS = 60_000;

const CLOCK_TOLERANCE_MS = 1_000;

// The server's zone is UTC (checked at start), so no hour of it comes twice.
const DATABASE_NOW: Statement = { sql: 'CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)', values: [] };

const DueRows = z.array(z.object({ runAt: z.coerce.number(), now: z.coerce.number() }));

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
  private readonly claims: GroupCommit<BatchTx, string, ClaimedJob | 'not ours'>;
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
    this.claims = new GroupCommit((work) => database.writeBatch(work), {
      exclusiveKeys: (id) => [id],
      lanes: 2,
      write: (batch, given) => this.claimGiven(batch, given),
    });
  }

  /** Leases at most `limit` due jobs of these kinds to the caller. `mayBeIdle`: where nothing is due as often as not. */
  async claimDue(kinds: readonly JobKind[], limit: number, mayBeIdle = true): Promise<ClaimedJob[]> {
    if (limit <= 0) return [];
    // Looking first, outside a transaction, costs idle polls no write.
    if (mayBeIdle && (await this.database.find(this.dueOf(kinds, 1))).length === 0) return [];
    const claimFrom = this.clock.now();
    return this.database.writeBatch(async (batch) => {
      const [jobs] = await batch.findWithin(forUpdateOfFree(this.dueOf(kinds, limit)));
      return this.lease(batch, jobs, claimFrom);
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
    const { sql, values } = this.now;
    const ids = jobs.map(({ id }) => id);
    const tokens = jobs.map(({ leaseToken }) => leaseToken);
    await this.database.writeBatch(async (batch) => {
      batch.change({
        sql: `UPDATE jobs SET run_at = ${sql} WHERE id IN (${toMarks(ids)}) AND lease_token IN (${toMarks(tokens)})`,
        values: [...values, ...ids, ...tokens],
      });
    });
  }

  /** When the next job of these kinds falls due by our clock, or undefined where there is none. */
  async findNextRunAt(kinds: readonly JobKind[]): Promise<number | undefined> {
    const askedAt = this.clock.now();
    const dueInMs = await this.findDueInMs({ sql: `WHERE kind IN (${toMarks(kinds)})`, values: kinds });
    return dueInMs === undefined ? undefined : askedAt + dueInMs;
  }

  /** For how long (ms) the longest waiting job has been due: 0 where nothing waits. */
  async findLagMs(): Promise<number> {
    return Math.max(0, -((await this.findDueInMs({ sql: '', values: [] })) ?? 0));
  }

  // In milliseconds from now, so that it does not matter whose clock "now" is.
  private async findDueInMs(narrowed: Statement): Promise<number | undefined> {
    const { sql, values } = this.now;
    const [first] = await this.database.find({
      toStatement: () => ({
        sql: `SELECT run_at AS runAt, ${sql} AS now FROM jobs ${narrowed.sql} ORDER BY run_at LIMIT 1`,
        values: [...values, ...narrowed.values],
      }),
      read: (_source, rows) => DueRows.parse(rows),
    });
    return first && first.runAt - first.now;
  }

  private dueOf(kinds: readonly JobKind[], limit: number): LookUp<Job> {
    const { sql, values } = this.now;
    return rowsWhere(Job, {
      sql: `run_at <= ${sql} AND kind IN (${toMarks(kinds)}) ORDER BY run_at LIMIT ${String(limit)}`,
      values: [...values, ...kinds],
    });
  }

  private async claimGiven(batch: BatchTx, given: readonly string[]): Promise<(ClaimedJob | 'not ours')[]> {
    const claimFrom = this.clock.now();
    // Whoever told us that a job is due may have a clock that is a little ahead of the database's.
    const early = this.leaseTime === 'database' ? CLOCK_TOLERANCE_MS : 0;
    const { sql, values } = this.now;
    const dueOfGiven = rowsWhere(Job, {
      sql:
        `id IN (${toMarks(given)}) ` +
        `AND run_at <= ${sql} + CASE WHEN lease_token IS NULL THEN ${String(early)} ELSE 0 END`,
      values: [...given, ...values],
    });
    const [jobs] = await batch.findWithin(forUpdateOfFree(dueOfGiven));
    const byId = new Map(this.lease(batch, jobs, claimFrom).map((job) => [job.id, job]));
    return given.map((id) => {
      const job = byId.get(id) ?? 'not ours';
      // An id can be asked for twice in one batch: one of them gets the job.
      byId.delete(id);
      return job;
    });
  }

  /** The row says when the lease ends by the database's clock; the worker is told the same by its own, never later. */
  private lease(batch: BatchTx, jobs: readonly Job[], claimFrom: number): ClaimedJob[] {
    if (jobs.length === 0) return [];
    const leaseToken = this.ids.next('lse');
    const { sql, values } = this.now;
    const ids = jobs.map(({ id }) => id);
    batch.change({
      sql:
        `UPDATE jobs SET lease_token = ?, run_at = ${sql} + ${String(LEASE_MS)}, attempts = attempts + 1 ` +
        `WHERE id IN (${toMarks(ids)})`,
      values: [leaseToken, ...values, ...ids],
    });
    const leaseEndsAt = claimFrom + LEASE_MS;
    return jobs.map((job) => ({ ...job, leaseToken, leaseEndsAt, afterLapse: job.leaseToken !== null }));
  }

  /** The present in epoch ms, as SQL. */
  private get now(): Statement {
    return this.leaseTime === 'database' ? DATABASE_NOW : { sql: '?', values: [this.clock.now()] };
  }
}

function toMarks(values: readonly SqlValue[]): string {
  return values.map(() => '?').join(', ');
}
