import type { Bench } from './bench.js';
import type { MovementName } from './stage.js';

/** What a check is about: one capability, or what every provider has. */
export type Subject = 'facts' | 'account' | 'token' | 'balance' | 'catalogue' | 'callbacks' | MovementName;

/** One rule for every adapter. */
export interface Check {
  readonly subject: Subject;
  readonly name: string;
  /** Throws where the adapter breaks the rule. */
  readonly run: (bench: Bench) => void | Promise<void>;
}

/** The order in which movements are checked. */
export const MOVEMENTS: readonly MovementName[] = ['collections', 'payouts', 'reversals', 'links'];
