import { z } from 'zod';
import { BookFile, TriedEntrySchema, WEBHOOK_FIELDS, WebhookLog } from '#libs/simulators/kit';

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

const WebhookEntrySchema = z.object({ ...WEBHOOK_FIELDS, about: z.string(), status: z.string() });

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
  WebhookEntrySchema,
  TriedEntrySchema,
  z.object({ kind: z.literal('reset') }),
]);

export type Entry = z.infer<typeof EntrySchema>;
export type WebhookEntry = z.infer<typeof WebhookEntrySchema>;
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

export const TERMINAL: readonly Status[] = ['SUCCESS', 'FAILED', 'CANCELLED', 'EXPIRED'];

/**
 * The simulator's own book of money, and of everything that leads to money. It holds what the entries say and nothing
 * else, so reading the file again gives the same book. Rules live elsewhere: an entry carries results.
 */
export class Book {
  readonly transactions = new Map<string, Transaction>();
  readonly webhooks = new WebhookLog<WebhookEntry>((status) => status !== null && status >= 200 && status < 300);
  /** The newest word on each merchant's balance, and what moved since, or since the start. */
  private readonly balances = new Map<string, { readonly told: number | null; readonly changes: number }>();
  private readonly externalIds = new Map<string, string>();

  private readonly file: BookFile<Entry>;

  /** Opens the book of that folder, or an empty one that lives in memory only. */
  constructor(dataDir?: string) {
    this.file = new BookFile({ name: 'dexchange', schema: EntrySchema, apply: (entry) => this.apply(entry) }, dataDir);
  }

  /** Writes down what happened. It counts at once, and is durable when `durable()` says so. */
  record(entry: Entry): void {
    this.file.record(entry);
  }

  durable(): Promise<void> {
    return this.file.durable();
  }

  close(): Promise<void> {
    return this.file.close();
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
      case 'webhook':
        return this.webhooks.add(entry);
      case 'tried':
        return this.webhooks.addTry(entry);
      case 'reset':
        for (const part of [this.transactions, this.balances, this.externalIds, this.webhooks]) part.clear();
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
