import { Inject, Injectable } from '@nestjs/common';
import { Money, type Clock } from '#libs/primitives';
import type { BalanceAnswer } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { isSameLimit } from '../provider-accounts/low-balance.dto.js';
import type { LowBalance, ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import { BalanceResponse } from './balance.dto.js';
import { ProviderBalance, type StoredBalance } from './provider-balance.entity.js';

type Balances = Extract<BalanceAnswer, { kind: 'balances' }>['balances'];

/** Writes down what providers say about the money in accounts, and tells the merchant when it falls below his limit. */
@Injectable()
export class BalanceBook {
  constructor(
    private readonly database: Database,
    private readonly fanout: WebhookFanout,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Stores the answer to a question asked at `askedAt`, in the caller's transaction. False where a newer one is there already.
   * An answer to a question of an earlier refresh leaves the one under way alone.
   */
  async store(tx: Tx, account: ProviderAccount, askedAt: number, balances: Balances): Promise<boolean> {
    const before = await this.lock(tx, account.id);
    if (!before || (before.answersFrom !== null && before.answersFrom > askedAt)) return false;
    const now = this.clock.now();
    const stored = balances.map(({ account: name, available }) => ({
      account: name,
      available: available.format(),
      currency: available.currency,
    }));
    const belowLimit = isBelow(account.lowBalance, stored) ? account.lowBalance : null;
    const after: ProviderBalance = {
      ...before,
      ...{ balances: stored, asOf: now, answersFrom: askedAt, belowLimit },
      ...(askedAt >= before.startedAt && { refresh: 'succeeded', finishedAt: now, trouble: null }),
    };
    const { providerAccountId, ...changes } = after;
    await tx.manager.update(ProviderBalance, { providerAccountId }, changes);
    if (belowLimit && !isSameLimit(belowLimit, before.belowLimit)) await this.tellLow(tx, account, after);
    return true;
  }

  // Two answers at once stand in line. On SQLite writers do anyway.
  private lock(tx: Tx, providerAccountId: string): Promise<ProviderBalance | null> {
    const query = tx.manager.createQueryBuilder(ProviderBalance, 'balance').where({ providerAccountId });
    return (this.database.kind === 'mysql' ? query.setLock('pessimistic_write') : query).getOne();
  }

  private async tellLow(tx: Tx, account: ProviderAccount, balance: ProviderBalance): Promise<void> {
    const { id: subjectId, merchantId, mode } = account;
    const data = BalanceResponse.from(account, balance, this.clock.now());
    await this.fanout.tell(tx, { merchantId, mode, subjectId, type: 'provider.balance_low', data });
  }
}

/** Whether the named account, or all of the currency together, hold less than the limit. Pure. */
export function isBelow(limit: LowBalance | null, balances: readonly StoredBalance[]): boolean {
  if (!limit) return false;
  const counted = balances.filter(
    ({ account, currency }) => currency === limit.currency && (limit.account === null || account === limit.account),
  );
  // What the provider does not name is not known to be empty.
  if (counted.length === 0) return false;
  const sum = counted.reduce(
    (total, { available, currency }) => total.plus(Money.ofMajor(available, currency)),
    Money.ofMinor(0n, limit.currency),
  );
  return sum.compare(Money.ofMajor(limit.amount, limit.currency)) < 0;
}
