import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { CLOCK, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { again, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Jobs } from '../jobs/jobs.js';
import { EventPosition } from './event-position.entity.js';
import { EventRecord } from './event.entity.js';

const LOOK_EVERY_MS = 60 * 60_000;
const STREAMS_AT_ONCE = 20;
const EVENTS_AT_ONCE = 500;

/**
 * Ends the time of events: the list begins after them, and their `data` goes, but for the line of a creation, which answers
 * a repeated request. The lines themselves stay: they are the timeline, and that is for ever.
 */
@Injectable()
export class EventRetentionHandler implements JobHandler, OnModuleInit, OnApplicationBootstrap {
  readonly kind = 'retire_events';

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'eventsKeptMs'>,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async onApplicationBootstrap(): Promise<void> {
    const job = { kind: this.kind, subjectId: 'all', runAt: this.clock.now() } as const;
    await this.database.write((tx) => this.jobs.ensure(tx, job));
  }

  async run(): Promise<JobResult> {
    const keptSince = this.clock.now() - this.settings.eventsKeptMs;
    const counters = await this.findDue(keptSince);
    for (const counter of counters) await this.retire(counter, keptSince);
    return again(this.clock.now() + (counters.length > 0 ? 0 : LOOK_EVERY_MS));
  }

  /** Streams whose oldest kept event is past its time. */
  private findDue(keptSince: number): Promise<EventPosition[]> {
    return this.database.read
      .createQueryBuilder(EventPosition, 'counter')
      .where(
        `(SELECT e.created_at FROM events e WHERE e.merchant_id = counter.merchant_id AND e.mode = counter.mode
           AND e.position = counter.first_position LIMIT 1) < :keptSince`,
        { keptSince },
      )
      .limit(STREAMS_AT_ONCE)
      .getMany();
  }

  private async retire({ merchantId, mode, firstPosition }: EventPosition, keptSince: number): Promise<void> {
    await this.database.write(async (tx) => {
      const events = await tx.manager
        .createQueryBuilder(EventRecord, 'event')
        .select(['event.id', 'event.position', 'event.version', 'event.reported', 'event.createdAt'])
        .useIndex('events_by_position')
        .where({ merchantId, mode })
        .andWhere('event.position >= :firstPosition', { firstPosition })
        .orderBy('event.position')
        .limit(EVENTS_AT_ONCE)
        .getMany();
      // Up to the first that is young enough: one that was numbered late never takes younger ones along.
      const end = events.findIndex(({ createdAt }) => createdAt >= keptSince);
      const old = end === -1 ? events : events.slice(0, end);
      const next = (old.at(-1)?.position ?? firstPosition - 1) + 1;
      const moved = { firstPosition: next };
      const { affected } = await tx.manager.update(EventPosition, { merchantId, mode, firstPosition }, moved);
      const forgotten = old.filter((event) => !isCreation(event)).map(({ id }) => id);
      if (affected === 1 && forgotten.length > 0) {
        await tx.manager.update(EventRecord, { id: In(forgotten) }, { data: null });
      }
    });
  }
}

// As the accept path finds it (transactions/accept-lookups.ts).
function isCreation({ version, reported }: EventRecord): boolean {
  return version === 1 && reported === 'noted';
}
