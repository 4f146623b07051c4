/** Money in, money out, money back. */
export const TRANSACTION_KINDS = ['collection', 'payout', 'refund'] as const;

export type TransactionKind = (typeof TRANSACTION_KINDS)[number];

/**
 * Where an event leads: one status, or one that depends on facts about the transaction.
 * `undefined` from a rule means that the event moves nothing here.
 */
type Target = TransactionStatus | ((facts: TransitionFacts) => TransactionStatus | undefined);

/** What the conditional transitions look at. */
export interface TransitionFacts {
  readonly kind: TransactionKind;
  /** Bytes of some attempt may have left. */
  readonly everSent: boolean;
  /** Why it is in review, where it is. */
  readonly doubtReason: string | null;
  /** A refund of ours against it succeeded or is open. */
  readonly hasRefunds: boolean;
}

export const TRANSACTION_STATUSES = [
  'awaiting_approval',
  'created',
  'submitting',
  'pending',
  'unconfirmed',
  'review',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
  'reversed',
] as const;

export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

/** Everything that can be reported about a transaction. */
export const TRANSACTION_EVENTS = [
  'approved', //     enough other persons agreed
  'declined', //     one of them did not
  'claimed', //      a worker stored the attempt and is about to send
  'accepted', //     the provider took it; the final word comes later
  'rejected', //     the provider proved that it will not move money
  'deferred', //     proven not sent or not taken; it may be sent again
  'unknown', //      sent, and then silence or something unreadable
  'resent', //       the one identical re-send that some providers allow
  'absentRetry', //  the provider proved that it never had it; the same attempt may go again
  'absentFinal', //  the same, and it will not go again
  'refused', //      we did not send it: no route, a limit
  'lapsed', //       its time ran out before anything was sent
  'succeeded',
  'failed',
  'cancelled', //    by the customer, or by the merchant before it was sent
  'expired', //      the customer never acted, says the provider
  'reversed', //     taken back by the provider
  'updated', //      something worth telling came later: the receipt, one of several approvals
  'exhausted', //    nobody can tell by the deadline
  'contradicted', // evidence against evidence
  'ruled_succeeded',
  'ruled_failed', // two principals ruled
] as const;

export type TransactionEventName = (typeof TRANSACTION_EVENTS)[number];

// A second word about a transaction that is not in flight counts only if something was ever sent.
const onceSent =
  (status: TransactionStatus): Target =>
  (facts) =>
    facts.everSent ? status : undefined;

// Late success of a collection is recorded and announced; of money out it means a wrong "no", which people must see.
const lateSuccess: Target = (facts) => (facts.kind === 'collection' ? 'succeeded' : 'review');

// Definite evidence ends a review, unless evidence against evidence is why it began: then only a ruling does.
const unlessDisputed =
  (status: TransactionStatus): Target =>
  (facts) =>
    ['contradiction', 'mismatch', 'over_refunded'].includes(facts.doubtReason ?? '') ? undefined : status;

const takenBack: Target = (facts) => (facts.hasRefunds ? 'review' : 'reversed');

/**
 * The life of a transaction, whole: status → event → status. Everything else about it is derived from here.
 * An event that a status does not name is recorded in the timeline and moves nothing.
 */
// prettier-ignore
export const TRANSITIONS = {
  awaiting_approval: { approved: 'created', updated: 'awaiting_approval', declined: 'cancelled', cancelled: 'cancelled', lapsed: 'expired' },
  created:     { claimed: 'submitting', cancelled: 'cancelled', refused: 'failed', lapsed: 'expired',
                 succeeded: onceSent('succeeded'), contradicted: onceSent('review') },
  submitting:  { accepted: 'pending', rejected: 'failed', deferred: 'created', unknown: 'unconfirmed',
                 succeeded: 'succeeded', failed: 'failed', cancelled: 'cancelled', expired: 'expired',
                 exhausted: 'review', contradicted: 'review' },
  unconfirmed: { accepted: 'pending', rejected: 'failed', succeeded: 'succeeded', failed: 'failed', cancelled: 'cancelled',
                 expired: 'expired', resent: 'submitting', absentRetry: 'created', absentFinal: 'failed',
                 exhausted: 'review', contradicted: 'review' },
  pending:     { succeeded: 'succeeded', failed: 'failed', cancelled: 'cancelled', expired: 'expired', reversed: 'reversed',
                 exhausted: 'review', contradicted: 'review' },
  review:      { ruled_succeeded: 'succeeded', ruled_failed: 'failed',
                 succeeded: unlessDisputed('succeeded'), failed: unlessDisputed('failed'), cancelled: unlessDisputed('cancelled'),
                 expired: unlessDisputed('expired'), reversed: unlessDisputed('reversed') },
  succeeded:   { reversed: takenBack, contradicted: 'review', updated: 'succeeded' },
  failed:      { succeeded: lateSuccess, contradicted: 'review' },
  cancelled:   { succeeded: lateSuccess, contradicted: 'review' },
  expired:     { succeeded: lateSuccess, contradicted: 'review' },
  reversed:    { contradicted: 'review' },
} as const satisfies Record<TransactionStatus, Readonly<Partial<Record<TransactionEventName, Target>>>>;

/** The statuses that end a transaction; only stronger evidence leads out of them. */
export const FINAL_STATUSES = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed'] as const;

export function isFinal(status: TransactionStatus): boolean {
  return (FINAL_STATUSES as readonly string[]).includes(status);
}

/** Where the event leads from here, or undefined where it moves nothing. */
export function nextState(
  status: TransactionStatus,
  event: TransactionEventName,
  facts: TransitionFacts,
): TransactionStatus | undefined {
  const row: Partial<Record<TransactionEventName, Target>> = TRANSITIONS[status];
  const target = row[event];
  return typeof target === 'function' ? target(facts) : target;
}

/** Whether success arriving in this status is late: the transaction had already ended otherwise. */
export function isLateSuccess(from: TransactionStatus, to: TransactionStatus): boolean {
  return to === 'succeeded' && (from === 'failed' || from === 'cancelled' || from === 'expired');
}
