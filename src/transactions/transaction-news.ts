import { Injectable, Logger } from '@nestjs/common';
import type { Inserts } from '../database/tx.js';
import type { Transaction } from './transaction.entity.js';
import type { TransactionStatus } from './transaction-states.js';

/** That a transaction was made or moved, durably, by this process. */
export interface TransactionChange {
  readonly transaction: Transaction;
  /** Null where it was just made. */
  readonly from: TransactionStatus | null;
}

type Follower = (change: TransactionChange) => void;

/**
 * What this process just committed, for those who wait or count. Never the only source of anything: what other processes
 * commit, and what was committed before a crash, is in the database alone.
 */
@Injectable()
export class TransactionNews {
  private readonly logger = new Logger('Transactions');
  private readonly followers = new Set<Follower>();

  /** Calls the follower after each commit until the answer is called. */
  follow(follower: Follower): () => void {
    this.followers.add(follower);
    return () => void this.followers.delete(follower);
  }

  announceAfterCommit(tx: Inserts, change: TransactionChange): void {
    tx.afterCommit(() => this.announce(change));
  }

  // One follower that fails must not cost the others their news.
  private announce(change: TransactionChange): void {
    for (const follower of this.followers) {
      try {
        follower(change);
      } catch (error) {
        this.logger.error({ err: error, transaction: change.transaction.id }, 'News of a transaction failed.');
      }
    }
  }
}
