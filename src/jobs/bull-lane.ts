import { Logger } from '@nestjs/common';
import type { Queue } from 'bull';
import { systemScheduler } from '#libs/primitives';
import type { RedisLink } from '../redis/redis-link.js';
import type { JobLane } from './job-lanes.js';
import { LONGEST_NAP_AMONG_MANY_MS } from './job-lanes.js';
import { LaneSweeper, type SweeperDeps } from './lane-sweeper.js';

const CLOSE_LIMIT_MS = 1_000;

// Retries are rows, and what is over leaves nothing behind: an id that stayed could never be carried again.
const CARRIED = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;

/**
 * One lane through Redis: ids go to whichever worker has a place, and those that come here are claimed and run. Beside
 * it a sweeper looks at the rows: it runs what is timed, and what Redis lost or never got.
 */
export class BullLane {
  private readonly logger = new Logger('Jobs');
  private readonly sweeper: LaneSweeper;
  private readonly adding = new Set<Promise<void>>();
  private readonly running = new Set<Promise<void>>();
  private news: string[] = [];
  private isProcessing = false;

  constructor(
    readonly lane: JobLane,
    private readonly queue: Queue,
    private readonly link: RedisLink,
    private readonly deps: SweeperDeps,
  ) {
    this.sweeper = new LaneSweeper(lane, LONGEST_NAP_AMONG_MANY_MS, deps);
    queue.on('error', (error) => link.note(error));
    Object.assign(queue, {
      // Bull names its connection for a list that we never ask for, and leaves the failure of that unhandled where it is
      // closed while Redis is away (bull 4.16.5, lib/worker.js): the process would end of it.
      setWorkerName: () => Promise.resolve(),
      // Nest would wait for the queue to close, which without Redis may be for ever. `stop` closes it, in a bounded time.
      onApplicationShutdown: () => undefined,
    });
  }

  wake(id: string, runAt: number): void {
    if (runAt > this.deps.clock.now()) return this.sweeper.wake(runAt);
    // Commits that end in the same turn of the event loop go to Redis together.
    if (this.news.push(id) === 1) queueMicrotask(() => this.sendNews());
  }

  /** Takes up work, now and whenever Redis comes back. */
  start(): void {
    this.isProcessing = true;
    this.sweeper.start();
    this.queue
      .process(this.lane.places, (job) => this.track(this.running, this.work(String(job.id))))
      .catch((error: unknown) => this.link.note(error));
  }

  /** Takes no more ids, and waits for what is running and, for a moment, until Redis knows. */
  async stop(): Promise<void> {
    const closing = this.isProcessing ? this.queue.close(true) : undefined;
    this.isProcessing = false;
    await Promise.all([this.sweeper.stop(), ...this.running]);
    let cancel: () => void = () => undefined;
    const tooLate = new Promise<void>((resolve) => (cancel = systemScheduler.after(CLOSE_LIMIT_MS, resolve)));
    await Promise.race([closing, tooLate]);
    cancel();
  }

  /** Whether this process has anything in hand. */
  get isBusy(): boolean {
    return this.news.length > 0 || this.adding.size > 0 || this.running.size > 0 || this.sweeper.isBusy;
  }

  /** Waits for what this process has in hand. */
  async settled(): Promise<void> {
    await Promise.all([...this.adding, ...this.running, this.sweeper.settled()]);
  }

  /** The lists in Redis of ids that are on their way to any worker, or in one's hands. */
  get keysOnTheWay(): readonly string[] {
    return [this.queue.toKey('wait'), this.queue.toKey('active')];
  }

  private sendNews(): void {
    const ids = this.news;
    this.news = [];
    void this.track(this.adding, this.add(ids));
  }

  private async add(ids: readonly string[]): Promise<void> {
    const jobs = ids.map((id) => ({ data: {}, opts: { jobId: id, ...CARRIED } }));
    const added = await this.link.use(() => this.queue.addBulk(jobs));
    // Without Redis our own sweeper looks at once, if this process runs jobs; everybody else's does within a second.
    if (!added) this.sweeper.wake(this.deps.clock.now());
  }

  /** An id may come late, twice or for nothing: the row decides. What is asked for again while it runs, runs again. */
  private async work(id: string): Promise<void> {
    try {
      while (this.isProcessing) {
        const job = await this.deps.store.claim(id);
        const dueAt = job && (await this.deps.runner.run(job));
        if (dueAt === undefined) return;
        if (dueAt > this.deps.clock.now()) return this.sweeper.wake(dueAt);
      }
    } catch (error) {
      this.logger.error({ err: error, job: id }, 'A job could not be claimed; the sweeper will find it.');
    }
  }

  private async track(group: Set<Promise<void>>, work: Promise<void>): Promise<void> {
    group.add(work);
    await work.finally(() => group.delete(work));
  }
}
