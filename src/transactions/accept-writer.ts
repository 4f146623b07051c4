import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import type { Tx } from '../database/tx.js';
import { EventRecord } from '../events/event.entity.js';
import { Problem } from '../http/problem.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Jobs } from '../jobs/jobs.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import { GuardRaceError, PhoneGuards, type GuardClaim } from './phone-guards.js';
import { ReferenceKey } from './reference-key.entity.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

/** A request to make a transaction, checked as far as it can be without the database. */
export interface AcceptRequest {
  readonly transaction: Transaction;
  readonly idempotency: { readonly keyHash: string; readonly requestHash: string };
  readonly referenceHash: string;
  readonly guards: readonly GuardClaim[];
  /** Why it cannot be taken, if neither a replay nor a taken reference answers first. */
  readonly refusal?: Problem;
}

/** What the client hears. */
export type Accepted =
  | { readonly kind: 'created'; readonly transaction: TransactionResponse }
  | { readonly kind: 'replayed'; readonly transaction: object; readonly statusCode: number }
  | { readonly kind: 'refused'; readonly problem: Problem };

interface Known {
  readonly records: ReadonlyMap<string, IdempotencyRecord>;
  readonly firstAnswers: ReadonlyMap<string, object>;
  readonly references: ReadonlyMap<string, string>;
  readonly guards: Awaited<ReturnType<PhoneGuards['load']>>;
}

const CREATED_STATUS = 201;

/**
 * Takes instructions durably, many in one commit: idempotency record, reference, phone guards, transaction, first event
 * and jobs. Nobody is answered before the commit that carries him.
 */
@Injectable()
export class AcceptWriter {
  private readonly batches: GroupCommit<AcceptRequest, Accepted>;

  constructor(
    database: Database,
    private readonly lifecycle: TransactionLifecycle,
    private readonly guards: PhoneGuards,
    private readonly jobs: Jobs,
    private readonly webhooks: WebhookFanout,
  ) {
    this.batches = new GroupCommit(database, {
      lanes: database.kind === 'mysql' ? 2 : 1,
      exclusiveKeys: toExclusiveKeys,
      write: (tx, requests) => this.write(tx, requests),
      isRace: (error) => error instanceof GuardRaceError,
    });
  }

  accept(request: AcceptRequest): Promise<Accepted> {
    return this.batches.submit(request);
  }

  /** `undefined` where an earlier request of the same batch takes what this one wants: the next batch will see it. */
  private async write(tx: Tx, requests: readonly AcceptRequest[]): Promise<(Accepted | undefined)[]> {
    const known = await this.findKnown(tx, requests);
    const taken = new Set<string>();
    const answers = requests.map((request) => {
      const answer = this.answer(request, known);
      const keys = toExclusiveKeys(request);
      if (answer.kind === 'created' && keys.some((key) => taken.has(key))) return undefined;
      if (answer.kind === 'created') for (const key of keys) taken.add(key);
      return answer;
    });
    const created = requests.filter((_, index) => answers[index]?.kind === 'created');
    await this.insert(tx, created, known);
    return answers;
  }

  /** In the contract's order: replay, reference, then whatever else stands against it. */
  private answer(request: AcceptRequest, known: Known): Accepted {
    const record = known.records.get(request.idempotency.keyHash);
    if (record) return toReplay(record, request, known);
    const holder = known.references.get(request.referenceHash);
    if (holder !== undefined) return { kind: 'refused', problem: referenceTaken(request.transaction, holder) };
    const refusal = request.refusal ?? this.guards.findRefusal(request.guards, known.guards);
    if (refusal) return { kind: 'refused', problem: refusal };
    return { kind: 'created', transaction: TransactionResponse.from(request.transaction) };
  }

  private async findKnown(tx: Tx, requests: readonly AcceptRequest[]): Promise<Known> {
    const keyHashes = requests.map((request) => request.idempotency.keyHash);
    const records = await tx.manager.find(IdempotencyRecord, { where: { keyHash: In(keyHashes) } });
    const references = await tx.manager.find(ReferenceKey, {
      where: { referenceHash: In(requests.map((request) => request.referenceHash)) },
    });
    return {
      records: new Map(records.map((record) => [record.keyHash, record])),
      firstAnswers: await findFirstAnswers(tx, records),
      references: new Map(references.map((key) => [key.referenceHash, key.transactionId])),
      guards: await this.guards.load(
        tx,
        requests.flatMap((request) => request.guards),
      ),
    };
  }

  private async insert(tx: Tx, requests: readonly AcceptRequest[], known: Known): Promise<void> {
    if (requests.length === 0) return;
    const transactions = requests.map((request) => request.transaction);
    const events = transactions.map((transaction) => this.lifecycle.toCreationEvent(transaction));
    await tx.insert(IdempotencyRecord, requests.map(toRecord));
    await tx.insert(
      ReferenceKey,
      requests.map(({ referenceHash, transaction }) => ({ referenceHash, transactionId: transaction.id })),
    );
    await tx.insert(Transaction, transactions);
    await tx.insert(EventRecord, events);
    for (const request of requests) await this.guards.claim(tx, request.transaction.id, request.guards, known.guards);
    await this.jobs.add(tx, transactions.flatMap(toFirstJobs));
    await this.webhooks.announce(tx, events);
    this.lifecycle.announceCreated(tx, transactions);
  }
}

function toExclusiveKeys(request: AcceptRequest): string[] {
  const claimed = request.guards.filter((guard) => guard.until !== null);
  return [request.idempotency.keyHash, request.referenceHash, ...claimed.map((guard) => guard.guardHash)];
}

function toRecord({ idempotency, transaction }: AcceptRequest): IdempotencyRecord {
  return { ...idempotency, subjectId: transaction.id, statusCode: CREATED_STATUS, createdAt: transaction.createdAt };
}

function toFirstJobs({ id, createdAt, expiresAt }: Transaction) {
  return [
    { kind: 'submit', subjectId: id, runAt: createdAt } as const,
    { kind: 'expire', subjectId: id, runAt: expiresAt } as const,
  ];
}

/** The objects as they were created: the first line of each timeline kept them. */
async function findFirstAnswers(tx: Tx, records: readonly IdempotencyRecord[]): Promise<ReadonlyMap<string, object>> {
  if (records.length === 0) return new Map();
  const subjectIds = records.map((record) => record.subjectId);
  const events = await tx.manager.find(EventRecord, {
    where: { subjectId: In(subjectIds), version: 1, reported: 'noted' },
    order: { id: 'DESC' },
  });
  return new Map(events.flatMap((event) => (event.data ? [[event.subjectId, event.data] as const] : [])));
}

function toReplay(record: IdempotencyRecord, { idempotency }: AcceptRequest, known: Known): Accepted {
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
