import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Money } from '#libs/primitives';
import type { ProviderDefinition } from '#libs/provider-kit';
import { Database } from '../database/database.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { Attempt } from './attempt.entity.js';
import { RefundEntry } from './refund-entry.entity.js';
import type { Route } from './routing.js';
import { Transaction } from './transaction.entity.js';

/** What decides how a refund may go. */
export interface RefundBackground {
  /** The collection that is refunded. */
  readonly original: Transaction;
  /** The attempt that brought its money in. */
  readonly attempt: Attempt | undefined;
  /** A reversal of the collection was tried, and not turned away as if it had never come. */
  readonly wasReversed: boolean;
}

/** Looks up what came before a refund. */
@Injectable()
export class RefundFacts {
  constructor(private readonly database: Database) {}

  async find(refund: Pick<Transaction, 'id' | 'parentId'>): Promise<RefundBackground> {
    const { read } = this.database;
    const collectionId = refund.parentId ?? '';
    const original = await read.findOneOrFail(Transaction, { where: { id: collectionId } });
    const attempt = await read.findOne(Attempt, { where: { id: original.attemptId ?? '' } });
    const siblings = await read.find(RefundEntry, { where: { collectionId } });
    const ids = siblings.map(({ transactionId }) => transactionId);
    const reversals = await read.find(Attempt, { where: { transactionId: In(ids), operation: 'reversals' } });
    // Its own reversal that the provider did not take goes again as it was. Every other one has spoken.
    const wasReversed = reversals.some(
      ({ transactionId, verdict }) => transactionId !== refund.id || verdict !== 'deferred',
    );
    return { original, attempt: attempt ?? undefined, wasReversed };
  }
}

/** The way back through the account that the money came by. Undefined where a reversal cannot undo this. */
export function toReversalRoute({
  refund,
  original,
  account,
  definition,
}: {
  readonly refund: Pick<Transaction, 'amountMinor'>;
  readonly original: Transaction;
  readonly account: ProviderAccount;
  readonly definition: ProviderDefinition;
}): Route | undefined {
  const operation = definition.operations.reversals;
  const method = definition.methods.find(({ code, kind }) => code === original.method && kind === 'collection');
  // A reversal undoes a collection as a whole, and finds it by its receipt.
  const isWhole = refund.amountMinor === original.amountMinor;
  if (!operation || !method || !isWhole || original.receipt === null) return undefined;
  return {
    account,
    definition,
    method,
    capability: 'reversals',
    operation,
    original: {
      receipt: original.receipt,
      ...(original.providerReference !== null && { providerReference: original.providerReference }),
      amount: Money.ofMinor(original.amountMinor, original.currency),
    },
  };
}
