import { Inject, Injectable } from '@nestjs/common';
import type { Scheduler } from '#libs/primitives';
import { SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { HourlySweeper } from '../database/hourly-sweeper.js';
import type { Tx } from '../database/tx.js';
import { PhoneGuards } from './phone-guards.js';

/** Forgets phone guards that refuse nobody any more, so that their table holds hours of traffic and not years. */
@Injectable()
export class GuardSweeper extends HourlySweeper {
  constructor(
    database: Database,
    private readonly guards: PhoneGuards,
    @Inject(SCHEDULER) scheduler: Scheduler,
    @Inject(SETTINGS) settings: Settings,
  ) {
    super({ database, scheduler, settings }, 'PhoneGuards', 'Old phone guards');
  }

  protected sweep(tx: Tx): Promise<unknown> {
    return this.guards.sweep(tx);
  }
}
