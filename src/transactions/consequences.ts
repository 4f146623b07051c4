import type { OperationFacts, StatusReport } from '#libs/provider-kit';
import type { Attempt, CallbackHint } from './attempt.entity.js';
import { toFailure } from './failures.js';
import type { Report, TransactionChanges } from './transaction-lifecycle.js';
import type { Transaction } from './transaction.entity.js';
import type { TransactionEventName } from './transaction-states.js';

/** What is reported of a transaction because of a judgement. */
export type Consequence = Pick<Report, 'event' | 'changes'>;

/** The provider proved that it never had the attempt: it goes again where the provider knows it again, else it failed. */
export function toAbsence(operation: OperationFacts): Consequence {
  const mayGoAgain = operation.dedupe === 'idempotent' || operation.dedupe === 'queryable';
  return mayGoAgain
    ? { event: 'absentRetry' }
    : { event: 'absentFinal', changes: { failure: toFailure('provider_unavailable') } };
}

/** The provider said how it ended. */
export function toSettlement(event: TransactionEventName, report: StatusReport, attempt: Attempt): Consequence {
  if (event === 'succeeded')
    return { event, changes: { ...toSuccess(report, attempt.hint), ...toPayer(report, attempt) } };
  const failure = 'reason' in report ? toFailure(report.reason, report.said, report.providerCode) : undefined;
  return { event, changes: failure ? { failure } : {} };
}

// The query proves the payment and carries no receipt; the callback that agrees with it does.
function toSuccess(report: StatusReport, hint: CallbackHint | null): TransactionChanges {
  const own = report.kind === 'succeeded' ? report.receipt : undefined;
  const receipt = own ?? (hint?.matches && hint.says === 'succeeded' ? (hint.receipt ?? undefined) : undefined);
  return receipt === undefined ? {} : { receipt };
}

// On a page of its own the provider asks whoever pays for his number: a refund goes back there.
function toPayer(report: StatusReport, { operation }: Attempt): TransactionChanges {
  const isPayment = operation === 'collections' || operation === 'links';
  return isPayment && report.kind === 'succeeded' && report.payer ? { payerPhone: report.payer.e164 } : {};
}

/** Where the submit's answer was lost, a callback taught us the reference: merchants see it with the next move. */
export function withReference(consequence: Consequence, transaction: Transaction, attempt: Attempt): Consequence {
  if (attempt.providerReference === null || attempt.id !== transaction.attemptId) return consequence;
  return { ...consequence, changes: { ...consequence.changes, providerReference: attempt.providerReference } };
}
