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

  async settled(): Promise<void> {
    while (!(await this.isIdle())) {
      await Promise.all(this.lanes.map((lane) => lane.settled()));
      // What other workers have in hand we only hear of by asking.
      await new Promise<void>((resolve) => systemScheduler.after(LOOK_AGAIN_MS, resolve));
    }
  }

  health(): DriverHealth {
    return { driver: 'bull', status: this.link.state === 'up' ? 'ok' : 'degraded' };
  }

  private async isIdle(): Promise<boolean> {
    const isBusy = () => this.lanes.some((lane) => lane.isBusy);
    if (isBusy()) return false;
    const onTheWay = await Promise.all(this.lanes.map((lane) => lane.countOnTheWay()));
    return onTheWay.every((count) => count === 0) && !isBusy();
  }
}
