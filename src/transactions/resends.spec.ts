import type { SubmissionOutcome } from '#libs/provider-kit';
import { findResendAt, RESEND_AFTER_MS, toOutcomeOfOneOfTwo } from './resends.js';

const attempt = { sentAt: 1_000, resentAt: null, verdict: null, providerReference: null };
const transaction = { status: 'unconfirmed', expiresAt: 10_000_000 } as const;
const refuses = { dedupe: 'refusesDuplicates' } as const;

describe('a second send', () => {
  it('waits until the first can no longer be on its way', () => {
    expect(findResendAt(attempt, transaction, refuses)).toBe(1_000 + RESEND_AFTER_MS);
  });

  it.each(['idempotent', 'queryable', 'neither'] as const)('is none of the ways of a provider that is %s', (dedupe) => {
    expect(findResendAt(attempt, transaction, { dedupe })).toBeUndefined();
  });

  it.each([
    ['was made already', { ...attempt, resentAt: 2_000 }, transaction],
    ['has a reference to ask by', { ...attempt, providerReference: 'TID1' }, transaction],
    ['has a verdict', { ...attempt, verdict: 'deferred' as const }, transaction],
    ['is not in doubt', attempt, { ...transaction, status: 'pending' as const }],
    ['would come when nobody waits any more', attempt, { ...transaction, expiresAt: 1_000 + RESEND_AFTER_MS }],
  ])('never goes where it %s', (_, silent, at) => {
    expect(findResendAt(silent, at, refuses)).toBeUndefined();
  });

  it.each<[SubmissionOutcome, SubmissionOutcome['kind']]>([
    [{ kind: 'accepted', references: {} }, 'accepted'],
    [{ kind: 'completed', report: { kind: 'succeeded' }, references: {} }, 'completed'],
    [{ kind: 'unknown', cause: 'HTTP 409' }, 'unknown'],
    [{ kind: 'deferred', cause: 'maintenance' }, 'unknown'],
    [{ kind: 'rejected', reason: 'limit_exceeded', said: { httpStatus: 400 } }, 'unknown'],
  ])('says of %j: %s', (outcome, kind) => {
    expect(toOutcomeOfOneOfTwo(outcome, 'second')).toMatchObject({ kind, ...(outcome.said && { said: outcome.said }) });
  });
});
