import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Problem } from '../http/problem.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import { BalanceInquiries } from './balance-inquiries.js';
import { BalanceRefreshes } from './balance-refreshes.js';
import { BalanceResponse } from './balance.dto.js';
import { ProviderBalance } from './provider-balance.entity.js';

/** The money in the merchant's provider accounts, as the providers told it last. */
@Injectable()
export class BalancesService {
  constructor(
    private readonly database: Database,
    private readonly accounts: ProviderAccountsService,
    private readonly inquiries: BalanceInquiries,
    private readonly refreshes: BalanceRefreshes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Of every enabled account that tells its balance. Asks nobody. */
  async list({ merchantId, mode }: MerchantCaller): Promise<BalanceResponse[]> {
    return this.show(this.pick(await this.accounts.findRoutable(merchantId, mode)));
  }

  /**
   * Has the provider asked, for one account or all. A refresh that is under way is answered as it stands. Throws `not_found`,
   * and `conflict` where the account tells no balance.
   */
  async refresh(caller: MerchantCaller, accountId: string | undefined): Promise<BalanceResponse[]> {
    const accounts =
      accountId === undefined
        ? this.pick(await this.accounts.findRoutable(caller.merchantId, caller.mode))
        : [await this.getTelling(caller, accountId)];
    for (const account of accounts) await this.refreshes.begin(account);
    return this.show(accounts);
  }

  private async getTelling(caller: MerchantCaller, accountId: string): Promise<ProviderAccount> {
    const account = await this.accounts.getOwn(caller, accountId);
    if (this.inquiries.find(account)) return account;
    throw new Problem(
      'conflict',
      'This account tells no balance: its provider does not, or the account lacks the credentials for it.',
    );
  }

  private pick(accounts: readonly ProviderAccount[]): ProviderAccount[] {
    return accounts.filter((account) => this.inquiries.find(account) !== undefined);
  }

  private async show(accounts: readonly ProviderAccount[]): Promise<BalanceResponse[]> {
    const rows = await this.database.read.find(ProviderBalance, {
      where: { providerAccountId: In(accounts.map(({ id }) => id)) },
    });
    const byAccount = new Map(rows.map((row) => [row.providerAccountId, row]));
    const now = this.clock.now();
    return accounts.map((account) => BalanceResponse.from(account, byAccount.get(account.id), now));
  }
}
