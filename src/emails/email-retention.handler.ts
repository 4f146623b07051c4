import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { In, Not } from 'typeorm';
import { firstIdAt, type Clock } from '#libs/primitives';
import { CLOCK, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { again, type JobHandler, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Jobs } from '../jobs/jobs.js';
import { Email } from './email.entity.js';

const EVERY_MS = 60 * 60_000;
// One delete holds its locks for milliseconds; one turn ends well before its lease.
const ROWS_AT_ONCE = 500;
const BATCHES_A_TURN = 20;
const NEXT_TURN_MS = 1_000;

/**
 * Deletes mails that were written and last sent longer ago than they are kept: they hold addresses and names, and nothing in
 * them moves money. One that still waits to be sent stays until it was, however old. Twice, half-way or late it deletes the
 * same rows.
 */
@Injectable()
export class EmailRetentionHandler implements JobHandler, OnModuleInit, OnApplicationBootstrap {
  readonly kind = 'retire_emails';

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'emailsKeptMs'>,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  /** The row is there for ever after the first start; a start only makes it run now. */
  async onApplicationBootstrap(): Promise<void> {
    const job = { kind: this.kind, subjectId: 'all', runAt: this.clock.now() } as const;
    await this.database.write((tx) => this.jobs.ensure(tx, job));
  }

  async run(_subjectId: string, { leaseEndsAt }: JobTurn): Promise<JobResult> {
    for (let batch = 0; batch < BATCHES_A_TURN && this.clock.now() < leaseEndsAt; batch++) {
      const deleted = await this.database.write((tx) => this.deleteSome(tx));
      if (deleted < ROWS_AT_ONCE) return again(this.clock.now() + EVERY_MS);
    }
    return again(this.clock.now() + NEXT_TURN_MS);
  }

  /** Deletes at most `ROWS_AT_ONCE` mails, the oldest first. Answers how many were found. */
  private async deleteSome(tx: Tx): Promise<number> {
    const keptSince = this.clock.now() - this.settings.emailsKeptMs;
    const old = await tx.manager
      .createQueryBuilder(Email, 'email')
      .select('email.id')
      .where('email.id < :end', { end: firstIdAt('eml', keptSince) })
      .andWhere("email.status <> 'queued' AND (email.sentAt IS NULL OR email.sentAt < :keptSince)", { keptSince })
      .orderBy('email.id')
      .limit(ROWS_AT_ONCE)
      .getMany();
    if (old.length === 0) return 0;
    // Not one that its merchant has asked to send again since.
    await tx.manager.delete(Email, { id: In(old.map(({ id }) => id)), status: Not('queued') });
    return old.length;
  }
}
