import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Scheduler } from '#libs/primitives';
import type { Settings } from '../config/settings.js';
import type { Database } from './database.js';
import type { Tx } from './tx.js';

const HOUR_MS = 60 * 60_000;

/** What every sweeper needs of the process. */
export interface SweeperDeps {
  readonly database: Pick<Database, 'write'>;
  readonly scheduler: Scheduler;
  readonly settings: Pick<Settings, 'role'>;
}

/** Forgets every hour what nobody needs any more. Housekeeping is a worker's: a process that only answers does none. */
export abstract class HourlySweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger: Logger;
  private cancel: () => void = () => undefined;
  private isOver = false;

  /** For the log: whose it is, and what is swept, such as "Old phone guards". */
  protected constructor(
    private readonly deps: SweeperDeps,
    owner: string,
    private readonly what: string,
  ) {
    this.logger = new Logger(owner);
  }

  protected abstract sweep(tx: Tx): Promise<unknown>;

  onApplicationBootstrap(): void {
    if (this.deps.settings.role !== 'api') this.plan();
  }

  onApplicationShutdown(): void {
    this.isOver = true;
    this.cancel();
  }

  private plan(): void {
    if (!this.isOver) this.cancel = this.deps.scheduler.after(HOUR_MS, () => void this.run());
  }

  private async run(): Promise<void> {
    try {
      await this.deps.database.write((tx) => this.sweep(tx));
    } catch (error) {
      this.logger.warn({ err: error }, `${this.what} could not be swept; trying again in an hour.`);
    }
    this.plan();
  }
}
