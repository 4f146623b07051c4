import type { OperationFacts, SubmissionOutcome } from '#libs/provider-kit';
import { LEASE_MS } from '../jobs/job-store.js';
import { PROVIDER_REQUEST_TIMEOUT_MS } from '../providers/provider-ports.js';
import type { Attempt } from './attempt.entity.js';
import type { Transaction } from './transaction.entity.js';

/** After this long the first send can no longer be on its way: its lease and its request have both ended. */
export const RESEND_AFTER_MS = LEASE_MS + PROVIDER_REQUEST_TIMEOUT_MS;

/**
 * Epoch ms from which a silent attempt may be sent a second and last time: unchanged, and only where the provider refuses
 * duplicates, so that at most one of the two can move money. Undefined where it may not. What has a reference can be asked
 * about instead, and what has run out of time is nothing that anybody still waits for.
 */
export function findResendAt(
  attempt: Pick<Attempt, 'sentAt' | 'resentAt' | 'verdict' | 'providerReference'>,
  transaction: Pick<Transaction, 'status' | 'expiresAt'>,
  { dedupe }: Pick<OperationFacts, 'dedupe'>,
): number | undefined {
  const isSilent = attempt.verdict === null && attempt.providerReference === null;
  if (dedupe !== 'refusesDuplicates' || attempt.resentAt !== null || !isSilent) return undefined;
  const at = attempt.sentAt + RESEND_AFTER_MS;
  return transaction.status === 'unconfirmed' && at < transaction.expiresAt ? at : undefined;
}

/**
 * Of one of two sends only a yes says anything: every no, and every "not taken", may be about that one alone. The first can
 * answer late, from a worker that stood still while another sent again.
 */
export function toOutcomeOfOneOfTwo(outcome: SubmissionOutcome, which: 'first' | 'second'): SubmissionOutcome {
  switch (outcome.kind) {
    case 'accepted':
    case 'completed':
    case 'unknown':
      return outcome;
    case 'deferred':
    case 'rejected': {
      const said = outcome.kind === 'rejected' ? outcome.reason : outcome.cause;
      const other = which === 'first' ? 'second' : 'first';
      const cause = `the ${which} send was not taken (${said}), which says nothing about the ${other}`;
      return { kind: 'unknown', cause, ...(outcome.said && { said: outcome.said }) };
    }
  }
}
