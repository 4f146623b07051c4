import type { BatchTx } from '../database/batch-tx.js';
import type { Problem } from '../http/problem.js';
import type { Application } from './admission.js';
import type { GuardClaim } from './phone-guards.js';
import type { Transaction } from './transaction.entity.js';
import type { TransactionResponse } from './transaction.response.js';

/** What else must hold for a request to be taken, and what changes with it. Judged and written in the same commit. */
export interface AcceptClaim {
  /** Requests with the same key are judged one after another. */
  readonly key: string;
  /** Looks, and answers why the request cannot be taken, or undefined. Asked anew for each try. */
  judge(batch: BatchTx): Promise<Problem | undefined>;
  /** Notes what changes with the request, by what was just seen; with `ClaimRaceError` where that is no longer so. */
  write(batch: BatchTx): void;
}

/** A request to make a transaction, checked as far as it can be without the database. */
export interface AcceptRequest {
  readonly transaction: Transaction;
  readonly idempotency: { readonly keyHash: string; readonly requestHash: string };
  readonly referenceHash: string;
  readonly guards: readonly GuardClaim[];
  /** Why it cannot be taken, if neither a replay nor a taken reference answers first. */
  readonly refusal?: Problem;
  /** What the transaction is made for has a say too: it answers right after a replay. */
  readonly claim?: AcceptClaim;
  /** Who judges it last of all. */
  readonly application?: Application;
}

/** What the client hears. */
export type Accepted =
  | { readonly kind: 'created'; readonly transaction: TransactionResponse }
  | { readonly kind: 'replayed'; readonly transaction: object; readonly statusCode: number }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** Raised where another writer changed what a claim was judged by, between our look and our write: look again. */
export class ClaimRaceError extends Error {}
