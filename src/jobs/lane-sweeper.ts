import { Logger } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import type { JobLane } from './job-lanes.js';
import type { JobRunner } from './job-runner.js';
import type { ClaimedJob, JobStore } from './job-store.js';

/** What a sweeper works with. */
export interface SweeperDeps {
  readonly store: JobStore;
  readonly runner: JobRunner;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

// A due row that we could not have is locked by somebody for a moment: asking again at once would only spin.
const SHORTEST_NAP_MS = 20;

/** One lane's look at the rows: takes what is due while it has places, and naps until something falls due. */
export class LaneSweeper {
  private readonly logger = new Logger('Jobs');
  private readonly running = new Set<Promise<unknown>>();
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private lastLookWasFull = false;
  private stopped = true;
  private napEndsAt = Infinity;
  private endNap: () => void = () => undefined;

  constructor(
    private readonly lane: JobLane,
    private readonly longestNapMs: number,
    private readonly deps: SweeperDeps,
  ) {}

  start(): void {
    this.stopped = false;
    this.look();
  }

  /** Something of this lane falls due at that instant (epoch ms). */
  wake(runAt: number): void {
    if (runAt <= this.deps.clock.now()) this.look();
    else if (runAt < this.napEndsAt) this.napUntil(runAt);
  }

  get isBusy(): boolean {
    return this.looking !== undefined || this.running.size > 0;
  }

  async settled(): Promise<void> {
    await this.looking;
    await Promise.all(this.running);
  }

  /** Takes nothing more and waits for what it runs. */
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
    // Those that end in the same turn of the event loop, as those of one commit do, give up their places together.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.stopped) return;
    const lookedAt = this.deps.clock.now();
    try {
      const free = this.lane.places - this.running.size;
      const jobs = await this.deps.store.claimDue(this.lane.kinds, free, !this.lastLookWasFull);
      this.lastLookWasFull = jobs.length === free;
      for (const job of jobs) this.run(job);
      // With all places taken the next one to finish looks again.
      if (jobs.length === free) return;
      const next = (await this.deps.store.findNextRunAt(this.lane.kinds)) ?? Infinity;
      const now = this.deps.clock.now();
      // What fell due while we looked was not locked, only early.
      if (next > lookedAt && next <= now) this.lookAgain = true;
      // News that came while we looked may be of something earlier than what we saw: that nap stands.
      this.napUntil(Math.min(next > now ? next : now + SHORTEST_NAP_MS, this.napEndsAt));
    } catch (error) {
      this.logger.error({ err: error }, 'Could not look for due jobs; trying again shortly.');
      this.napUntil(this.deps.clock.now() + 1_000);
    }
  }

  private run(job: ClaimedJob): void {
    const run = this.deps.runner.run(job).finally(() => {
      this.running.delete(run);
      this.look();
    });
    this.running.add(run);
  }

  private napUntil(runAt: number): void {
    this.endNap();
    if (this.stopped) return;
    const now = this.deps.clock.now();
    this.napEndsAt = Math.min(Math.max(runAt, now), now + this.longestNapMs);
    const cancel = this.deps.scheduler.after(this.napEndsAt - now, () => {
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
