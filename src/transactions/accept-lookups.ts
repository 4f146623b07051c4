import type { BatchTx } from '../database/batch-tx.js';
import { rowsWith } from '../database/statements.js';
import { EventRecord } from '../events/event.entity.js';
import { Problem } from '../http/problem.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import type { Listener, WebhookFanout } from '../webhooks/webhook-fanout.js';
import type { AcceptRequest, Accepted } from './accept-request.js';
import type { AdmissionDesk } from './admission.js';
import type { GuardState, PhoneGuards } from './phone-guards.js';
import { ReferenceKey } from './reference-key.entity.js';
import type { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

type KnownRecord = Pick<IdempotencyRecord, 'keyHash' | 'requestHash' | 'subjectId' | 'statusCode'>;

/** What the database holds that bears on the requests of a batch. */
export interface Known {
  readonly records: ReadonlyMap<string, KnownRecord>;
  readonly firstAnswers: ReadonlyMap<string, object>;
  readonly references: ReadonlyMap<string, string>;
  readonly guards: ReadonlyMap<string, GuardState>;
  readonly listeners: readonly Listener[];
  readonly claimRefusals: ReadonlyMap<AcceptRequest, Problem>;
  readonly byDesk: ReadonlyMap<AdmissionDesk, readonly unknown[]>;
}

/** Looks up what is known about requests, and answers each by it. Writes nothing. */
export class AcceptLookups {
  constructor(
    private readonly guards: PhoneGuards,
    private readonly webhooks: WebhookFanout,
  ) {}

  /**
   * The records come last. What one process commits becomes visible between two of the look-ups at the latest with its
   * record: who finds his reference or phone taken by his own request, sent twice, must find its record too.
   */
  async find(batch: BatchTx, requests: readonly AcceptRequest[]): Promise<Known> {
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

  /** In the contract's order: replay, reference, then whatever else stands against it. */
  answer(request: AcceptRequest, known: Known): Accepted {
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
