import { z } from 'zod';
import { BookFile, TriedEntrySchema, WEBHOOK_FIELDS, WebhookLog } from '#libs/simulators/kit';

const Customer = z.object({
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  phone: z.string().nullable(),
  address: z.string().nullable(),
  city: z.string().nullable(),
  state: z.string().nullable(),
  country: z.string().nullable(),
  zip: z.string().nullable(),
});

const RecordSchema = z.object({
  kind: z.enum(['payment', 'payout']),
  id: z.string(),
  app: z.string(),
  environment: z.enum(['sandbox', 'live']),
  /** Major units, a plain decimal. */
  amount: z.string(),
  currency: z.string(),
  description: z.string(),
  customer: Customer,
  metadata: z.record(z.string(), z.string()),
  createdAt: z.number(),
  /** The payment's; null for payouts. */
  returnUrl: z.string().nullable(),
  /** Methods that the payer may choose from. */
  methods: z.array(z.string()),
  /** The only phone that may pay, or null. */
  restrictedPhone: z.string().nullable(),
  /** Who is paid: digits; null for payments. */
  recipient: z.string().nullable(),
  /** When a payer whose phone is known pays without being asked, or null. */
  answerAt: z.number().nullable(),
  /** When an unpaid checkout is given up; null for payouts. */
  abandonAt: z.number().nullable(),
});

const PlanSchema = z.object({
  method: z.string(),
  /** Who pays or is paid: digits, or empty where a card has none. */
  party: z.string(),
  pendingAt: z.number(),
  /** Null where it stays pending for ever. */
  endsAt: z.number().nullable(),
  status: z.enum(['success', 'failed']),
  message: z.string().nullable(),
  /** Turned down before it was ever pending. */
  refused: z.boolean(),
});

const StatusSchema = z.enum(['initiated', 'pending', 'success', 'failed', 'cancelled']);

const WebhookEntrySchema = z.object({
  ...WEBHOOK_FIELDS,
  /** The payment or payout; null where somebody forged it. */
  about: z.string().nullable(),
  event: z.string(),
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
    message: z.string().nullable(),
  }),
  z.object({ kind: z.literal('processed'), id: z.string(), at: z.number() }),
  WebhookEntrySchema,
  TriedEntrySchema,
  z.object({
    kind: z.literal('subscribed'),
    app: z.string(),
    webhooks: z.array(z.object({ url: z.string(), secret: z.string() })),
  }),
  z.object({ kind: z.literal('reset') }),
]);

export type Entry = z.infer<typeof EntrySchema>;
export type WebhookEntry = z.infer<typeof WebhookEntrySchema>;
export type TransactionRecord = z.infer<typeof RecordSchema>;
export type Plan = z.infer<typeof PlanSchema>;
export type Status = z.infer<typeof StatusSchema>;
export type Subscription = { readonly url: string; readonly secret: string };

/** A payment or payout, and how far it has come. */
export interface Transaction {
  readonly record: TransactionRecord;
  plan: Plan | null;
  /** The plan came to its end; a payer who tries again makes another. */
  isPlanDone: boolean;
  status: Status;
  /** Why the last try failed. */
  message: string | null;
  pendingAt: number | null;
  endedAt: number | null;
  processedAt: number | null;
}

/**
 * The simulator's own book of money, and of everything that leads to money. It holds what the entries say and nothing
 * else, so reading the file again gives the same book. Rules live elsewhere: an entry carries results.
 */
export class Book {
  readonly transactions = new Map<string, Transaction>();
  /** Those that are initiated or pending. */
  readonly open = new Map<string, Transaction>();
  /** Major units that left, or are to leave, the gateway account, by currency. */
  readonly spent = new Map<string, number>();
  /** Exactly 200 is a yes (§9). */
  readonly webhooks = new WebhookLog<WebhookEntry>((status) => status === 200);
  /** What the dashboard was told since the start, by app; before that the directory counts. */
  readonly subscriptions = new Map<string, readonly Subscription[]>();

  private readonly file: BookFile<Entry>;

  /** Opens the book of that folder, or an empty one that lives in memory only. */
  constructor(dataDir?: string) {
    this.file = new BookFile({ name: 'moneroo', schema: EntrySchema, apply: (entry) => this.apply(entry) }, dataDir);
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
    const moved = [...this.transactions.values()].filter(({ status }) => status === 'success');
    return moved.sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0));
  }

  private apply(entry: Entry): void {
    switch (entry.kind) {
      case 'created': {
        const { record, plan } = entry;
        const times = { pendingAt: null, endedAt: null, processedAt: null };
        const transaction: Transaction = {
          record,
          plan,
          isPlanDone: false,
          status: 'initiated',
          message: null,
          ...times,
        };
        this.transactions.set(record.id, transaction);
        this.open.set(record.id, transaction);
        if (record.kind === 'payout' && plan?.status === 'success')
          this.spent.set(record.currency, (this.spent.get(record.currency) ?? 0) + Number(record.amount));
        return;
      }
      case 'planned':
        Object.assign(this.need(entry.id), { plan: entry.plan, isPlanDone: false });
        this.open.set(entry.id, this.need(entry.id));
        return;
      case 'turned': {
        const { status, message, at } = entry;
        const isOver = status !== 'initiated' && status !== 'pending';
        const times = isOver ? { endedAt: at, isPlanDone: true } : { pendingAt: at };
        Object.assign(this.need(entry.id), { status, message, ...times });
        if (isOver) this.open.delete(entry.id);
        return;
      }
      case 'processed':
        this.need(entry.id).processedAt = entry.at;
        return;
      case 'webhook':
        return this.webhooks.add(entry);
      case 'tried':
        return this.webhooks.addTry(entry);
      case 'subscribed':
        this.subscriptions.set(entry.app, entry.webhooks);
        return;
      case 'reset':
        for (const part of [this.transactions, this.open, this.spent, this.webhooks]) part.clear();
    }
  }

  private need(id: string): Transaction {
    const found = this.transactions.get(id);
    if (!found) throw new Error(`The book does not know ${id}`);
    return found;
  }
}
