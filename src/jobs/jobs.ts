import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { isDuplicate } from '../database/database-errors.js';
import { toNumberCase } from '../database/number-case.js';
import type { Inserts, Tx } from '../database/tx.js';
import { JOB_DRIVER, type JobDriver } from './job-driver.js';
import { Job, type JobKind } from './job.entity.js';

/** Work to be done for a subject, not before an instant in epoch ms. */
export interface NewJob {
  readonly kind: JobKind;
  readonly subjectId: string;
  readonly runAt: number;
}

const MOST_TRIES = 3;

/** Writes down work in the transaction that makes it necessary. */
@Injectable()
export class Jobs {
  constructor(
    @Inject(JOB_DRIVER) private readonly driver: JobDriver,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Adds jobs that cannot exist yet; a second one for the same kind and subject is a duplicate-key error. */
  async add(tx: Inserts, jobs: readonly NewJob[]): Promise<void> {
    const createdAt = this.clock.now();
    const rows = jobs.map((job) => ({ id: this.ids.next('job'), ...job, attempts: 0, leaseToken: null, createdAt }));
    await tx.insert(Job, rows);
    tx.afterCommit(() => this.driver.wake(rows));
  }

  /** Sees to it that the job exists and runs no later than `runAt`, even if somebody is at it right now. */
  async ensure(tx: Tx, job: NewJob): Promise<void> {
    for (let tries = 1; ; tries++) {
      if (await this.hasten(tx, job)) return this.wakeExisting(tx, job);
      try {
        await this.add(tx, [job]);
        return;
      } catch (error) {
        // Another process was faster: its row is committed now, so it can be hastened, unless it is done and gone again.
        if (!isDuplicate(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  /** The row is locked by our own update, so its id is the one that was hastened. */
  private async wakeExisting(tx: Tx, { kind, subjectId, runAt }: NewJob): Promise<void> {
    const row = await tx.manager.findOne(Job, { select: { id: true }, where: { kind, subjectId } });
    if (row) tx.afterCommit(() => this.driver.wake([{ id: row.id, kind, runAt }]));
  }

  /**
   * The same for many subjects of one kind, each with an instant of its own, in three statements; for hundreds, not more.
   * Where another process adds one of them at the same moment it is a duplicate-key error.
   */
  async ensureMany(tx: Tx, kind: JobKind, runAts: ReadonlyMap<string, number>): Promise<void> {
    if (runAts.size === 0) return;
    const subjectIds = [...runAts.keys()];
    const { sql, parameters } = toNumberCase('subject_id', runAts);
    await tx.manager
      .createQueryBuilder()
      .update(Job)
      .set({
        // In this order, as below.
        runAt: () => `CASE WHEN lease_token IS NULL AND run_at < ${sql} THEN run_at ELSE ${sql} END`,
        leaseToken: null,
      })
      .where('kind = :kind AND subject_id IN (:...subjectIds)', { kind, subjectIds })
      .setParameters(parameters)
      .execute();
    // Those that were there are locked now, and stay.
    const there = await tx.manager.find(Job, {
      select: { id: true, subjectId: true },
      where: { kind, subjectId: In(subjectIds) },
    });
    const known = new Set(there.map(({ subjectId }) => subjectId));
    const missing = [...runAts].filter(([subjectId]) => !known.has(subjectId));
    await this.add(
      tx,
      missing.map(([subjectId, runAt]) => ({ kind, subjectId, runAt })),
    );
    const hastened = there.map(({ id, subjectId }) => ({ id, kind, runAt: runAts.get(subjectId) ?? this.clock.now() }));
    tx.afterCommit(() => this.driver.wake(hastened));
  }

  /**
   * One statement, not a look and then a change: between the two a worker could be done and delete the row, and the job
   * would be lost. Taking the lease away makes the worker that holds it leave the row in place when it is done.
   */
  private async hasten(tx: Tx, { kind, subjectId, runAt }: NewJob): Promise<boolean> {
    const { affected } = await tx.manager
      .createQueryBuilder()
      .update(Job)
      // In this order: MySQL assigns from left to right. What the row of a lease holder says is the end of his lease.
      .set({
        runAt: () => 'CASE WHEN lease_token IS NULL AND run_at < :runAt THEN run_at ELSE :runAt END',
        leaseToken: null,
      })
      .where('kind = :kind AND subject_id = :subjectId', { kind, subjectId, runAt })
      .execute();
    return affected === 1;
  }
}
