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
  private readonly running = new Set<ClaimedJob>();

  constructor(
    private readonly store: JobStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Each feature brings the handlers of its own jobs. */
  register(handler: JobHandler): void {
    this.handlers.set(handler.kind, handler);
  }

  /**
   * Never throws: a handler that does is tried again, later and later. Answers when (epoch ms) the job may be due again,
   * because its handler or somebody else asked for that; undefined where it is over.
   */
  async run(job: ClaimedJob): Promise<number | undefined> {
    this.running.add(job);
    try {
      const result = await this.handle(job);
      if (result.kind === 'ended') return undefined;
      const runAt = result.kind === 'again' ? result.runAt : undefined;
      const isOurs = runAt === undefined ? await this.store.finish(job) : await this.store.release(job, runAt);
      // Who took our lease away wants the job to run once more.
      return isOurs ? runAt : this.clock.now();
    } catch (error) {
      // Even writing failed. The lease ends by itself and the job falls due again.
      this.logger.error({ err: error, job: job.id, kind: job.kind }, 'A job could not be put away.');
      return undefined;
    } finally {
      this.running.delete(job);
    }
  }

  /** For a process that ends now: gives up the leases of what is still running, so that nobody waits for them to lapse. */
  async abandon(): Promise<void> {
    const jobs = [...this.running];
    if (jobs.length === 0) return;
    this.logger.warn({ jobs: jobs.map(({ id, kind }) => ({ id, kind })) }, 'Ending in the middle of jobs.');
    await this.store.abandon(jobs);
  }

  private async handle(job: ClaimedJob): Promise<JobResult> {
    const handler = this.handlers.get(job.kind);
    try {
      if (!handler) throw new Error(`Nobody handles jobs of kind ${job.kind}`);
      return await handler.run(job.subjectId, {
        leaseEndsAt: job.leaseEndsAt,
        startedBefore: job.attempts,
        afterLapse: job.afterLapse,
        lease: { id: job.id, leaseToken: job.leaseToken },
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
