import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { notFound } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import { SharedWindows } from '../rate-limits/shared-windows.js';
import { RedisLink } from '../redis/redis-link.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { Attempts } from '../transactions/attempts.js';
import { isOpen } from '../transactions/open-matters.js';
import { TransactionReader } from '../transactions/transaction-reader.js';
import { CallbackTokens, RETURN_PURPOSE } from './callback-tokens.js';

/** However often a page is loaded again, the provider is asked once in this time because of it. */
const ASK_AGAIN_MS = 10_000;

/**
 * Customers who come back from a provider's page. That they come back is news worth asking the provider about; what their
 * address says of the payment is anybody's claim and is read by nobody.
 */
@Injectable()
export class CustomerReturns {
  private readonly asked: SharedWindows;

  constructor(
    private readonly database: Database,
    private readonly tokens: CallbackTokens,
    private readonly attempts: Attempts,
    private readonly transactions: TransactionReader,
    private readonly jobs: Jobs,
    redis: RedisLink,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) scheduler: Scheduler,
  ) {
    this.asked = new SharedWindows({ name: 'return', limit: 1, windowMs: ASK_AGAIN_MS }, redis, clock, scheduler);
  }

  /** The merchant's page to go on to, which is told the transaction and no status. Throws `not_found`. */
  async follow(token: string): Promise<string> {
    const path = await this.tokens.find(token);
    if (path?.purpose !== RETURN_PURPOSE || path.attemptId === null) throw notFound();
    const attempt = await this.attempts.get(path.attemptId);
    const transaction = await this.transactions.find(attempt.transactionId);
    if (!transaction || transaction.returnUrl === null) throw notFound();
    if (isOpen(transaction, attempt)) await this.askSoon(attempt);
    const page = new URL(transaction.returnUrl);
    page.searchParams.set('transactionId', transaction.id);
    return page.href;
  }

  private async askSoon({ id }: Attempt): Promise<void> {
    if (!this.asked.take(id).admitted) return;
    await this.database.write((tx) =>
      this.jobs.ensure(tx, { kind: 'inquire', subjectId: id, runAt: this.clock.now() }),
    );
  }
}
