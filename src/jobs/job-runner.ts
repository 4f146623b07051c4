import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import type { JobHandler, JobResult } from './job-handler.js';
import { JobStore, type ClaimedJob } from './job-store.js';
import type { JobKind } from './job.entity.js';

const LONGEST_BACKOFF_MS = 5 * 60_000;

/** Runs one claimed job with its handler and writes down what came of it. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger('Jobs');
  private readonly handlers = new Map<JobKind, JobHandler>();

  constructor(
    private readonly store: JobStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Each feature brings the handlers of its own jobs. */
  register(handler: JobHandler): void {
    this.handlers.set(handler.kind, handler);
  }

  /** Never throws: a handler that does is tried again, later and later. */
  async run(job: ClaimedJob): Promise<void> {
    try {
      const result = await this.handle(job);
      if (result.kind === 'done') await this.store.finish(job);
      else await this.store.release(job, result.runAt);
    } catch (error) {
      // Even writing failed. The lease ends by itself and the job falls due again.
      this.logger.error({ err: error, job: job.id, kind: job.kind }, 'A job could not be put away.');
    }
  }

  private async handle(job: ClaimedJob): Promise<JobResult> {
    const handler = this.handlers.get(job.kind);
    try {
      if (!handler) throw new Error(`Nobody handles jobs of kind ${job.kind}`);
      return await handler.run(job.subjectId, {
        leaseEndsAt: job.runAt,
        startedBefore: job.attempts,
        afterLapse: job.afterLapse,
      });
    } catch (error) {
      const backoffMs = Math.min(1_000 * 2 ** job.attempts, LONGEST_BACKOFF_MS);
      this.logger.error(
        { err: error, job: job.id, kind: job.kind, subject: job.subjectId, backoffMs },
        'A job failed; it will run again.',
      );
      return { kind: 'again', runAt: this.clock.now() + backoffMs };
    }
  }
}
