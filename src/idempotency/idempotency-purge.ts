import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { z } from 'zod';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { again, type JobHandler, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Jobs } from '../jobs/jobs.js';
import { FINAL_STATUSES } from '../transactions/transaction-states.js';
import { IdempotencyRecord } from './idempotency-record.entity.js';

const DAY_MS = 24 * 60 * 60_000;

/** How long an answer can be had again (public contract). Longer only while its transaction is open. */
export const KEPT_MS = 30 * DAY_MS;

const EVERY_MS = 60 * 60_000;
// One delete holds its locks for milliseconds; one turn ends well before its lease.
const ROWS_AT_ONCE = 500;
const BATCHES_A_TURN = 20;
const NEXT_TURN_MS = 1_000;

const PURGE = { kind: 'purge_idempotency', subjectId: 'idempotency_records' } as const;

/**
 * Forgets idempotency records that are older than we promise to keep them, so that their table holds a month of traffic and
 * not years. One job row for all processes: whoever leases it does the work. Twice, half-way or late it deletes the same rows.
 */
@Injectable()
export class IdempotencyPurge implements JobHandler, OnModuleInit, OnApplicationBootstrap {
  readonly kind = PURGE.kind;

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  /** The row is there for ever after the first start; a start only makes it run now. */
  async onApplicationBootstrap(): Promise<void> {
    await this.database.write((tx) => this.jobs.ensure(tx, { ...PURGE, runAt: this.clock.now() }));
  }

  async run(_subjectId: string, { leaseEndsAt }: JobTurn): Promise<JobResult> {
    for (let batch = 0; batch < BATCHES_A_TURN && this.clock.now() < leaseEndsAt; batch++) {
      const forgotten = await this.database.write((tx) => this.forgetSome(tx));
      if (forgotten < ROWS_AT_ONCE) return again(this.clock.now() + EVERY_MS);
    }
    return again(this.clock.now() + NEXT_TURN_MS);
  }

  /** Deletes at most `ROWS_AT_ONCE` records, the oldest first. Answers how many. */
  private async forgetSome(tx: Tx): Promise<number> {
    const finals = FINAL_STATUSES.map(() => '?').join(', ');
    const rows: unknown = await tx.manager.query(
      `SELECT r.key_hash AS keyHash
         FROM idempotency_records r LEFT JOIN transactions t ON t.id = r.subject_id
        WHERE r.created_at < ? AND (t.id IS NULL OR t.status IN (${finals}))
        ORDER BY r.created_at LIMIT ${String(ROWS_AT_ONCE)}`,
      [this.clock.now() - KEPT_MS, ...FINAL_STATUSES],
    );
    const keyHashes = z.array(z.object({ keyHash: z.string() })).parse(rows);
    if (keyHashes.length === 0) return 0;
    await tx.manager.delete(IdempotencyRecord, { keyHash: In(keyHashes.map(({ keyHash }) => keyHash)) });
    return keyHashes.length;
  }
}
