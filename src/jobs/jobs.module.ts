import { Global, Inject, Module, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { InProcessDriver } from './in-process-driver.js';
import { JOB_DRIVER, type JobDriver } from './job-driver.js';
import { JobRunner } from './job-runner.js';
import { JobStore } from './job-store.js';
import { Jobs } from './jobs.js';

/** Work that must happen: written with the state that makes it necessary, run by a driver. */
@Global()
@Module({
  providers: [JobStore, JobRunner, Jobs, { provide: JOB_DRIVER, useClass: InProcessDriver }],
  exports: [JobRunner, Jobs],
})
export class JobsModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(@Inject(JOB_DRIVER) private readonly driver: JobDriver) {}

  onApplicationBootstrap(): void {
    this.driver.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.driver.stop();
  }
}
