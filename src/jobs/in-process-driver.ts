import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import type { JobDriver } from './job-driver.js';
import { JobRunner } from './job-runner.js';
import { JobStore, type ClaimedJob } from './job-store.js';
import type { JobKind } from './job.entity.js';

/** Short turns, and few of them: not worth a lane of their own, which would be one more look at every commit. */
const UPKEEP: readonly JobKind[] = ['recover_webhooks', 'sequence_events', 'retire_events'];

/** Kinds that share a number of places, so that slow receivers of webhooks never hold up a payment. */
const LANES: readonly { readonly kinds: readonly JobKind[]; readonly places: number }[] = [
  { kinds: ['submit', 'inquire', 'expire', 'apply_callback', ...UPKEEP], places: 32 },
  { kinds: ['deliver_webhook'], places: 32 },
];

// Even without news we look: another process may have written the row, or the clock may have been set.
const LONGEST_NAP_MS = 5_000;
// A due row that we could not have is locked by somebody for a moment: asking again at once would only spin.
const SHORTEST_NAP_MS = 20;

/** Runs jobs inside this process, woken by commits and by the clock. */
@Injectable()
export class InProcessDriver implements JobDriver {
  private readonly lanes = LANES.map(
    (lane) => new Lane(lane.kinds, lane.places, this.store, this.runner, this.clock, this.scheduler),
  );

  constructor(
    private readonly store: JobStore,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {}

  wake(runAt: number): void {
    for (const lane of this.lanes) lane.wake(runAt);
  }

  start(): void {
    for (const lane of this.lanes) lane.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
  }

  /** Waits until nothing is being looked for or run: where time is moved by hand, the moment to move it on. */
  async settled(): Promise<void> {
    while (this.lanes.some((lane) => lane.isBusy)) await Promise.all(this.lanes.map((lane) => lane.settled()));
  }
}

class Lane {
  private readonly logger = new Logger('Jobs');
  private readonly running = new Set<Promise<void>>();
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private stopped = true;
  private napEndsAt = Infinity;
  private endNap: () => void = () => undefined;

  constructor(
    private readonly kinds: readonly JobKind[],
    private readonly places: number,
    private readonly store: JobStore,
    private readonly runner: JobRunner,
    private readonly clock: Clock,
    private readonly scheduler: Scheduler,
  ) {}

  start(): void {
    this.stopped = false;
    this.look();
  }

  wake(runAt: number): void {
    if (runAt <= this.clock.now()) this.look();
    else if (runAt < this.napEndsAt) this.napUntil(runAt);
  }

  get isBusy(): boolean {
    return this.looking !== undefined || this.running.size > 0;
  }

  async settled(): Promise<void> {
    await this.looking;
    await Promise.all(this.running);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.endNap();
    await this.looking;
    await Promise.all(this.running);
  }

  /** Takes what is due, one look at a time. */
  private look(): void {
    if (this.stopped) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.looking = this.takeDue().finally(() => {
      this.looking = undefined;
      if (!this.lookAgain) return;
      this.lookAgain = false;
      this.look();
    });
  }

  private async takeDue(): Promise<void> {
    this.endNap();
    try {
      const free = this.places - this.running.size;
      const jobs = await this.store.claimDue(this.kinds, free);
      for (const job of jobs) this.run(job);
      // With all places taken the next one to finish looks again.
      if (jobs.length === free) return;
      const next = (await this.store.findNextRunAt(this.kinds)) ?? Infinity;
      const now = this.clock.now();
      // News that came while we looked may be of something earlier than what we saw: that nap stands.
      this.napUntil(Math.min(next > now ? next : now + SHORTEST_NAP_MS, this.napEndsAt));
    } catch (error) {
      this.logger.error({ err: error }, 'Could not look for due jobs; trying again shortly.');
      this.napUntil(this.clock.now() + 1_000);
    }
  }

  private run(job: ClaimedJob): void {
    const run = this.runner.run(job).finally(() => {
      this.running.delete(run);
      this.look();
    });
    this.running.add(run);
  }

  private napUntil(runAt: number): void {
    this.endNap();
    if (this.stopped) return;
    const now = this.clock.now();
    this.napEndsAt = Math.min(Math.max(runAt, now), now + LONGEST_NAP_MS);
    const cancel = this.scheduler.after(this.napEndsAt - now, () => {
      this.napEndsAt = Infinity;
      this.look();
    });
    this.endNap = () => {
      cancel();
      this.napEndsAt = Infinity;
      this.endNap = () => undefined;
    };
  }
}
