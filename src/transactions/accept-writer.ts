import { Injectable } from '@nestjs/common';
import type { BatchTx } from '../database/batch-tx.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { EventRecord } from '../events/event.entity.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Jobs, type NewJob } from '../jobs/jobs.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import { AcceptLookups, type Known } from './accept-lookups.js';
import { ClaimRaceError, type AcceptRequest, type Accepted } from './accept-request.js';
import type { AdmissionDesk, Verdict } from './admission.js';
import { GuardRaceError, PhoneGuards } from './phone-guards.js';
import { ReferenceKey } from './reference-key.entity.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

/** A request and what becomes of it in its batch; nothing yet where an earlier one takes what this one wants. */
interface Decision {
  readonly request: AcceptRequest;
  readonly answer: Accepted | undefined;
}

type CreatedRequest = AcceptRequest & { readonly response: TransactionResponse };

const CREATED_STATUS = 201;

/**
 * Takes instructions durably, many in one commit: idempotency record, reference, phone guards, transaction, first event
 * and jobs. Nobody is answered before the commit that carries him.
 */
@Injectable()
export class AcceptWriter {
  private readonly batches: GroupCommit<BatchTx, AcceptRequest, Accepted>;
  private readonly lookups: AcceptLookups;

  constructor(
    database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly guards: PhoneGuards,
    private readonly jobs: Jobs,
    private readonly webhooks: WebhookFanout,
  ) {
    this.lookups = new AcceptLookups(guards, webhooks);
    this.batches = new GroupCommit((work) => database.writeBatch(work), {
      lanes: database.kind === 'mysql' ? 2 : 1,
      exclusiveKeys: toExclusiveKeys,
      write: (batch, requests) => {
        batch.afterCommit(() => database.commits.note('accept', requests.length));
        return this.write(batch, requests);
      },
      isRace: (error) => error instanceof GuardRaceError || error instanceof ClaimRaceError,
    });
  }

  accept(request: AcceptRequest): Promise<Accepted> {
    return this.batches.submit(request);
  }

  /** `undefined` where an earlier request of the same batch takes what this one wants: the next batch will see it. */
  private async write(batch: BatchTx, requests: readonly AcceptRequest[]): Promise<(Accepted | undefined)[]> {
    const known = await this.lookups.find(batch, requests);
    const decisions = await this.admit(batch, this.decide(requests, known), known);
    const created = decisions.flatMap(({ request, answer }) =>
      answer?.kind === 'created' ? [{ ...request, response: answer.transaction }] : [],
    );
    await this.insert(batch, created, known);
    return decisions.map(({ answer }) => answer);
  }

  private decide(requests: readonly AcceptRequest[], known: Known): Decision[] {
    const taken = new Set<string>();
    return requests.map((request) => {
      const answer = this.lookups.answer(request, known);
      if (answer.kind !== 'created') return { request, answer };
      const keys = toExclusiveKeys(request);
      if (keys.some((key) => taken.has(key))) return { request, answer: undefined };
      for (const key of keys) taken.add(key);
      return { request, answer };
    });
  }

  /** Lets those against whom nothing stands be judged where they applied. */
  private async admit(batch: BatchTx, decisions: readonly Decision[], known: Known): Promise<readonly Decision[]> {
    const judged = new Map<Decision, Decision>();
    for (const [desk, applying] of groupByDesk(decisions)) {
      const applicants = applying.map(({ request }) => ({
        transaction: request.transaction,
        keyId: request.application?.keyId ?? '',
      }));
      const verdicts = await desk.admit(batch, applicants, known.byDesk.get(desk) ?? []);
      for (const [index, decision] of applying.entries()) {
        const verdict = verdicts[index];
        if (!verdict) throw new Error('An admission must judge everybody who applied.');
        judged.set(decision, toDecision(decision.request, verdict));
      }
    }
    return judged.size === 0 ? decisions : this.hearRefused(batch, decisions, judged);
  }

  // What stands in the way of a refused one may be his own request, sent twice and taken by another process while we waited
  // for its locks: then he is answered as the first time.
  private async hearRefused(
    batch: BatchTx,
    decisions: readonly Decision[],
    judged: ReadonlyMap<Decision, Decision>,
  ): Promise<readonly Decision[]> {
    const refused = [...judged.values()].filter(({ answer }) => answer?.kind === 'refused');
    const known =
      refused.length === 0
        ? undefined
        : await this.lookups.find(
            batch,
            refused.map(({ request }) => request),
          );
    return decisions.map((decision) => {
      const verdict = judged.get(decision) ?? decision;
      if (!known || !refused.includes(verdict)) return verdict;
      const again = this.lookups.answer(verdict.request, known);
      return again.kind === 'created' ? verdict : { request: verdict.request, answer: again };
    });
  }

  private async insert(batch: BatchTx, requests: readonly CreatedRequest[], known: Known): Promise<void> {
    if (requests.length === 0) return;
    const transactions = requests.map((request) => request.transaction);
    const events = requests.map(({ transaction, response }) => this.lifecycle.toCreationEvent(transaction, response));
    await batch.insert(IdempotencyRecord, requests.map(toRecord));
    await batch.insert(
      ReferenceKey,
      requests.map(({ referenceHash, transaction }) => ({ referenceHash, transactionId: transaction.id })),
    );
    await batch.insert(Transaction, transactions);
    await batch.insert(EventRecord, events);
    const claims = requests.map(({ transaction, guards }) => ({ transactionId: transaction.id, claims: guards }));
    await this.guards.claim(batch, claims, known.guards);
    for (const { claim } of requests) claim?.write(batch);
    await this.jobs.add(batch, transactions.flatMap(toFirstJobs));
    await this.webhooks.announceTo(batch, events, known.listeners);
    this.lifecycle.announceCreated(batch, transactions);
  }
}

function toExclusiveKeys(request: AcceptRequest): string[] {
  const claimed = request.guards.filter((guard) => guard.until !== null);
  const keys = [request.idempotency.keyHash, request.referenceHash, ...claimed.map((guard) => guard.guardHash)];
  return request.claim ? [...keys, request.claim.key] : keys;
}

function toRecord({ idempotency, transaction }: AcceptRequest): IdempotencyRecord {
  return { ...idempotency, subjectId: transaction.id, statusCode: CREATED_STATUS, createdAt: transaction.createdAt };
}

// What waits for other people's approval is sent only when they have given it.
function toFirstJobs({ id, status, createdAt, expiresAt }: Transaction): NewJob[] {
  const expire = { kind: 'expire', subjectId: id, runAt: expiresAt } as const;
  return status === 'awaiting_approval' ? [expire] : [{ kind: 'submit', subjectId: id, runAt: createdAt }, expire];
}

function groupByDesk(decisions: readonly Decision[]): ReadonlyMap<AdmissionDesk, Decision[]> {
  const byDesk = new Map<AdmissionDesk, Decision[]>();
  for (const decision of decisions) {
    const { application } = decision.request;
    if (!application || decision.answer?.kind !== 'created') continue;
    byDesk.set(application.desk, [...(byDesk.get(application.desk) ?? []), decision]);
  }
  return byDesk;
}

function toDecision(request: AcceptRequest, verdict: Verdict): Decision {
  if (verdict.kind === 'refused') return { request, answer: verdict };
  const { transaction } = verdict;
  return {
    request: { ...request, transaction },
    answer: { kind: 'created', transaction: TransactionResponse.from(transaction) },
  };
}
