import { Injectable, Logger } from '@nestjs/common';
import type { BalanceInquiry, Callbacks, Provider } from '#libs/provider-kit';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderConnections } from '../providers/connections.js';

/** Finds out which accounts tell their balance at all: some providers never do, some only with the right credentials. */
@Injectable()
export class BalanceInquiries {
  private readonly logger = new Logger('Balances');

  constructor(private readonly connections: ProviderConnections) {}

  /** Undefined where the account tells none. */
  find(account: ProviderAccount): BalanceInquiry | undefined {
    return this.connect(account)?.balance;
  }

  /** How its messages are read. */
  findCallbacks(account: ProviderAccount): Callbacks | undefined {
    return this.connect(account)?.callbacks;
  }

  private connect(account: ProviderAccount): Provider | undefined {
    try {
      return this.connections.connect(account);
    } catch (error) {
      this.logger.error({ err: error, account: account.id }, 'A provider account cannot be connected.');
      return undefined;
    }
  }
}
