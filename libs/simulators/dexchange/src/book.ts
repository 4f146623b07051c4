import { join } from 'node:path';
import { z } from 'zod';
import { FileJournal, forgetfulJournal, readJournal, type Journal } from '#libs/simulators/kit';

const RecordSchema = z.object({
  /** `TID…` or `MID…`. */
  id: z.string(),
  kind: z.enum(['CASHOUT', 'CASHIN', 'AIRTIME', 'LINK']),
  merchant: z.string(),
  externalId: z.string(),
  /** Null for links: the payer chooses. */
  service: z.string().nullable(),
  /** Francs. */
  amount: z.number(),
  fee: z.number(),
  /** National digits; of a link the ones it was made for, or null. */
  number: z.string().nullable(),
  itemName: z.string().nullable(),
  customData: z.string().nullable(),
  callbackUrl: z.string(),
  successUrl: z.string(),
  failureUrl: z.string(),
  createdAt: z.number(),
  /** When an unpaid one is given up; null for payouts. */
  expiresAt: z.number().nullable(),
  /** What the payer of a Wizall collection gets by text message. */
  otp: z.string().nullable(),
  /** When the payer of a link pays without being asked, or null. */
  answerAt: z.number().nullable(),
});

const StatusSchema = z.enum(['PENDING', 'PROCESSING', 'SUCCESS', 'FAILED', 'CANCELLED', 'EXPIRED']);

const PlanSchema = z.object({
  service: z.string(),
  number: z.string(),
  /** What happens and when, in order. */
  steps: z.array(z.object({ at: z.number(), status: StatusSchema })),
  /** How the webhooks tell it. */
  telling: z.enum(['once', 'never', 'storm', 'forged']),
});

/** Everything that can happen to the book: one line of the file each. */
const EntrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('created'), record: RecordSchema, plan: PlanSchema.nullable() }),
  z.object({ kind: z.literal('planned'), id: z.string(), plan: PlanSchema }),
  z.object({
    kind: z.literal('turned'),
    id: z.string(),
    at: z.number(),
    status: StatusSchema,
    operatorRef: z.string().nullable(),
  }),
  z.object({ kind: z.literal('wrongOtp'), id: z.string() }),
  /** The dashboard's word: the balance is this from now on. */
  z.object({ kind: z.literal('balance'), merchant: z.string(), balance: z.number() }),
  z.object({
    kind: z.literal('webhook'),
    id: z.number(),
    about: z.string(),
    status: z.string(),
    url: z.string(),
    body: z.string(),
    signature: z.string().nullable(),
    at: z.number(),
    dropped: z.boolean(),
  }),
  z.object({
    kind: z.literal('tried'),
    id: z.number(),
    at: z.number(),
    status: z.number().nullable(),
    error: z.string().nullable(),
    /** When it is sent again, or null where it is not. */
    againAt: z.number().nullable(),
  }),
  z.object({ kind: z.literal('reset') }),
]);

export type Entry = z.infer<typeof EntrySchema>;
export type TransactionRecord = z.infer<typeof RecordSchema>;
export type Plan = z.infer<typeof PlanSchema>;
export type Status = z.infer<typeof StatusSchema>;

/** A direct transaction or a link, and how far it has come. */
export interface Transaction {
  readonly record: TransactionRecord;
  plan: Plan | null;
  /** How many steps of the plan were taken. */
  steps: number;
  status: Status;
  operatorRef: string | null;
  endedAt: number | null;
  wrongOtps: number;
}

export interface WebhookRecord extends Readonly<Omit<Extract<Entry, { kind: 'webhook' }>, 'kind'>> {
  readonly tries: { readonly at: number; readonly status: number | null; readonly error: string | null }[];
  state: 'sending' | 'waiting' | 'delivered' | 'failed' | 'dropped';
  againAt: number | null;
}

export const TERMINAL: readonly Status[] = ['SUCCESS', 'FAILED', 'CANCELLED', 'EXPIRED'];

/**
 * The simulator's own book of money, and of everything that leads to money. It holds what the entries say and nothing
 * else, so reading the file again gives the same book. Rules live elsewhere: an entry carries results.
 */
export class Book {
  readonly transactions = new Map<string, Transaction>();
  readonly webhooks: WebhookRecord[] = [];
  /** The newest word on each merchant's balance, and what moved since, or since the start. */
  private readonly balances = new Map<string, { readonly told: number | null; readonly changes: number }>();
  private readonly externalIds = new Map<string, string>();

  private constructor(private readonly journal: Journal) {}

  /** Opens the book of that folder, or an empty one that lives in memory only. */
  static open(dataDir?: string): Book {
    if (dataDir === undefined) return new Book(forgetfulJournal);
    const path = join(dataDir, 'dexchange-book.jsonl');
    const entries = z.array(EntrySchema).parse(readJournal(path));
    const book = new Book(new FileJournal(path));
    for (const entry of entries) book.apply(entry);
    return book;
  }

  /** Writes down what happened. It counts at once, and is durable when `durable()` says so. */
  record(entry: Entry): void {
    this.journal.append(JSON.stringify(entry));
    this.apply(entry);
  }

  durable(): Promise<void> {
    return this.journal.durable();
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  /** Money that moved, in the order in which it did. */
  transfers(): Transaction[] {
    const moved = [...this.transactions.values()].filter(({ status }) => status === 'SUCCESS');
    return moved.sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0));
  }

  /** The transaction with this external id; one is enough for ever (§3). */
  findByExternalId(merchant: string, externalId: string): Transaction | undefined {
    const id = this.externalIds.get(`${merchant}\n${externalId}`);
    return id === undefined ? undefined : this.transactions.get(id);
  }

  balanceOf(merchant: string, atStart: number): number {
    const { told = null, changes = 0 } = this.balances.get(merchant) ?? {};
    return (told ?? atStart) + changes;
  }

  private apply(entry: Entry): void {
    switch (entry.kind) {
      case 'created':
        return this.applyCreation(entry.record, entry.plan);
      case 'planned':
        Object.assign(this.need(entry.id), { plan: entry.plan, steps: 0 });
        return;
      case 'turned':
        return this.applyTurn(this.need(entry.id), entry);
      case 'wrongOtp':
        this.need(entry.id).wrongOtps++;
        return;
      case 'balance':
        this.balances.set(entry.merchant, { told: entry.balance, changes: 0 });
        return;
      case 'webhook': {
        const { kind: _, ...webhook } = entry;
        this.webhooks.push({ ...webhook, tries: [], state: entry.dropped ? 'dropped' : 'sending', againAt: null });
        return;
      }
      case 'tried':
        return this.applyTry(entry);
      case 'reset':
        for (const part of [this.transactions, this.balances, this.externalIds]) part.clear();
        this.webhooks.length = 0;
    }
  }

  private applyCreation(record: TransactionRecord, plan: Plan | null): void {
    const fresh = { steps: 0, status: 'PENDING', operatorRef: null, endedAt: null, wrongOtps: 0 } as const;
    this.transactions.set(record.id, { record, plan, ...fresh });
    this.externalIds.set(`${record.merchant}\n${record.externalId}`, record.id);
    this.change(record.merchant, toEffect(record, 'PENDING'));
  }

  private applyTurn(transaction: Transaction, { at, status, operatorRef }: Extract<Entry, { kind: 'turned' }>): void {
    const { record } = transaction;
    this.change(record.merchant, toEffect(record, status) - toEffect(record, transaction.status));
    transaction.steps++;
    transaction.operatorRef = operatorRef ?? transaction.operatorRef;
    transaction.status = status;
    transaction.endedAt = TERMINAL.includes(status) ? at : null;
  }

  private applyTry({ id, at, status, error, againAt }: Extract<Entry, { kind: 'tried' }>): void {
    const webhook = this.webhooks[id - 1];
    if (!webhook) throw new Error(`The book has no webhook ${id}`);
    webhook.tries.push({ at, status, error });
    webhook.againAt = againAt;
    const isTaken = status !== null && status >= 200 && status < 300;
    webhook.state = isTaken ? 'delivered' : againAt === null ? 'failed' : 'waiting';
  }

  private change(merchant: string, by: number): void {
    const { told = null, changes = 0 } = this.balances.get(merchant) ?? {};
    this.balances.set(merchant, { told, changes: changes + by });
  }

  private need(id: string): Transaction {
    const found = this.transactions.get(id);
    if (!found) throw new Error(`The book does not know ${id}`);
    return found;
  }
}

export function isMoneyOut({ kind }: Pick<TransactionRecord, 'kind'>): boolean {
  return kind === 'CASHIN' || kind === 'AIRTIME';
}

/** What a transaction in this status has done to the balance: money out leaves with the yes, and comes back with a no (§12). */
function toEffect(record: TransactionRecord, status: Status): number {
  const isPaid = status === 'SUCCESS';
  if (!isMoneyOut(record)) return isPaid ? record.amount - record.fee : 0;
  return isPaid || !TERMINAL.includes(status) ? -(record.amount + record.fee) : 0;
}
