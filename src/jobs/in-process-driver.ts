import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { DriverHealth, JobDriver, WokenJob } from './job-driver.js';
import { LANES, LONGEST_NAP_AMONG_MANY_MS, LONGEST_NAP_MS } from './job-lanes.js';
import { JobRunner } from './job-runner.js';
import { JobStore } from './job-store.js';
import { LaneSweeper } from './lane-sweeper.js';

/** Runs jobs inside this process, woken by its own commits and by the clock. A process with the role `api` runs none. */
@Injectable()
export class InProcessDriver implements JobDriver {
  private readonly lanes: readonly { readonly kinds: readonly string[]; readonly sweeper: LaneSweeper }[];

  constructor(
    store: JobStore,
    runner: JobRunner,
    @Inject(CLOCK) clock: Clock,
    @Inject(SCHEDULER) scheduler: Scheduler,
    @Inject(SETTINGS) { role }: Pick<Settings, 'role'>,
  ) {
    const longestNapMs = role === 'all' ? LONGEST_NAP_MS : LONGEST_NAP_AMONG_MANY_MS;
    const deps = { store, runner, clock, scheduler };
    this.lanes = (role === 'api' ? [] : LANES).map((lane) => ({
      kinds: lane.kinds,
      sweeper: new LaneSweeper(lane, longestNapMs, deps),
    }));
  }

  wake(jobs: readonly WokenJob[]): void {
    for (const { kind, runAt } of jobs) {
      this.lanes.find(({ kinds }) => kinds.includes(kind))?.sweeper.wake(runAt);
    }
  }

  start(): void {
    for (const { sweeper } of this.lanes) sweeper.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.lanes.map(({ sweeper }) => sweeper.stop()));
  }

  get isBusy(): boolean {
    return this.lanes.some(({ sweeper }) => sweeper.isBusy);
  }

  async settled(): Promise<void> {
    while (this.isBusy) await Promise.all(this.lanes.map(({ sweeper }) => sweeper.settled()));
  }

  health(): DriverHealth {
    return { driver: this.lanes.length === 0 ? 'none' : 'in-process', status: 'ok' };
  }
}
