import type { BatchTx } from '../database/batch-tx.js';
import type { LookUp } from '../database/statements.js';
import type { Problem } from '../http/problem.js';
import type { Transaction } from './transaction.entity.js';

/** A request that asks to be admitted. */
export interface Applicant {
  readonly transaction: Transaction;
  /** The API key that asks. */
  readonly keyId: string;
}

/** A refusal, or the transaction as it is taken: perhaps with other people to ask first. */
export type Verdict =
  | { readonly kind: 'admitted'; readonly transaction: Transaction }
  | { readonly kind: 'refused'; readonly problem: Problem };

/**
 * Judges requests by rules of a feature, inside the transaction that takes them and last of all. What it counts it notes in
 * the same batch, so that nothing is counted that is not taken.
 */
export interface AdmissionDesk<Row = unknown> {
  /** What it wants to know beforehand; it travels with the look-ups that are made anyway. */
  toLookUp(merchantIds: readonly string[]): LookUp<Row>;
  /** One verdict for each, judged in this order. */
  admit(batch: BatchTx, applicants: readonly Applicant[], found: readonly Row[]): Promise<readonly Verdict[]>;
}

/** That a request wants to be admitted, and where. */
export interface Application {
  readonly desk: AdmissionDesk;
  readonly keyId: string;
}
