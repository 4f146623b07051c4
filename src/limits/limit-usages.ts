import { Injectable, type OnModuleInit } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import type { TransactionStatus } from '../transactions/transaction-states.js';
import { LimitReservation, LimitUsage } from './limit-usage.entity.js';
import { toHour, toMerchantWindow } from './caps.js';
import type { ControlOwner } from './payout-control.entity.js';

const UNPAID: readonly TransactionStatus[] = ['failed', 'cancelled', 'expired'];

/** What was used of an hour and a day, in minor units. */
export interface MerchantUsage {
  readonly hour: { readonly usedMinor: bigint; readonly renewsAt: number };
  readonly day: { readonly usedMinor: bigint; readonly renewsAt: number };
}

/**
 * Keeps what caps count in step with what becomes of each payout: given back when it is proven that no money moved, counted
 * again when that proof is contradicted. Doubt counts as spent.
 */
@Injectable()
export class LimitUsages implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly lifecycle: TransactionLifecycle,
  ) {}

  onModuleInit(): void {
    this.lifecycle.accompany((tx, before, after) => this.follow(tx, before, after));
  }

  /** What the merchant used of the hour and the day of an instant. */
  async find(owner: ControlOwner, currency: string, now: number): Promise<MerchantUsage> {
    const hour = toMerchantWindow({ ...owner, currency }, 'perHour', now);
    const day = toMerchantWindow({ ...owner, currency }, 'perDay', now);
    const rows = await this.database.read.find(LimitUsage, {
      where: { usageHash: In([hour.usageHash, day.usageHash]) },
    });
    const used = (hash: string): bigint => rows.find(({ usageHash }) => usageHash === hash)?.usedMinor ?? 0n;
    return {
      hour: { usedMinor: used(hour.usageHash), renewsAt: toHour(now).endsAt },
      day: { usedMinor: used(day.usageHash), renewsAt: day.endsAt },
    };
  }

  /** Forgets windows that ended before the instant, and what was counted in them. */
  async sweep(tx: Tx, endedBefore: number): Promise<void> {
    await tx.manager.delete(LimitUsage, { endsAt: LessThan(endedBefore) });
    await tx.manager.delete(LimitReservation, { endsAt: LessThan(endedBefore) });
  }

  private async follow(tx: Tx, before: Transaction, after: Transaction): Promise<void> {
    if (after.kind === 'collection') return;
    const wasUnpaid = UNPAID.includes(before.status);
    const isUnpaid = UNPAID.includes(after.status);
    if (wasUnpaid !== isUnpaid) await this.add(tx, after, isUnpaid ? -after.amountMinor : after.amountMinor);
  }

  private async add(tx: Tx, { id }: Transaction, amountMinor: bigint): Promise<void> {
    const reservation = await tx.manager.findOne(LimitReservation, { where: { transactionId: id } });
    if (!reservation) return;
    await tx.manager
      .createQueryBuilder()
      .update(LimitUsage)
      .set({ usedMinor: () => 'used_minor + :amount' })
      .where('usage_hash IN (:...hashes)', { hashes: reservation.usageHashes })
      .setParameter('amount', Number(amountMinor))
      .execute();
  }
}
