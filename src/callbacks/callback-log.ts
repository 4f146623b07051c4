import { Inject, Injectable } from '@nestjs/common';
import { firstIdAt, type Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Cursors, type Page } from '../http/pages.js';
import { notFound } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { Attempts } from '../transactions/attempts.js';
import { CallbackResponse, type ListCallbacksQuery } from './callback.dto.js';
import { Callback } from './callback.entity.js';

/** Shows merchants what providers sent about their payments, and applies a message once more when they ask for it. */
@Injectable()
export class CallbackLog {
  constructor(
    private readonly database: Database,
    private readonly attempts: Attempts,
    private readonly jobs: Jobs,
    private readonly cursors: Cursors,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `not_found`. */
  async get(caller: MerchantCaller, id: string): Promise<CallbackResponse> {
    const row = await this.getOwn(caller, id);
    return CallbackResponse.from(row, (await this.findAttempts([row])).get(row.attemptId ?? ''));
  }

  /** Newest first. */
  async list({ merchantId, mode }: MerchantCaller, query: ListCallbacksQuery): Promise<Page<CallbackResponse>> {
    const { limit, cursor, transactionId, state, trust, receivedFrom, receivedTo } = query;
    const filters = { transactionId, state, trust, receivedFrom, receivedTo };
    const binding = ['callbacks', merchantId, mode, filters];
    const after = this.cursors.read(cursor, binding);
    const list = this.database.read
      .createQueryBuilder(Callback, 'callback')
      // Left alone, the planner takes the primary key for a large merchant and reads everybody's rows.
      .useIndex(transactionId === undefined ? 'callbacks_by_merchant' : 'callbacks_by_attempt')
      .where('callback.merchant_id = :merchantId AND callback.mode = :mode', { merchantId, mode });
    if (transactionId !== undefined) {
      const attempts = await this.attempts.list(transactionId);
      // No id is empty: an unknown transaction has no callbacks.
      list.andWhere('callback.attempt_id IN (:...attemptIds)', { attemptIds: ['', ...attempts.map(({ id }) => id)] });
    }
    if (after !== undefined) list.andWhere('callback.id < :after', { after });
    if (receivedFrom !== undefined)
      list.andWhere('callback.id >= :from', { from: firstIdAt('clb', Date.parse(receivedFrom)) });
    if (receivedTo !== undefined) list.andWhere('callback.id < :to', { to: firstIdAt('clb', Date.parse(receivedTo)) });
    if (state !== undefined) list.andWhere('callback.state = :state', { state });
    if (trust !== undefined) list.andWhere('callback.trust = :trust', { trust });
    const rows = await list
      .orderBy('callback.id', 'DESC')
      .limit(limit + 1)
      .getMany();
    const attempts = await this.findAttempts(rows);
    return this.cursors.toPage(rows, limit, binding, (row) =>
      CallbackResponse.from(row, attempts.get(row.attemptId ?? '')),
    );
  }

  /**
   * Reads a stored message again, as if it came now. Safe at any time: evidence that was heard before is a line in the
   * timeline that moves nothing, and a hint makes us ask once more. Throws `not_found`.
   */
  async replay(caller: MerchantCaller, id: string): Promise<CallbackResponse> {
    const { merchantId, mode } = caller;
    await this.database.write(async (tx) => {
      const { affected } = await tx.manager.update(Callback, { id, merchantId, mode }, { state: 'received' });
      if (affected === 0) throw notFound();
      await this.jobs.ensure(tx, { kind: 'apply_callback', subjectId: id, runAt: this.clock.now() });
    });
    return this.get(caller, id);
  }

  private async getOwn({ merchantId, mode }: MerchantCaller, id: string): Promise<Callback> {
    const row = await this.database.read.findOne(Callback, { where: { id, merchantId, mode } });
    if (!row) throw notFound();
    return row;
  }

  private async findAttempts(rows: readonly Callback[]): Promise<ReadonlyMap<string, Attempt>> {
    const ids = new Set(rows.flatMap(({ attemptId }) => attemptId ?? []));
    const attempts = await this.attempts.findAll([...ids]);
    return new Map(attempts.map((attempt) => [attempt.id, attempt]));
  }
}
