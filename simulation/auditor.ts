import { createHash } from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';
import { z } from 'zod';
import { STANDING_KINDS } from '../src/jobs/job-lanes.js';
import type { Orders } from './orders.js';
import type { ProviderModel, Word } from './provider-model.js';

/** A promise of the design that was broken. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    text: string,
  ) {
    super(`${invariant}: ${text}`);
  }
}

const Row = z.object({
  id: z.string(),
  merchant_id: z.string(),
  reference: z.string(),
  status: z.string(),
  version: z.number(),
  amount_minor: z.coerce.bigint(),
  attempt_id: z.string().nullable(),
  first_sent_at: z.number().nullable(),
  doubt: z.string().nullable(),
  late: z.coerce.boolean(),
});

/** A transaction as it lies in the database. */
export type TransactionRow = z.infer<typeof Row>;

const EventRow = z.object({
  place: z.number(),
  id: z.string(),
  merchant_id: z.string(),
  subject_id: z.string(),
  type: z.string().nullable(),
  reported: z.string().nullable(),
  from_status: z.string().nullable(),
  to_status: z.string().nullable(),
  version: z.number().nullable(),
});
type EventRow = z.infer<typeof EventRow>;

const Doubt = z.object({ reason: z.string(), deadline: z.number().nullable() });

/** M-Pesa's queries report failures that do not last; from this age on they are believed. */
const PROVISIONAL_MS = 90_000;

/** No story ends by waiting for what comes again for ever. */
const NO_UPKEEP = `kind NOT IN (${STANDING_KINDS.map((kind) => `'${kind}'`).join(', ')})`;
const UNPAID = ['failed', 'cancelled', 'expired'];
const FINAL = [...UNPAID, 'succeeded', 'reversed'];

type Connection = InstanceType<typeof DatabaseSync>;
type Statement = ReturnType<Connection['prepare']>;

/** What leads out of statuses that are not in flight: success is sticky, and a refusal yields to proof alone. */
const WAYS_OUT: Readonly<Record<string, readonly string[]>> = {
  succeeded: ['succeeded', 'review', 'reversed'],
  failed: ['succeeded', 'review'],
  cancelled: ['succeeded', 'review'],
  expired: ['succeeded', 'review'],
  reversed: ['review'],
};

/**
 * Compares what the database says with what the provider's own book says, with SQL of its own on a connection of its
 * own: it shares no code with the engine, and sees only what is committed.
 */
export class Auditor {
  /** Steps that were really looked at: those after which something had changed. */
  audits = 0;
  private database: Connection | undefined;
  private readonly statements = new Map<string, Statement>();
  private seenVersion = -1;
  private seenBook = '';
  private seenEvents = 0;
  private readonly known = new Map<string, { status: string; version: number }>();
  private readonly refused = new Set<string>();
  private readonly misled = new Set<string>();
  private readonly falseCallbacks = new Set<string>();
  private readonly claimedUnpaid = new Set<string>();
  private readonly announced: { eventId: string; merchantId: string }[] = [];

  constructor(
    private readonly orders: Orders,
    private readonly provider: () => ProviderModel,
    private readonly file: string,
  ) {}

  open(): void {
    this.database = new DatabaseSync(this.file, { readOnly: true });
    this.seenEvents =
      z.object({ place: z.number().nullable() }).parse(this.one('SELECT MAX(rowid) AS place FROM events')).place ?? 0;
  }

  close(): void {
    this.database?.close();
  }

  // ————— What it is told —————

  /** The gateway was told something for certain. */
  hear({ reference, says, untrue, provisional }: Word, gatewayNow: number): void {
    const credible = !provisional || this.claimedUnpaid.has(reference) || this.isOldEnough(reference, gatewayNow);
    if (!credible) return;
    if (says === 'not_paid') this.refused.add(reference);
    if (untrue) this.misled.add(reference);
  }

  /** A refusal that comes this early must not be believed by itself; later an engine can only take the provider's word. */
  private isOldEnough(reference: string, gatewayNow: number): boolean {
    const row = this.find(reference);
    const attempt = this.one('SELECT sent_at FROM attempts WHERE id = ?', row?.attempt_id ?? '');
    return (
      attempt === undefined || gatewayNow - z.object({ sent_at: z.number() }).parse(attempt).sent_at >= PROVISIONAL_MS
    );
  }

  /** A callback arrives. `genuine`: the provider wrote it, and nobody changed it on the way. */
  noteCallback(url: string, body: string, { genuine, gatewayNow }: { genuine: boolean; gatewayNow: number }): void {
    const reference = this.provider().referenceAt(url);
    if (reference === undefined) return;
    if (!genuine) this.falseCallbacks.add(reference);
    if (!/"ResultCode":"?0\b/.test(body)) this.claimedUnpaid.add(reference);
    const word = this.provider().wordAt(url, body);
    if (word) this.hear(word, gatewayNow);
  }

  /** Whatever a provider sends is taken with a yes: a no could make it stop sending. */
  checkAcknowledgement(status: number): void {
    if (status !== 200) throw new Violation('10 acknowledged', `a callback was answered with HTTP ${String(status)}`);
  }

  /** Called at the moment at which an instruction's bytes leave. */
  assertStoredBeforeSent(reference: string | undefined): void {
    const row = this.find(reference ?? '');
    const attempt = row?.attempt_id ? this.one('SELECT id FROM attempts WHERE id = ?', row.attempt_id) : undefined;
    const stored = attempt !== undefined && row?.first_sent_at !== null && row?.status !== 'created';
    if (!stored)
      throw new Violation('4 stored before sent', `${String(reference)} leaves, and the database does not know of it`);
  }

  // ————— After every step —————

  /** Checks everything that must hold at any moment. Throws a Violation. */
  audit(): void {
    if (!this.hasNews()) return;
    this.audits++;
    this.checkBook();
    for (const event of this.newEvents()) this.checkEvent(event);
    const rows = this.transactions();
    for (const row of rows) this.checkRow(row);
    this.checkAcknowledged(rows);
  }

  private hasNews(): boolean {
    const { data_version: version } = z.object({ data_version: z.number() }).parse(this.one('PRAGMA data_version'));
    const book = `${String(this.provider().instructions().length)}/${String(this.provider().movements().length)}`;
    const news = version !== this.seenVersion || book !== this.seenBook;
    this.seenVersion = version;
    this.seenBook = book;
    return news;
  }

  /** 1 and 8: what the provider holds against each instruction. */
  private checkBook(): void {
    for (const order of this.orders.all) {
      const taken = this.taken(order.reference).length;
      if (taken > 1)
        throw new Violation(
          '1 at most one movement',
          `${order.reference} was taken ${String(taken)} times by the provider`,
        );
      const movements = this.movements(order.reference);
      if (movements.length > 1)
        throw new Violation(
          '1 at most one movement',
          `${order.reference} moved money ${String(movements.length)} times`,
        );
      for (const { amountMinor, party } of movements) {
        if (amountMinor === order.amountMinor && party === order.phone) continue;
        throw new Violation(
          '8 money is exact',
          `${order.reference} moved ${String(amountMinor)} of ${party}, asked for ${String(order.amountMinor)} of ${order.phone}`,
        );
      }
    }
  }

  /** 2, 3 and 5: each line of each timeline follows from the one before. */
  private checkEvent(event: EventRow): void {
    this.checkAnnounced(event);
    if (!event.subject_id.startsWith('txn_')) return;
    const before = this.known.get(event.subject_id);
    const after = { status: event.to_status ?? '', version: event.version ?? 0 };
    if (!before) {
      if (after.version !== 1 || after.status !== 'created')
        throw new Violation('5 one transaction', `${event.id} begins a timeline with version ${String(after.version)}`);
      this.known.set(event.subject_id, after);
      return;
    }
    const moved = after.version === before.version + 1;
    const stayed = after.version === before.version && after.status === before.status;
    if (event.from_status !== before.status || !(moved || stayed)) {
      throw new Violation(
        '5 one transaction',
        `${event.id} says ${String(event.from_status)} → ${after.status} (${String(after.version)}), but it was ${before.status} (${String(before.version)})`,
      );
    }
    this.known.set(event.subject_id, after);
    if (moved) this.checkMove(event.subject_id, before.status, after.status);
  }

  private checkMove(id: string, from: string, to: string): void {
    const row = this.transactions().find((candidate) => candidate.id === id);
    const reference = row?.reference ?? '';
    if (WAYS_OUT[from] && !WAYS_OUT[from].includes(to))
      throw new Violation('3 success is sticky', `${reference} went from ${from} to ${to}`);
    if (UNPAID.includes(to)) {
      if (from === 'created' && this.taken(reference).length > 0)
        throw new Violation(
          '2 silence is not failure',
          `${reference} became ${to} before it was sent, but the provider has it`,
        );
      if (from !== 'created' && !this.refused.has(toWireReference(reference)))
        throw new Violation(
          '2 silence is not failure',
          `${reference} became ${to}, and nobody had said so for certain`,
        );
    }
    if (to === 'succeeded' && this.movements(reference).length !== 1)
      throw new Violation('1 at most one movement', `${reference} became succeeded, but no money moved`);
  }

  /** 10: what merchants should hear is on its way to each of their endpoints in the same transaction. */
  private checkAnnounced({ id, type, merchant_id: merchantId }: EventRow): void {
    // Of its own trouble an endpoint does not hear, and these merchants have no other.
    if (type === null || type === 'webhook_endpoint.failing' || type === 'webhook_endpoint.disabled') return;
    const { deliveries } = z
      .object({ deliveries: z.number() })
      .parse(this.one('SELECT COUNT(*) AS deliveries FROM webhook_deliveries WHERE event_id = ?', id));
    if (deliveries !== 1)
      throw new Violation(
        '10 every event reaches its subscribers',
        `${id} (${type}) has ${String(deliveries)} deliveries`,
      );
    this.announced.push({ eventId: id, merchantId });
  }

  /** 5: state, timeline and the work that follows agree. */
  private checkRow(row: TransactionRow): void {
    const { id, reference, status, version } = row;
    const told = this.known.get(id);
    if (told?.status !== status || told.version !== version)
      throw new Violation(
        '5 one transaction',
        `${reference} is ${status} (${String(version)}), its timeline says ${String(told?.status)} (${String(told?.version)})`,
      );
    const work = this.findWork(row);
    if (work !== undefined)
      throw new Violation('5 one transaction', `${reference} is ${status}, and there is no job to ${work}`);
    const doubt = readDoubt(row);
    const inDoubt = status === 'unconfirmed' || status === 'review';
    if (inDoubt !== (doubt !== undefined))
      throw new Violation(
        '2 silence is not failure',
        `${reference} is ${status}, and its doubt is ${String(row.doubt)}`,
      );
    if (status === 'unconfirmed' && doubt?.deadline == null)
      throw new Violation('7 a stated deadline', `${reference} is unconfirmed without a deadline`);
  }

  /** The job that must exist in this state and does not. */
  private findWork({ id, attempt_id: attemptId, status }: TransactionRow): string | undefined {
    if (status === 'created' || status === 'submitting') return this.hasJob('submit', id) ? undefined : 'submit it';
    const asked = status === 'pending' || status === 'unconfirmed';
    return asked && !this.hasJob('inquire', attemptId ?? '') ? 'inquire about it' : undefined;
  }

  /** 8 and 10: what was acknowledged is there, as it was asked for. */
  private checkAcknowledged(rows: readonly TransactionRow[]): void {
    for (const { reference, id, amountMinor, merchantId } of this.orders.all) {
      if (id === undefined) continue;
      const row = rows.find((candidate) => candidate.id === id);
      if (row?.reference !== reference)
        throw new Violation(
          '10 acknowledged requests survive',
          `${reference} was acknowledged as ${id}, which is not there`,
        );
      if (row.amount_minor !== amountMinor)
        throw new Violation(
          '8 money is exact',
          `${reference} asked for ${String(amountMinor)} and is stored with ${String(row.amount_minor)}`,
        );
      if (row.merchant_id !== merchantId)
        throw new Violation('9 tenants never meet', `${reference} belongs to another merchant`);
    }
  }

  // ————— At the end —————

  /** Checks what must hold when nothing is going to happen any more. Throws a Violation. */
  auditEnd(delivered: ReadonlySet<string>): void {
    this.audit();
    for (const row of this.transactions()) this.checkEnd(row);
    for (const order of this.orders.all) {
      const stored = this.transactions().some(
        (row) => row.reference === order.reference && row.merchant_id === order.merchantId,
      );
      if (order.refused && stored)
        throw new Violation('10 acknowledged requests survive', `${order.reference} was refused and is there`);
      if (!stored && this.taken(order.reference).length > 0)
        throw new Violation('4 stored before sent', `the provider has ${order.reference}, and we do not`);
    }
    for (const { eventId, merchantId } of this.announced) {
      if (!delivered.has(`${merchantId}/${eventId}`))
        throw new Violation('10 every event reaches its subscribers', `${eventId} never reached ${merchantId}`);
    }
    const left = this.all(`SELECT kind, subject_id FROM jobs WHERE ${NO_UPKEEP}`);
    if (left.length > 0) throw new Violation('7 all ends', `jobs are left: ${JSON.stringify(left)}`);
  }

  private checkEnd(row: TransactionRow): void {
    const { reference, status } = row;
    const paid = this.movements(reference).length === 1;
    const doubt = readDoubt(row);
    if (!FINAL.includes(status) && status !== 'review')
      throw new Violation('7 all ends', `${reference} is still ${status}`);
    if (status === 'succeeded' && !paid)
      throw new Violation('1 at most one movement', `${reference} succeeded, and no money moved`);
    const misled = this.misled.has(toWireReference(reference));
    if (UNPAID.includes(status) && paid && !misled)
      throw new Violation('7 what can be asked ends right', `${reference} is ${status}, but the money moved`);
    const disturbed = misled || this.falseCallbacks.has(toWireReference(reference));
    const unaddressable =
      doubt?.reason === 'no_lookup_possible' || !this.provider().canTell(toWireReference(reference));
    if (status === 'review' && !disturbed && !unaddressable)
      throw new Violation(
        '7 what can be asked ends right',
        `${reference} is in review (${String(doubt?.reason)}), though the provider knew and was asked`,
      );
  }

  // ————— What it reads —————

  transactions(): TransactionRow[] {
    return this.all(
      'SELECT id, merchant_id, reference, status, version, amount_minor, attempt_id, first_sent_at, doubt, late FROM transactions',
    ).map((row) => Row.parse(row));
  }

  /** The merchant whose event it is. */
  findOwner(eventId: string): string | undefined {
    const row = this.one('SELECT merchant_id AS owner FROM events WHERE id = ?', eventId);
    return row === undefined ? undefined : z.object({ owner: z.string() }).parse(row).owner;
  }

  private find(wireReference: string): TransactionRow | undefined {
    return this.transactions().find(({ reference }) => toWireReference(reference) === wireReference);
  }

  /** When the first job falls due by the gateway's clock, or undefined where there is none. */
  nextJobAt(): number | undefined {
    return (
      z.object({ at: z.number().nullable() }).parse(this.one(`SELECT MIN(run_at) AS at FROM jobs WHERE ${NO_UPKEEP}`))
        .at ?? undefined
    );
  }

  /** SHA-256 over every row of the tables that tell the story. */
  fingerprint(): string {
    const hash = createHash('sha256');
    for (const table of [
      'transactions',
      'attempts',
      'events',
      'callbacks',
      'phone_guards',
      'webhook_deliveries',
      'idempotency_records',
    ]) {
      hash.update(
        JSON.stringify([table, this.all(`SELECT * FROM ${table} ORDER BY rowid`)], (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      );
    }
    return hash.digest('hex');
  }

  private newEvents(): EventRow[] {
    const rows = this.all(
      'SELECT rowid AS place, id, merchant_id, subject_id, type, reported, from_status, to_status, version FROM events WHERE rowid > ? ORDER BY rowid',
      this.seenEvents,
    ).map((row) => EventRow.parse(row));
    this.seenEvents = rows.at(-1)?.place ?? this.seenEvents;
    return rows;
  }

  private hasJob(kind: string, subjectId: string): boolean {
    return this.one('SELECT id FROM jobs WHERE kind = ? AND subject_id = ?', kind, subjectId) !== undefined;
  }

  private taken(reference: string) {
    const wire = toWireReference(reference);
    return this.provider()
      .instructions()
      .filter((instruction) => instruction.reference === wire);
  }

  private movements(reference: string) {
    const wire = toWireReference(reference);
    return this.provider()
      .movements()
      .filter((movement) => movement.reference === wire);
  }

  private one(sql: string, ...values: (string | number)[]): unknown {
    return this.prepare(sql).get(...values);
  }

  private all(sql: string, ...values: (string | number)[]): unknown[] {
    return this.prepare(sql).all(...values);
  }

  private prepare(sql: string): Statement {
    if (!this.database) throw new Error('The auditor has not opened the database.');
    const statement = this.statements.get(sql) ?? this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

/** References are made so that their letters and digits are unique and few: providers that cut them keep them whole. */
function toWireReference(reference: string): string {
  return reference.replace(/[^A-Za-z0-9]/g, '');
}

function readDoubt({ doubt }: TransactionRow): z.infer<typeof Doubt> | undefined {
  return doubt === null ? undefined : Doubt.parse(JSON.parse(doubt));
}
