import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { RateLimiter } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { again, DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import { PROVIDER_LIMITER } from '../providers/provider-ports.js';
import { getDefinition } from '../providers/registry.js';
import { BalanceInquiries } from './balance-inquiries.js';
import { BalanceRefreshes } from './balance-refreshes.js';
import type { ProviderBalance } from './provider-balance.entity.js';

/** So often a provider is asked in one refresh, each time on a new path. */
export const MOST_QUESTIONS = 3;

/** An account with a `lowBalance` is asked about this often by itself. */
export const WATCH_EVERY_MS = 15 * 60_000;

/** Asks a provider for the balance of an account until it answers, or has been asked often enough; then watches it. */
@Injectable()
export class RefreshBalanceHandler implements JobHandler, OnModuleInit {
  readonly kind = 'refresh_balance';

  constructor(
    private readonly refreshes: BalanceRefreshes,
    private readonly inquiries: BalanceInquiries,
    private readonly accounts: ProviderAccountsService,
    private readonly runner: JobRunner,
    @Inject(PROVIDER_LIMITER) private readonly limiter: RateLimiter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(accountId: string): Promise<JobResult> {
    const account = await this.accounts.get(accountId);
    const balance = await this.refreshes.find(accountId);
    if (balance?.refresh !== 'in_progress') return this.watch(account, balance);
    const now = this.clock.now();
    if (now < balance.nextAskAt) return again(balance.nextAskAt);
    const inquiry = this.inquiries.find(account);
    if (!inquiry || balance.questions >= MOST_QUESTIONS) {
      await this.refreshes.fail(accountId, inquiry ? toFailure(balance) : 'The account tells no balance any more.');
      return again(now);
    }
    const turn = await this.limiter.acquire(accountId, getDefinition(account.provider).rateLimit, 0);
    if (turn.kind === 'wait') return again(now + turn.retryAfterMs);
    await this.refreshes.ask(account, balance, inquiry);
    return again((await this.refreshes.find(accountId))?.nextAskAt ?? now);
  }

  /** Nobody asked for it: only what the merchant set a limit for is looked at by itself. */
  private async watch(account: ProviderAccount, balance: ProviderBalance | undefined): Promise<JobResult> {
    if (!account.enabled || !account.lowBalance || !this.inquiries.find(account)) return DONE;
    const now = this.clock.now();
    const dueAt = (balance?.finishedAt ?? 0) + WATCH_EVERY_MS;
    if (now < dueAt) return again(dueAt);
    await this.refreshes.begin(account);
    return again(now);
  }
}

function toFailure({ questions, trouble }: ProviderBalance): string {
  const last = trouble === null ? 'no answer came' : trouble;
  return `Asked ${String(questions)} times; the last time: ${last}.`.slice(0, 255);
}
