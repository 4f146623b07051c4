import type { Queue } from 'bull';
import { systemScheduler } from '#libs/primitives';
import type { RedisLink } from '../redis/redis-link.js';
import { BullLane } from './bull-lane.js';
import type { DriverHealth, JobDriver, WokenJob } from './job-driver.js';
import type { JobLane } from './job-lanes.js';
import type { SweeperDeps } from './lane-sweeper.js';

const LOOK_AGAIN_MS = 5;

/** One lane and the queue that carries its ids. */
export interface CarriedLane {
  readonly lane: JobLane;
  readonly queue: Queue;
}

/**
 * Carries ids through Bull on Redis to any number of workers. Redis holds nothing that we cannot lose: stopped, emptied or
 * frozen, the sweepers of the workers run what is due from the rows.
 */
export class BullDriver implements JobDriver {
  private readonly lanes: readonly BullLane[];

  constructor(
    carried: readonly CarriedLane[],
    private readonly runsJobs: boolean,
    private readonly link: RedisLink,
    deps: SweeperDeps,
  ) {
    this.lanes = carried.map(({ lane, queue }) => new BullLane(lane, queue, link, deps));
  }

  wake(jobs: readonly WokenJob[]): void {
    for (const { id, kind, runAt } of jobs) this.lanes.find(({ lane }) => lane.kinds.includes(kind))?.wake(id, runAt);
  }

  start(): void {
    if (this.runsJobs) for (const lane of this.lanes) lane.start();
  }

  async stop(): Promise<void> {
    const stopping = this.lanes.map((lane) => lane.stop());
    // Connections that wait for ids would be let go of only when one comes, or after a while.
    this.link.hangUp();
    await Promise.all(stopping);
  }

  get isBusy(): boolean {
    return this.lanes.some((lane) => lane.isBusy);
  }

  async settled(others: readonly Pick<JobDriver, 'isBusy'>[] = []): Promise<void> {
    while (!(await this.isIdle(others))) {
      await Promise.all(this.lanes.map((lane) => lane.settled()));
      // What other workers have in hand we only hear of by asking.
      await new Promise<void>((resolve) => systemScheduler.after(LOOK_AGAIN_MS, resolve));
    }
  }

  health(): DriverHealth {
    return { driver: 'bull', status: this.link.state === 'up' ? 'ok' : 'degraded' };
  }

  /** Redis is asked last, and only where nobody here is busy: each of its answers costs as much as a small query. */
  private async isIdle(others: readonly Pick<JobDriver, 'isBusy'>[]): Promise<boolean> {
    const isAnyBusy = () => this.isBusy || others.some(({ isBusy }) => isBusy);
    // What is in hand before or after the count may yet send, or have sent, something that it missed.
    return !isAnyBusy() && (await this.countOnTheWay()) === 0 && !isAnyBusy();
  }

  /** How many ids are on their way to any worker, or in one's hands. 0 where Redis does not tell. */
  private async countOnTheWay(): Promise<number> {
    const answers = await this.link.use(async (client) => {
      const counts = client.multi();
      for (const key of this.lanes.flatMap((lane) => lane.keysOnTheWay)) counts.llen(key);
      return counts.exec();
    });
    return (answers ?? []).reduce((sum, [, count]) => sum + Number(count ?? 0), 0);
  }
}
