import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { again, DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { LinkLife } from './link-life.js';

/** Ends a link when its time runs out. What is on its way to it then is still waited for. */
@Injectable()
export class ExpireLinkHandler implements JobHandler, OnModuleInit {
  readonly kind = 'expire_link';

  constructor(
    private readonly database: Database,
    private readonly life: LinkLife,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(linkId: string): Promise<JobResult> {
    return this.database.write(async (tx) => {
      const link = await this.life.lock(tx, linkId);
      if (link.status !== 'active') return DONE;
      const now = this.clock.now();
      if (now < link.expiresAt) return again(link.expiresAt);
      await this.life.change(tx, link, { status: 'expired', completedAt: now }, 'expired');
      return DONE;
    });
  }
}
