import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type Provider,
} from '@nestjs/common';
import type { Queue } from 'bull';
import { systemClock, systemScheduler, type Clock, type IdSource, type Scheduler } from '#libs/primitives';
import { CLOCK, IDS, SCHEDULER } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { HealthProbes } from '../health/health-probes.js';
import { RedisLink } from '../redis/redis-link.js';
import { BullDriver } from './bull-driver.js';
import { QUEUE_TOKENS, registerQueues } from './bull-queues.js';
import { InProcessDriver } from './in-process-driver.js';
import { JOB_DRIVER, type JobDriver } from './job-driver.js';
import { LANES } from './job-lanes.js';
import { JobRunner } from './job-runner.js';
import { JobStore } from './job-store.js';
import { Jobs } from './jobs.js';

// Well inside the limit that main.ts gives the whole process: what is not done by then is given back.
const FINISH_LIMIT_MS = 12_000;
// More than retries and short outages explain: workers are missing, stuck or too few.
const LAG_LIMIT_MS = 60_000;

/** Work that must happen: written with the state that makes it necessary, run by a driver. */
@Module({})
export class JobsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** With Redis ids travel through Bull; without, each process that runs jobs finds them itself. */
  static with(settings: Settings): DynamicModule {
    const carried = settings.redisUrl !== undefined;
    return {
      module: JobsModule,
      global: true,
      imports: carried ? [registerQueues()] : [],
      providers: [
        {
          provide: JobStore,
          inject: [Database, CLOCK, IDS],
          useFactory: createStore,
        },
        JobRunner,
        Jobs,
        carried ? bullDriver(settings) : { provide: JOB_DRIVER, useClass: InProcessDriver },
      ],
      exports: [JobRunner, Jobs],
    };
  }

  constructor(
    @Inject(JOB_DRIVER) private readonly driver: JobDriver,
    private readonly runner: JobRunner,
    store: JobStore,
    probes: HealthProbes,
  ) {
    probes.register('jobs', { isVital: false, check: () => checkJobs(driver, store) });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.driver.start();
  }

  /** Finishes what is running, and gives back what takes too long: nobody has to wait until its lease lapses. */
  async beforeApplicationShutdown(): Promise<void> {
    let cancel: () => void = () => undefined;
    const tooLate = new Promise<void>((resolve) => (cancel = systemScheduler.after(FINISH_LIMIT_MS, resolve)));
    await Promise.race([this.driver.stop(), tooLate]);
    cancel();
    await this.runner.abandon();
  }
}

// Time that is moved by hand is the same for everybody; the machines' own clocks are not.
function createStore(database: Database, clock: Clock, ids: IdSource): JobStore {
  const sharesDatabase = database.kind === 'mysql' && clock === systemClock;
  return new JobStore(database, clock, ids, sharesDatabase ? 'database' : 'process');
}

function bullDriver({ role }: Settings): Provider {
  return {
    provide: JOB_DRIVER,
    inject: [RedisLink, JobStore, JobRunner, CLOCK, SCHEDULER, ...QUEUE_TOKENS],
    useFactory: (
      link: RedisLink,
      store: JobStore,
      runner: JobRunner,
      clock: Clock,
      scheduler: Scheduler,
      ...queues: Queue[]
    ) => {
      const carried = queues.flatMap((queue, index) => {
        const lane = LANES[index];
        return lane ? [{ lane, queue }] : [];
      });
      return new BullDriver(carried, role !== 'api', link, { store, runner, clock, scheduler });
    },
  };
}

async function checkJobs(driver: JobDriver, store: JobStore) {
  const lagMs = await store.findLagMs();
  const health = driver.health();
  const status = lagMs > LAG_LIMIT_MS ? ('degraded' as const) : health.status;
  return { status, facts: { driver: health.driver, lagMs } };
}
