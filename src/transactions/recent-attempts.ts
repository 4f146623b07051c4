import { Inject, Injectable } from '@nestjs/common';
import { In, MoreThanOrEqual } from 'typeorm';
import { firstIdAt, type Clock } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Attempt } from './attempt.entity.js';
import { Transaction } from './transaction.entity.js';

/** An attempt as it stands now, with what tells whether its provider did its part. */
export interface RecentAttempt {
  readonly provider: string;
  readonly providerAccountId: string;
  readonly method: string;
  readonly kind: Transaction['kind'];
  readonly verdict: Attempt['verdict'];
  readonly status: Transaction['status'];
  readonly failureCode: string | null;
  readonly doubtReason: string | null;
}

// Enough to judge by, and a bounded read however much traffic there is: the newest stand for the rest.
const MOST = 1_000;

/** Reads what providers did lately for all merchants of a mode. */
@Injectable()
export class RecentAttempts {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Attempts opened in the last `spanMs`, newest first: ids begin with their time, so the table's key finds them. */
  async list(mode: Mode, spanMs: number): Promise<RecentAttempt[]> {
    const since = firstIdAt('att', this.clock.now() - spanMs);
    const attempts = await this.database.read.find(Attempt, {
      select: { id: true, transactionId: true, provider: true, providerAccountId: true, verdict: true },
      where: { id: MoreThanOrEqual(since), mode },
      order: { id: 'DESC' },
      take: MOST,
    });
    if (attempts.length === 0) return [];
    const transactions = await this.database.read.find(Transaction, {
      select: { id: true, kind: true, method: true, status: true, failure: true, doubt: true },
      where: { id: In([...new Set(attempts.map(({ transactionId }) => transactionId))]) },
    });
    const byId = new Map(transactions.map((transaction) => [transaction.id, transaction]));
    return attempts.flatMap(({ transactionId, provider, providerAccountId, verdict }) => {
      const transaction = byId.get(transactionId);
      if (!transaction) return [];
      const { kind, method, status, failure, doubt } = transaction;
      return [
        {
          provider,
          providerAccountId,
          method,
          kind,
          verdict,
          status,
          failureCode: failure?.code ?? null,
          doubtReason: doubt?.reason ?? null,
        },
      ];
    });
  }
}
