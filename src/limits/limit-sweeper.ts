import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { HourlySweeper } from '../database/hourly-sweeper.js';
import type { Tx } from '../database/tx.js';
import { LimitUsages } from './limit-usages.js';

// Longer than any request that was judged at the end of a window can take to be stored.
const KEPT_MS = 24 * 60 * 60_000;

/** Forgets windows that ended, so that their table holds days of payouts and not years. */
@Injectable()
export class LimitSweeper extends HourlySweeper {
  constructor(
    database: Database,
    private readonly usages: LimitUsages,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) scheduler: Scheduler,
    @Inject(SETTINGS) settings: Settings,
  ) {
    super({ database, scheduler, settings }, 'Limits', 'Old usage of limits');
  }

  protected sweep(tx: Tx): Promise<void> {
    return this.usages.sweep(tx, this.clock.now() - KEPT_MS);
  }
}
