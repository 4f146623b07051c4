import { Inject, Injectable, Logger } from '@nestjs/common';
import { In, IsNull, LessThan } from 'typeorm';
import { firstIdAt, type Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { Metrics } from '../metrics/metrics.js';
import { Callback } from './callback.entity.js';

// A sample, for people to see what goes wrong at a provider: real messages have one or two kilobytes. Anybody can post there,
// so what one process keeps is bounded: under a flood 130,000 rows of at most 6 kB, less than a gigabyte.
const KEPT_A_MINUTE = 30;
const KEPT_BODY_BYTES = 4_000;
const KEPT_HEADER_BYTES = 2_000;

/** How long they are kept. */
export const STRAYS_KEPT_MS = 3 * 24 * 60 * 60_000;

const WINDOW_MS = 60_000;
const FORGOTTEN_AT_ONCE = 500;

/**
 * Messages on paths that we never gave out, or have ended: counted, and a few of them kept for a while. They are nobody's, so
 * nobody is shown them.
 */
@Injectable()
export class StrayCallbacks {
  private readonly logger = new Logger('Callbacks');
  private windowSince = 0;
  private count = 0;

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async keep(row: Callback): Promise<void> {
    this.metrics.strayCallbacks.inc();
    const begins = this.beginWindow();
    if (++this.count > KEPT_A_MINUTE) return;
    const stray = { ...row, headers: cutHeaders(row.headers), body: row.body.subarray(0, KEPT_BODY_BYTES) };
    try {
      await this.database.write(async (tx) => {
        // Who adds rows clears away: one minute's are fewer than what goes at once.
        if (begins) await this.forgetSome(tx);
        await tx.insert(Callback, [stray]);
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  private beginWindow(): boolean {
    const now = this.clock.now();
    if (now - this.windowSince < WINDOW_MS) return false;
    if (this.count > KEPT_A_MINUTE)
      this.logger.warn({ count: this.count }, 'Callbacks on unknown paths within a minute.');
    this.windowSince = now;
    this.count = 0;
    return true;
  }

  private async forgetSome(tx: Tx): Promise<void> {
    const old = await tx.manager
      .createQueryBuilder(Callback, 'callback')
      .select('callback.id')
      .useIndex('callbacks_by_merchant')
      .where({
        merchantId: IsNull(),
        mode: IsNull(),
        id: LessThan(firstIdAt('clb', this.clock.now() - STRAYS_KEPT_MS)),
      })
      .orderBy('callback.id')
      .limit(FORGOTTEN_AT_ONCE)
      .getMany();
    if (old.length > 0) await tx.manager.delete(Callback, { id: In(old.map(({ id }) => id)) });
  }
}

function cutHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  let bytes = 0;
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => (bytes += name.length + value.length) <= KEPT_HEADER_BYTES),
  );
}
