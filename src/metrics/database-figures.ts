import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { z } from 'zod';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { listDefinitions } from '../providers/registry.js';
import { isFinal, TRANSACTION_STATUSES } from '../transactions/transaction-states.js';
import { Metrics } from './metrics.js';

const OPEN = TRANSACTION_STATUSES.filter((status) => !isFinal(status));

const Open = z.array(z.object({ status: z.string(), count: z.coerce.number() }));
const OpenCircuits = z.array(
  z.object({ provider: z.string(), operation: z.string(), mode: z.string(), count: z.coerce.number() }),
);
const Due = z.array(z.object({ kind: z.string(), count: z.coerce.number(), runAt: z.coerce.number() }));

const CIRCUITS = listDefinitions().flatMap(({ id, operations }) =>
  Object.keys(operations).flatMap((operation) => ['test', 'live'].map((mode) => ({ provider: id, operation, mode }))),
);

/** The figures that only the database knows: they are those of all processes together, and read when somebody asks. */
@Injectable()
export class DatabaseFigures {
  private readonly logger = new Logger('Metrics');

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Never rejects: where the database is away, the rest is worth reading all the more. */
  async refresh(): Promise<void> {
    const { open, openCircuits, jobsDue, jobLag, unreadable } = this.metrics;
    const gauges = [open, openCircuits, jobsDue, jobLag];
    for (const gauge of gauges) gauge.reset();
    try {
      // A status that nobody is in is a figure too: an alert must see the zero come back.
      for (const status of OPEN) open.set({ status }, 0);
      for (const { status, count } of await this.countOpen()) open.set({ status }, count);
      for (const labels of CIRCUITS) openCircuits.set(labels, 0);
      for (const { count, ...labels } of await this.countOpenCircuits()) openCircuits.set(labels, count);
      const now = this.clock.now();
      for (const { kind, count, runAt } of await this.countDue(now)) {
        jobsDue.set({ kind }, count);
        jobLag.set({ kind }, (now - runAt) / 1_000);
      }
    } catch (error) {
      for (const gauge of gauges) gauge.reset();
      unreadable.inc();
      this.logger.warn({ err: error }, 'The database could not be asked for metrics.');
    }
  }

  private async countOpen() {
    const rows: unknown = await this.database.read.query(
      `SELECT status, COUNT(*) AS count FROM transactions
        WHERE status IN (${OPEN.map(() => '?').join(', ')}) GROUP BY status`,
      [...OPEN],
    );
    return Open.parse(rows);
  }

  private async countOpenCircuits() {
    const rows: unknown = await this.database.read.query(
      `SELECT provider, operation, mode, COUNT(*) AS count FROM provider_circuits
        WHERE state = 'open' GROUP BY provider, operation, mode`,
    );
    return OpenCircuits.parse(rows);
  }

  // A leased row says when its lease ends: due are only those that nobody holds, or that somebody let go by dying.
  private async countDue(now: number) {
    const rows: unknown = await this.database.read.query(
      'SELECT kind, COUNT(*) AS count, MIN(run_at) AS runAt FROM jobs WHERE run_at <= ? GROUP BY kind',
      [now],
    );
    return Due.parse(rows);
  }
}
