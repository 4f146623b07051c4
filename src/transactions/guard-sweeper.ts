import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Scheduler } from '#libs/primitives';
import { SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { PhoneGuards } from './phone-guards.js';

const SWEEP_EVERY_MS = 60 * 60_000;

/** Forgets phone guards that refuse nobody any more, so that their table holds hours of traffic and not years. */
@Injectable()
export class GuardSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('PhoneGuards');
  private cancel: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly guards: PhoneGuards,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    // Housekeeping is a worker's.
    if (this.settings.role === 'api') return;
    this.cancel = this.scheduler.after(SWEEP_EVERY_MS, () => void this.sweep());
  }

  onApplicationShutdown(): void {
    this.cancel();
  }

  private async sweep(): Promise<void> {
    try {
      await this.database.write((tx) => this.guards.sweep(tx));
    } catch (error) {
      this.logger.warn({ err: error }, 'Old phone guards could not be swept; trying again in an hour.');
    }
    this.onApplicationBootstrap();
  }
}
