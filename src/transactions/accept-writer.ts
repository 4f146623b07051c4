import { Injectable } from '@nestjs/common';
import type { BatchTx } from '../database/batch-tx.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { rowsWith } from '../database/statements.js';
import { EventRecord } from '../events/event.entity.js';
import { Problem } from '../http/problem.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Jobs, type NewJob } from '../jobs/jobs.js';
import { WebhookFanout, type Listener } from '../webhooks/webhook-fanout.js';
import type { AdmissionDesk, Application, Verdict } from './admission.js';
import { GuardRaceError, PhoneGuards, type GuardClaim, type GuardState } from './phone-guards.js';
import { ReferenceKey } from './reference-key.entity.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

/** Raised where another writer changed what a claim was judged by, between our look and our write: look again. */
export class ClaimRaceError extends Error {}

/** What else must hold for a request to be taken, and what changes with it. Judged and written in the same commit. */
export interface AcceptClaim {
  /** Requests with the same key are judged one after another. */
  readonly key: string;
  /** Looks, and answers why the request cannot be taken, or undefined. Asked anew for each try. */
  judge(batch: BatchTx): Promise<Problem | undefined>;
  /** Notes what changes with the request, by what was just seen; with `ClaimRaceError` where that is no longer so. */
  write(batch: BatchTx): void;
}

/** A request to make a transaction, checked as far as it can be without the database. */
export interface AcceptRequest {
  readonly transaction: Transaction;
  readonly idempotency: { readonly keyHash: string; readonly requestHash: string };
  readonly referenceHash: string;
  readonly guards: readonly GuardClaim[];
  /** Why it cannot be taken, if neither a replay nor a taken reference answers first. */
  readonly refusal?: Problem;
  /** What the transaction is made for has a say too: it answers right after a replay. */
  readonly claim?: AcceptClaim;
  /** Who judges it last of all. */
  readonly application?: Application;
}

/** What the client hears. */
export type Accepted =
  | { readonly kind: 'created'; readonly transaction: TransactionResponse }
  | { readonly kind: 'replayed'; readonly transaction: object; readonly statusCode: number }
  | { readonly kind: 'refused'; readonly problem: Problem };

type KnownRecord = Pick<IdempotencyRecord, 'keyHash' | 'requestHash' | 'subjectId' | 'statusCode'>;

interface Known {
  readonly records: ReadonlyMap<string, KnownRecord>;
  readonly firstAnswers: ReadonlyMap<string, object>;
  readonly references: ReadonlyMap<string, string>;
  readonly guards: ReadonlyMap<string, GuardState>;
  readonly listeners: readonly Listener[];
  readonly claimRefusals: ReadonlyMap<AcceptRequest, Problem>;
  readonly byDesk: ReadonlyMap<AdmissionDesk, readonly unknown[]>;
}

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

  constructor(
    database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly guards: PhoneGuards,
    private readonly jobs: Jobs,
    private readonly webhooks: WebhookFanout,
  ) {
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
    const known = await this.findKnown(batch, requests);
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
      const answer = this.answer(request, known);
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
        : await this.findKnown(
            batch,
            refused.map(({ request }) => request),
          );
    return decisions.map((decision) => {
      const verdict = judged.get(decision) ?? decision;
      if (!known || !refused.includes(verdict)) return verdict;
      const again = this.answer(verdict.request, known);
      return again.kind === 'created' ? verdict : { request: verdict.request, answer: again };
    });
  }

  /** In the contract's order: replay, reference, then whatever else stands against it. */
  private answer(request: AcceptRequest, known: Known): Accepted {
    const record = known.records.get(request.idempotency.keyHash);
    if (record) return toReplay(record, request, known);
    const claimed = known.claimRefusals.get(request);
    if (claimed) return { kind: 'refused', problem: claimed };
    const holder = known.references.get(request.referenceHash);
    if (holder !== undefined) return { kind: 'refused', problem: referenceTaken(request.transaction, holder) };
    const refusal = request.refusal ?? this.guards.findRefusal(request.guards, known.guards);
    if (refusal) return { kind: 'refused', problem: refusal };
    return { kind: 'created', transaction: TransactionResponse.from(request.transaction) };
  }

  // The records come last. What one process commits becomes visible between two of the look-ups at the latest with its
  // record: who finds his reference or phone taken by his own request, sent twice, must find its record too.
  private async findKnown(batch: BatchTx, requests: readonly AcceptRequest[]): Promise<Known> {
    const referenceHashes = requests.map((request) => request.referenceHash);
    const keyHashes = requests.map((request) => request.idempotency.keyHash);
    const claimRefusals = await judgeClaims(batch, requests);
    const desks = [...new Set(requests.flatMap(({ application }) => (application ? [application.desk] : [])))];
    const merchantIds = [...new Set(requests.map(({ transaction }) => transaction.merchantId))];
    const [listeners, guards, references, records, ...ofDesks] = await batch.find(
      this.webhooks.toListeners(merchantIds),
      this.guards.toLookUp(requests.flatMap((request) => request.guards)),
      rowsWith(ReferenceKey, 'referenceHash', referenceHashes, ['referenceHash', 'transactionId']),
      rowsWith(IdempotencyRecord, 'keyHash', keyHashes, ['keyHash', 'requestHash', 'subjectId', 'statusCode']),
      ...desks.map((desk) => desk.toLookUp(merchantIds)),
    );
    return {
      listeners,
      claimRefusals,
      records: new Map(records.map((record) => [record.keyHash, record])),
      firstAnswers: await findFirstAnswers(batch, records),
      references: new Map(references.map((key) => [key.referenceHash, key.transactionId])),
      guards: new Map(guards.map((guard) => [guard.guardHash, guard])),
      byDesk: new Map(desks.map((desk, index) => [desk, ofDesks[index] ?? []])),
    };
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

async function judgeClaims(
  batch: BatchTx,
  requests: readonly AcceptRequest[],
): Promise<ReadonlyMap<AcceptRequest, Problem>> {
  const refusals = new Map<AcceptRequest, Problem>();
  for (const request of requests) {
    const refusal = await request.claim?.judge(batch);
    if (refusal) refusals.set(request, refusal);
  }
  return refusals;
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

/** The objects as they were created: the first line of each timeline kept them. */
async function findFirstAnswers(batch: BatchTx, records: readonly KnownRecord[]): Promise<ReadonlyMap<string, object>> {
  const subjectIds = records.map((record) => record.subjectId);
  const [events] = await batch.find(
    rowsWith(EventRecord, 'subjectId', subjectIds, ['id', 'subjectId', 'version', 'reported', 'data']),
  );
  // Later evidence may be noted while the version is still the first: the earliest line is the one of the creation.
  const first = events
    .filter(({ version, reported }) => version === 1 && reported === 'noted')
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  return new Map(first.flatMap(({ subjectId, data }) => (data ? [[subjectId, data] as const] : [])));
}

function toReplay(record: KnownRecord, { idempotency }: AcceptRequest, known: Known): Accepted {
  const transaction = known.firstAnswers.get(record.subjectId);
  if (record.requestHash !== idempotency.requestHash || !transaction) {
    const detail =
      'This Idempotency-Key was used for another request. Use a new key for a new request, and the same key only to repeat the same one.';
    return { kind: 'refused', problem: new Problem('idempotency_key_reused', detail) };
  }
  return { kind: 'replayed', transaction, statusCode: record.statusCode };
}

function referenceTaken({ kind, reference }: Transaction, transactionId: string): Problem {
  return new Problem('reference_taken', `You have used the reference ${reference} for a ${kind} before.`, {
    members: { transactionId },
    errors: [{ pointer: '/reference', code: 'reference_taken', detail: 'A reference is unique for ever.' }],
  });
}
