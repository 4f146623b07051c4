import type { Transaction } from './transaction.entity.js';

/** What is known of a transaction when it is asked for. */
export type NewTransaction = Pick<
  Transaction,
  | 'id'
  | 'merchantId'
  | 'mode'
  | 'kind'
  | 'amountMinor'
  | 'currency'
  | 'reference'
  | 'method'
  | 'party'
  | 'createdBy'
  | 'createdAt'
  | 'expiresAt'
> &
  Partial<
    Pick<
      Transaction,
      'description' | 'purpose' | 'forcedProvider' | 'returnUrl' | 'parentId' | 'paymentLinkId' | 'metadata'
    >
  >;

/** The row of a transaction to which nothing has happened yet. */
export function toNewTransaction({
  description = null,
  purpose = null,
  forcedProvider = null,
  returnUrl = null,
  parentId = null,
  paymentLinkId = null,
  metadata = {},
  ...given
}: NewTransaction): Transaction {
  return {
    ...given,
    ...{ description, purpose, forcedProvider, returnUrl, parentId, paymentLinkId, metadata },
    phone: given.party.phone,
    ...{ status: 'created', late: false, version: 1 },
    ...{ refundedMinor: 0n, feeMinor: null },
    ...{ provider: null, attemptId: null, firstSentAt: null, providerReference: null, receipt: null, payerPhone: null },
    ...{ nextAction: null, failure: null, doubt: null, approvals: null, batchId: null },
    updatedAt: given.createdAt,
    completedAt: null,
  };
}
