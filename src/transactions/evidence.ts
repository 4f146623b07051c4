/** Where a statement about a transaction comes from. */
export type EvidenceSource = 'merchant' | 'system' | 'submission' | 'callback' | 'inquiry' | 'ruling';

/** One statement about a transaction: who said what, redacted, with the provider's own words beside our reading. */
export interface Evidence {
  source: EvidenceSource;
  /** Our reading: a status word (`succeeded`, `pending`), `unknown`, or what the merchant or the system did. */
  says: string;
  /** A sentence for people. */
  detail?: string;
  httpStatus?: number;
  providerCode?: string;
  providerMessage?: string;
  receipt?: string;
  /** How far a callback was believed: signed, unsigned, mismatch … */
  trust?: string;
  /** The principal who acted. */
  principalId?: string;
}
