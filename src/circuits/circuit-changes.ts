import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { LEASE_MS } from '../jobs/job-store.js';
import { CircuitBoard } from './circuit-board.js';
import { toRestMs } from './circuit-breaker.js';
import { CircuitNews } from './circuit-news.js';
import { toPlace, type Circuit } from './circuit.js';
import { ProviderCircuit } from './provider-circuit.entity.js';
import type { CallFigures } from './recent-calls.js';

/**
 * Writes what a process found out about a circuit, so that all others follow. Each change is one conditional update: of many
 * that find out the same, one changes the row, and its transaction carries the news.
 */
@Injectable()
export class CircuitChanges {
  constructor(
    private readonly database: Database,
    private readonly board: CircuitBoard,
    private readonly news: CircuitNews,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The provider does not serve this account. */
  async open(circuit: Circuit, figures: CallFigures): Promise<void> {
    const now = this.clock.now();
    const row: ProviderCircuit = {
      ...toPlace(circuit),
      providerAccountId: circuit.account.id,
      merchantId: circuit.account.merchantId,
      state: 'open',
      retryAt: now + toRestMs(1),
      trialEndsAt: 0,
      openings: 1,
      since: now,
      updatedAt: now,
    };
    const listeners = await this.news.findListeners(circuit);
    await this.change(async (tx) => {
      if (await this.toOpen(tx, row)) await this.news.tellDegraded(tx, row, listeners, figures);
    });
  }

  /** The right to try, alone of all processes; undefined where somebody else has it. Who dies with it loses it in a minute. */
  async takeTrial(open: ProviderCircuit): Promise<ProviderCircuit | undefined> {
    // Longer than one turn at a payment may last.
    const trialEndsAt = this.clock.now() + LEASE_MS;
    const { retryAt, trialEndsAt: before } = open;
    const taken = await this.change((tx) => this.update(tx, open, { retryAt, trialEndsAt: before }, { trialEndsAt }));
    return taken ? { ...open, trialEndsAt } : undefined;
  }

  /** The trial failed. */
  async restAgain(trial: ProviderCircuit): Promise<void> {
    const now = this.clock.now();
    const openings = trial.openings + 1;
    const changes = { openings, retryAt: now + toRestMs(openings), trialEndsAt: 0, updatedAt: now };
    await this.change((tx) => this.update(tx, trial, { trialEndsAt: trial.trialEndsAt }, changes));
  }

  /** Nothing was learned: somebody else may try. */
  async giveBack(trial: ProviderCircuit): Promise<void> {
    await this.change((tx) => this.update(tx, trial, { trialEndsAt: trial.trialEndsAt }, { trialEndsAt: 0 }));
  }

  /** The provider served this account: if that was a trial, or somebody was told otherwise, it is news. */
  async noteService(circuit: Circuit, trial: ProviderCircuit | undefined): Promise<void> {
    if (!trial && !(await this.news.isTold(circuit))) return;
    const now = this.clock.now();
    const listeners = await this.news.findNeighbours(circuit);
    await this.change(async (tx) => {
      if (trial) await this.update(tx, trial, {}, { state: 'closed', trialEndsAt: 0, since: now, updatedAt: now });
      await this.news.tellRecovered(tx, toPlace(circuit), listeners);
    });
  }

  private async change<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await this.database.write(work).catch((error: unknown) => {
        // Somebody told the same merchants at the same moment: now it can be seen whom.
        if (isDuplicate(error)) return this.database.write(work);
        throw error;
      });
    } finally {
      this.board.forget();
    }
  }

  private async toOpen(tx: Tx, row: ProviderCircuit): Promise<boolean> {
    const { providerAccountId, operation, ...changes } = row;
    const { affected } = await tx.manager.update(
      ProviderCircuit,
      { providerAccountId, operation, state: 'closed' },
      changes,
    );
    if (affected === 1) return true;
    try {
      await tx.insert(ProviderCircuit, [row]);
      return true;
    } catch (error) {
      // It is open already.
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  private async update(
    tx: Tx,
    { providerAccountId, operation }: ProviderCircuit,
    where: Partial<Pick<ProviderCircuit, 'retryAt' | 'trialEndsAt'>>,
    changes: Partial<ProviderCircuit>,
  ): Promise<boolean> {
    const open = { ...where, providerAccountId, operation, state: 'open' } as const;
    const { affected } = await tx.manager.update(ProviderCircuit, open, changes);
    return affected === 1;
  }
}
