import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { RawCallback } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { again, DONE, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { Metrics } from '../metrics/metrics.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { CallbackOwners, type CallbackOwner } from './callback-owners.js';
import { Callback } from './callback.entity.js';

const SECOND = 1_000;

/** A message can be faster than our own commit, and the provider may be away when it is asked whose it is. */
const RETRY_MS = [2, 5, 15, 60, 300, 900, 1_800, 3_600].map((seconds) => seconds * SECOND);

/** For the attempt, if it was found; else what becomes of the job. */
export type Matched = { readonly kind: 'attempt'; readonly attempt: Attempt } | JobResult;

/** Leads messages on a path that a whole provider account shares to their attempt. What leads nowhere is kept and counted. */
@Injectable()
export class AccountCallbacks {
  constructor(
    private readonly database: Database,
    private readonly owners: CallbackOwners,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async match(callback: Callback, raw: RawCallback, { startedBefore }: JobTurn): Promise<Matched> {
    if (callback.providerAccountId === null) return DONE;
    const owner = await this.owners.find(callback.providerAccountId, raw);
    if (owner.kind === 'attempt') {
      await this.update(callback, { attemptId: owner.attempt.id });
      return owner;
    }
    const delay = RETRY_MS[startedBefore];
    if (owner.kind === 'later' && delay !== undefined)
      return again(this.clock.now() + Math.max(delay, owner.retryAfterMs));
    await this.giveUp(callback, owner);
    return DONE;
  }

  private async giveUp(callback: Callback, owner: Exclude<CallbackOwner, { kind: 'attempt' }>): Promise<void> {
    const { trust } = owner;
    if (trust === 'forged' || trust === 'unreadable')
      return this.update(callback, { state: 'applied', trust, outcome: 'Kept; it moved nothing.' });
    this.metrics.unmatchedCallbacks.inc();
    const why =
      owner.kind === 'later' ? `We could not learn whose it is: ${owner.cause}.` : 'It is about nothing that we sent.';
    await this.update(callback, { state: 'unmatched', trust: trust === 'signed' ? trust : 'unsigned', outcome: why });
  }

  private async update(callback: Callback, changes: Partial<Omit<Callback, 'headers'>>): Promise<void> {
    await this.database.write((tx) => tx.manager.update(Callback, { id: callback.id }, changes));
  }
}
