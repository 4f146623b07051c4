import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { LimitUsages } from './limit-usages.js';

const HOUR_MS = 60 * 60_000;
// Longer than any request that was judged at the end of a window can take to be stored.
const KEPT_MS = 24 * HOUR_MS;

/** Forgets windows that ended, so that their table holds days of payouts and not years. */
@Injectable()
export class LimitSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Limits');
  private cancel: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly usages: LimitUsages,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    // Housekeeping is a worker's.
    if (this.settings.role === 'api') return;
    this.cancel = this.scheduler.after(HOUR_MS, () => void this.sweep());
  }

  onApplicationShutdown(): void {
    this.cancel();
  }

  private async sweep(): Promise<void> {
    try {
      await this.database.write((tx) => this.usages.sweep(tx, this.clock.now() - KEPT_MS));
    } catch (error) {
      this.logger.warn({ err: error }, 'Old usage of limits could not be swept; trying again in an hour.');
    }
    this.onApplicationBootstrap();
  }
}
