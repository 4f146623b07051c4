import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { notFound, Problem } from '../http/problem.js';
import { toFailure } from '../transactions/failures.js';
import { TransactionLifecycle, type Reported } from '../transactions/transaction-lifecycle.js';
import { Transaction } from '../transactions/transaction.entity.js';
import type { RulingRequest } from './ruling.dto.js';
import { RulingResponse } from './ruling.dto.js';
import { RulingProposal } from './ruling-proposal.entity.js';

/**
 * Lets two persons decide what no provider can tell. The first proposes, another principal sends the same outcome; both are
 * in the timeline for ever. Nothing here moves money: it says whether money moved.
 */
@Injectable()
export class RulingsService {
  constructor(
    private readonly database: Database,
    private readonly lifecycle: TransactionLifecycle,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The proposal that waits for a second person, if there is one. Throws `not_found`. */
  async get(caller: MerchantCaller, transactionId: string): Promise<RulingResponse> {
    const transaction = await this.getOwn(this.database.read, caller, transactionId);
    const proposal = await this.database.read.findOne(RulingProposal, { where: { transactionId } });
    const counts = transaction.status === 'review' && proposal?.version === transaction.version;
    return RulingResponse.from(transaction, counts ? proposal : undefined);
  }

  /**
   * Proposes, or confirms what another principal proposed. The same call again changes nothing. Throws `not_found`,
   * `not_in_review`, and `ruling_disputed` where the two do not say the same.
   */
  rule(caller: MerchantCaller, transactionId: string, request: RulingRequest): Promise<RulingResponse> {
    return this.database.write((tx) => this.ruleIn(tx, caller, transactionId, request));
  }

  private async ruleIn(
    tx: Tx,
    caller: MerchantCaller,
    transactionId: string,
    request: RulingRequest,
  ): Promise<RulingResponse> {
    const transaction = await this.getOwn(tx.manager, caller, transactionId, { lock: this.database.kind === 'mysql' });
    if (transaction.status !== 'review') throw notInReview(transaction.status);
    const proposal = await this.findOpen(tx, transaction);
    if (proposal === undefined || proposal.principalId === caller.principalId) {
      return this.propose(tx, caller, transaction, request, proposal);
    }
    if (proposal.outcome !== request.outcome) throw disputed(proposal);
    return this.confirm(tx, caller, transaction, request, proposal);
  }

  private async propose(
    tx: Tx,
    { principalId }: MerchantCaller,
    transaction: Transaction,
    { outcome, note }: RulingRequest,
    standing: RulingProposal | undefined,
  ): Promise<RulingResponse> {
    if (standing?.outcome === outcome && standing.note === note) return RulingResponse.from(transaction, standing);
    const { id: transactionId, version } = transaction;
    const proposal: RulingProposal = {
      ...{ transactionId, version, outcome, note, principalId },
      proposedAt: this.clock.now(),
    };
    if (standing === undefined) await tx.insert(RulingProposal, [proposal]);
    else await tx.manager.update(RulingProposal, { transactionId }, proposal);
    await this.lifecycle.reportIn(tx, {
      transactionId,
      event: 'noted',
      evidence: { source: 'ruling', says: `proposed_${outcome}`, principalId, detail: note },
    });
    return RulingResponse.from(transaction, proposal);
  }

  private async confirm(
    tx: Tx,
    { principalId }: MerchantCaller,
    { id: transactionId }: Transaction,
    { outcome, note }: RulingRequest,
    proposal: RulingProposal,
  ): Promise<RulingResponse> {
    const reported: Reported = await this.lifecycle.reportIn(tx, {
      transactionId,
      event: outcome === 'succeeded' ? 'ruled_succeeded' : 'ruled_failed',
      onlyFrom: ['review'],
      quiet: true,
      evidence: {
        source: 'ruling',
        says: outcome,
        principalId,
        detail: `${note} (Proposed by ${proposal.principalId}: ${proposal.note})`,
      },
      changes: outcome === 'failed' ? { failure: toFailure('unknown_reason') } : {},
    });
    // Definite evidence of the provider was faster than the second person.
    if (!reported.moved) throw notInReview(reported.transaction.status);
    await tx.manager.delete(RulingProposal, { transactionId });
    return RulingResponse.from(reported.transaction, proposal, principalId);
  }

  /** The proposal about the transaction as it is now. One about an earlier review is put away. */
  private async findOpen(tx: Tx, { id: transactionId, version }: Transaction): Promise<RulingProposal | undefined> {
    const proposal = await tx.manager.findOne(RulingProposal, { where: { transactionId } });
    if (proposal === null || proposal.version === version) return proposal ?? undefined;
    await tx.manager.delete(RulingProposal, { transactionId });
    return undefined;
  }

  // Whoever rules holds the transaction's row: two second persons at the same moment stand in line.
  private async getOwn(
    manager: Tx['manager'],
    { merchantId, mode }: MerchantCaller,
    id: string,
    { lock } = { lock: false },
  ): Promise<Transaction> {
    const transaction = await manager.findOne(Transaction, {
      where: { id, merchantId, mode },
      ...(lock && { lock: { mode: 'pessimistic_write' } }),
    });
    if (!transaction) throw notFound();
    return transaction;
  }
}

function notInReview(status: Transaction['status']): Problem {
  return new Problem('not_in_review', `It is ${status}: people rule only on what is in review.`, {
    members: { transactionStatus: status },
  });
}

function disputed({ outcome, principalId }: RulingProposal): Problem {
  return new Problem(
    'ruling_disputed',
    `${principalId} proposed ${outcome}. Two persons must say the same: send ${outcome} too, or let them change their proposal.`,
    { members: { proposedOutcome: outcome, proposedBy: principalId } },
  );
}
