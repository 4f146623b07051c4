import type { Money } from '#libs/primitives';
import type { OperationFacts, StatusReport } from '#libs/provider-kit';
import type { CallbackHint } from './attempt.entity.js';
import type { DoubtReason } from './transaction.entity.js';

/** What an inquiry's answer, weighed with an unsigned callback's claim, lets us conclude. */
export type Judgement =
  | { readonly kind: 'settled'; readonly event: 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'reversed' }
  | { readonly kind: 'contradicted'; readonly reason: Extract<DoubtReason, 'contradiction' | 'mismatch'> }
  | { readonly kind: 'absent' }
  /** The provider's last word, and it is none: people must decide. */
  | { readonly kind: 'undecidable' }
  /** Ask again; not later than `notAfter` where the answer is only too young to be believed. */
  | { readonly kind: 'open'; readonly notAfter: number | null };

export interface Matter {
  readonly report: StatusReport;
  /** What was asked for; where the report names what was paid, it must be this. */
  readonly expected: Money;
  readonly hint: CallbackHint | null;
  readonly facts: Pick<OperationFacts, 'provisionalFailureMs' | 'absentAfterMs'>;
  readonly sentAt: number;
  readonly now: number;
}

/**
 * Weighs an inquiry's answer. The inquiry is ours, over TLS, to the provider: it outweighs an unsigned callback, whose
 * claim can delay a verdict or send it to people, but never decide it alone.
 */
export function judge(matter: Matter): Judgement {
  switch (matter.report.kind) {
    case 'succeeded':
      // Paid, but another amount; or somebody told our secret path of another amount, phone or account: people must look.
      return matter.report.amount?.equals(matter.expected) === false || (matter.hint && !matter.hint.matches)
        ? { kind: 'contradicted', reason: 'mismatch' }
        : { kind: 'settled', event: 'succeeded' };
    case 'reversed':
      return { kind: 'settled', event: 'reversed' };
    case 'failed':
    case 'cancelled':
    case 'expired':
      return judgeFailure(matter, matter.report.kind);
    case 'absent':
      return judgeAbsence(matter);
    case 'unknown':
      return matter.report.forReview ? { kind: 'undecidable' } : { kind: 'open', notAfter: null };
    case 'pending':
    case 'asked':
      return { kind: 'open', notAfter: null };
  }
}

function judgeFailure({ hint, facts, sentAt, now }: Matter, event: 'failed' | 'cancelled' | 'expired'): Judgement {
  const believedFrom = sentAt + facts.provisionalFailureMs;
  const claim = hint?.matches ? hint.says : undefined;
  const agrees = claim === 'failed' || claim === 'cancelled' || claim === 'expired';
  if (agrees) return { kind: 'settled', event };
  if (now < believedFrom) return { kind: 'open', notAfter: believedFrom };
  return claim === 'succeeded' ? { kind: 'contradicted', reason: 'contradiction' } : { kind: 'settled', event };
}

function judgeAbsence({ facts, sentAt, now }: Matter): Judgement {
  if (facts.absentAfterMs === null) return { kind: 'open', notAfter: null };
  const provenFrom = sentAt + facts.absentAfterMs;
  return now >= provenFrom ? { kind: 'absent' } : { kind: 'open', notAfter: provenFrom };
}

/** When to ask next, from a schedule counted from the send or from a callback's hint; undefined: never again. */
export function nextInquiryAt(schedule: readonly number[], from: number, now: number): number | undefined {
  const delay = schedule.find((delayMs) => from + delayMs > now);
  return delay === undefined ? undefined : from + delay;
}
