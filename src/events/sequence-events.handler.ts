import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import type { Clock } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { again, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Jobs } from '../jobs/jobs.js';
import type { EventStream } from './event-position.entity.js';
import { EventSequencer } from './event-sequencer.js';
import { AWAITS_POSITION } from './event.entity.js';

const SWEEP_EVERY_MS = 30_000;
const STREAMS_AT_ONCE = 50;
/** Of 250 events each; all of them together take a few seconds of the turn's minute. */
const TRANSACTIONS_OF_A_STREAM = 20;

const MODES: readonly Mode[] = ['test', 'live'];

/** Finds events whose process died before it numbered them, of every merchant. Bounded in each turn, and never done. */
@Injectable()
export class SequenceEventsHandler implements JobHandler, OnModuleInit, OnApplicationBootstrap {
  readonly kind = 'sequence_events';

  constructor(
    private readonly database: Database,
    private readonly sequencer: EventSequencer,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  /** Now, too: the process before this one may have been killed. */
  async onApplicationBootstrap(): Promise<void> {
    const job = { kind: this.kind, subjectId: 'all', runAt: this.clock.now() } as const;
    await this.database.write((tx) => this.jobs.ensure(tx, job));
  }

  async run(): Promise<JobResult> {
    let allDone = true;
    for (const mode of MODES) {
      const streams = await this.findWaiting(mode);
      allDone &&= streams.length < STREAMS_AT_ONCE;
      for (const stream of streams) {
        allDone = (await this.sequencer.sequence(stream, TRANSACTIONS_OF_A_STREAM)) && allDone;
      }
    }
    return again(this.clock.now() + (allDone ? SWEEP_EVERY_MS : 0));
  }

  /** One look into the index for each merchant: no planner can make more of a subquery with a limit. */
  private async findWaiting(mode: Mode): Promise<EventStream[]> {
    const rows: unknown = await this.database.read.query(
      `SELECT id FROM merchants WHERE (
         SELECT 1 FROM events WHERE merchant_id = merchants.id AND mode = ? AND position = ? LIMIT 1
       ) IS NOT NULL LIMIT ?`,
      [mode, AWAITS_POSITION, STREAMS_AT_ONCE],
    );
    return MerchantRows.parse(rows).map(({ id }) => ({ merchantId: id, mode }));
  }
}

const MerchantRows = z.array(z.object({ id: z.string() }));
