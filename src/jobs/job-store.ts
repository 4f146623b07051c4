import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Job, type JobKind } from './job.entity.js';

/**
 * How long a worker may take for one turn. Longer than any request to a provider may last, so that a lease ends only
 * under a worker that is dead or stuck.
 */
export const LEASE_MS = 60_000;

/** A job that this process holds a lease on. */
export interface ClaimedJob extends Job {
  leaseToken: string;
  /** Somebody held a lease on it before and never finished. */
  afterLapse: boolean;
}

/** The rows behind the jobs: claiming, finishing and finding what is due. */
@Injectable()
export class JobStore {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Leases at most `limit` due jobs of these kinds to the caller. */
  async claimDue(kinds: readonly JobKind[], limit: number): Promise<ClaimedJob[]> {
    if (limit <= 0) return [];
    const now = this.clock.now();
    // Looking first, outside a transaction, costs idle polls no write.
    const due = await this.selectDue(this.database.read, kinds, now, limit).getCount();
    if (due === 0) return [];
    return this.database.write(async (tx) => {
      const query = this.selectDue(tx.manager, kinds, now, limit);
      if (this.database.kind === 'mysql') query.setLock('pessimistic_write').setOnLocked('skip_locked');
      const jobs = await query.getMany();
      return this.lease(tx, jobs, now);
    });
  }

  /** The work is over: the row goes, unless the lease was lost or the job was asked for again meanwhile. */
  async finish(job: ClaimedJob): Promise<void> {
    await this.database.write((tx) => tx.manager.delete(Job, { id: job.id, leaseToken: job.leaseToken }));
  }

  /** Gives the job back, to be run again at that instant. */
  async release(job: ClaimedJob, runAt: number): Promise<void> {
    await this.database.write((tx) =>
      tx.manager.update(Job, { id: job.id, leaseToken: job.leaseToken }, { leaseToken: null, runAt }),
    );
  }

  /** When the next job of these kinds falls due, or undefined where there is none. */
  async findNextRunAt(kinds: readonly JobKind[]): Promise<number | undefined> {
    const next = await this.database.read.findOne(Job, { where: { kind: In([...kinds]) }, order: { runAt: 'ASC' } });
    return next?.runAt;
  }

  private selectDue(manager: Tx['manager'], kinds: readonly JobKind[], now: number, limit: number) {
    return manager
      .createQueryBuilder(Job, 'job')
      .where('job.run_at <= :now AND job.kind IN (:...kinds)', { now, kinds })
      .orderBy('job.run_at')
      .limit(limit);
  }

  private async lease(tx: Tx, jobs: readonly Job[], now: number): Promise<ClaimedJob[]> {
    if (jobs.length === 0) return [];
    const leaseToken = this.ids.next('lse');
    await tx.manager
      .createQueryBuilder()
      .update(Job)
      .set({ leaseToken, runAt: now + LEASE_MS, attempts: () => 'attempts + 1' })
      .where('id IN (:...ids)', { ids: jobs.map((job) => job.id) })
      .execute();
    return jobs.map((job) => ({ ...job, leaseToken, runAt: now + LEASE_MS, afterLapse: job.leaseToken !== null }));
  }
}
