import { join } from 'node:path';
import { z } from 'zod';
import { FileJournal, forgetfulJournal, readJournal, type Journal } from '#libs/simulators/kit';

/** Money in hundredths of a shilling, as text: JSON has no exact integers of our size. */
const Cents = z
  .string()
  .regex(/^-?\d+$/)
  .transform((digits) => BigInt(digits));
const Stage = z.enum(['paid', 'afterPin', 'declined', 'silence', 'noPrompt']);

const PushSchema = z.object({
  checkoutRequestId: z.string(),
  merchantRequestId: z.string(),
  shortcode: z.string(),
  /** Where the money goes: the paybill, or the till of the store. */
  partyB: z.string(),
  transactionType: z.string(),
  /** The consumer key of the app that pushed. */
  app: z.string(),
  amount: Cents,
  msisdn: z.string(),
  callbackUrl: z.string(),
  reference: z.string(),
  description: z.string(),
  acceptedAt: z.number(),
  /** When the prompt reaches the phone; null where it never will. */
  showAt: z.number().nullable(),
  /** When a phone that nobody touches answers by its rule; null where it stays silent. */
  answerAt: z.number().nullable(),
  endsAt: z.number(),
  rule: z.object({ code: z.string(), stage: Stage }),
  /** Whether a magic number chose the rule: such prompts never block a line. */
  magic: z.boolean(),
});

const TransferSchema = z.object({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  party: z.string(),
  shortcode: z.string(),
  account: z.string(),
  amount: Cents,
  reference: z.string(),
  status: z.enum(['completed', 'reversed']),
  at: z.number(),
  receipt: z.string(),
  checkoutRequestId: z.string(),
  callbackUrl: z.string(),
});

const Standing = z.object({ unfinished: z.number(), wrongPins: z.number(), blockedUntil: z.number().nullable() });

/** Everything that can happen to the book. One line of the file each; what happened together is one line. */
const EntrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('token'),
    token: z.string(),
    app: z.string(),
    expiresAt: z.number(),
    endsOthers: z.boolean(),
  }),
  z.object({ kind: z.literal('tokensEnded') }),
  z.object({ kind: z.literal('phone'), msisdn: z.string(), balance: Cents }),
  z.object({ kind: z.literal('adjusted'), msisdn: z.string(), balance: Cents, standing: Standing }),
  z.object({ kind: z.literal('push'), push: PushSchema }),
  z.object({ kind: z.literal('shown'), id: z.string(), at: z.number() }),
  z.object({
    kind: z.literal('answered'),
    id: z.string(),
    at: z.number(),
    action: z.string(),
    by: z.enum(['person', 'rule']),
    endsAt: z.number(),
  }),
  z.object({
    kind: z.literal('ended'),
    id: z.string(),
    at: z.number(),
    code: z.string(),
    transfer: TransferSchema.nullable(),
    standing: Standing,
  }),
  z.object({
    kind: z.literal('callback'),
    id: z.number(),
    checkoutRequestId: z.string().nullable(),
    url: z.string(),
    body: z.string(),
    at: z.number(),
    dropped: z.boolean(),
  }),
  z.object({
    kind: z.literal('callbackEnded'),
    id: z.number(),
    at: z.number(),
    status: z.number().nullable(),
    error: z.string().nullable(),
  }),
  z.object({ kind: z.literal('reset') }),
]);

export type Entry = z.infer<typeof EntrySchema>;
export type Push = z.infer<typeof PushSchema>;
export type Transfer = z.infer<typeof TransferSchema>;
export type PhoneStanding = z.infer<typeof Standing>;

/** A push and how far it has come. */
export interface Prompt {
  readonly push: Push;
  shownAt: number | null;
  answer: {
    readonly action: string;
    readonly by: 'person' | 'rule';
    readonly at: number;
    readonly endsAt: number;
  } | null;
  end: { readonly code: string; readonly at: number; readonly receipt: string | null } | null;
  /** Whether a callback was begun: it is sent at most once, whatever happens in between. */
  called: boolean;
}

/** A customer's line and wallet. */
export interface Wallet {
  readonly msisdn: string;
  balance: bigint;
  standing: PhoneStanding;
  /** Every prompt that was meant for this line, oldest first. */
  readonly prompts: Prompt[];
  /** Those that have not ended. */
  readonly open: Set<Prompt>;
  readonly transfers: Transfer[];
}

export interface CallbackRecord {
  readonly id: number;
  readonly checkoutRequestId: string | null;
  readonly url: string;
  readonly body: string;
  readonly at: number;
  state: 'sending' | 'answered' | 'unanswered' | 'dropped';
  status: number | null;
  error: string | null;
  endedAt: number | null;
}

interface Token {
  readonly app: string;
  readonly expiresAt: number;
}

const FRESH: PhoneStanding = { unfinished: 0, wrongPins: 0, blockedUntil: null };

/**
 * The simulator's own book of money, and of everything that leads to money. It holds what the entries say and nothing
 * else, so reading the file again gives the same book. Rules live elsewhere: an entry carries results.
 */
export class Book {
  readonly tokens = new Map<string, Token>();
  readonly prompts = new Map<string, Prompt>();
  readonly wallets = new Map<string, Wallet>();
  /** Balances of the merchants, by shortcode and account name. */
  readonly accounts = new Map<string, Map<string, bigint>>();
  readonly transfers: Transfer[] = [];
  readonly callbacks: CallbackRecord[] = [];
  /** Prompts that have not ended. */
  readonly open = new Map<string, Prompt>();
  private readonly receipts = new Set<string>();

  private constructor(private readonly journal: Journal) {}

  /** Opens the book of that folder, or an empty one that lives in memory only. */
  static open(dataDir?: string): Book {
    if (dataDir === undefined) return new Book(forgetfulJournal);
    const path = join(dataDir, 'mpesa-book.jsonl');
    const entries = z.array(EntrySchema).parse(readJournal(path));
    const book = new Book(new FileJournal(path));
    for (const entry of entries) book.apply(entry);
    // The run that began these is gone; whether they arrived nobody here knows, and they are not sent again.
    for (const callback of book.callbacks) {
      if (callback.state === 'sending')
        Object.assign(callback, { state: 'unanswered', error: 'the simulator was stopped' });
    }
    return book;
  }

  /** Writes down what happened. It counts at once, and is durable when `durable()` says so. */
  record(entry: Entry): void {
    this.journal.append(toLine(entry));
    this.apply(entry);
  }

  durable(): Promise<void> {
    return this.journal.durable();
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  hasReceipt(receipt: string): boolean {
    return this.receipts.has(receipt);
  }

  /** The wallet of that number, opened with this balance where the book has none yet. */
  getWallet(msisdn: string, openingBalance: bigint): Wallet {
    const known = this.wallets.get(msisdn);
    if (known) return known;
    this.record({ kind: 'phone', msisdn, balance: openingBalance });
    return this.getWallet(msisdn, openingBalance);
  }

  /** The prompts of that line that have not ended, newest first. */
  openPromptsOf(msisdn: string): Prompt[] {
    return [...(this.wallets.get(msisdn)?.open ?? [])].reverse();
  }

  private apply(entry: Entry): void {
    switch (entry.kind) {
      case 'token':
        if (entry.endsOthers)
          for (const [token, { app }] of this.tokens) if (app === entry.app) this.tokens.delete(token);
        this.tokens.set(entry.token, { app: entry.app, expiresAt: entry.expiresAt });
        return;
      case 'tokensEnded':
        return this.tokens.clear();
      case 'phone':
        this.wallets.set(entry.msisdn, {
          msisdn: entry.msisdn,
          balance: entry.balance,
          standing: FRESH,
          prompts: [],
          open: new Set(),
          transfers: [],
        });
        return;
      case 'adjusted':
        Object.assign(this.need(this.wallets, entry.msisdn), { balance: entry.balance, standing: entry.standing });
        return;
      case 'push': {
        const { push } = entry;
        const prompt: Prompt = { push, shownAt: null, answer: null, end: null, called: false };
        this.prompts.set(push.checkoutRequestId, prompt);
        this.open.set(push.checkoutRequestId, prompt);
        const wallet = this.need(this.wallets, push.msisdn);
        wallet.prompts.push(prompt);
        wallet.open.add(prompt);
        return;
      }
      case 'shown':
        this.need(this.prompts, entry.id).shownAt = entry.at;
        return;
      case 'answered':
        this.need(this.prompts, entry.id).answer = entry;
        return;
      case 'ended':
        return this.end(entry);
      case 'callback': {
        const { id, checkoutRequestId, url, body, at } = entry;
        const state = entry.dropped ? 'dropped' : 'sending';
        this.callbacks.push({ id, checkoutRequestId, url, body, at, state, status: null, error: null, endedAt: null });
        const prompt = checkoutRequestId === null ? undefined : this.prompts.get(checkoutRequestId);
        if (prompt) prompt.called = true;
        return;
      }
      case 'callbackEnded': {
        const callback = this.callbacks[entry.id - 1];
        if (!callback) throw new Error(`The book has no callback ${entry.id}`);
        const state = entry.status === null ? 'unanswered' : 'answered';
        Object.assign(callback, { state, status: entry.status, error: entry.error, endedAt: entry.at });
        return;
      }
      case 'reset':
        for (const part of [this.tokens, this.prompts, this.wallets, this.accounts, this.open, this.receipts])
          part.clear();
        this.transfers.length = 0;
        this.callbacks.length = 0;
    }
  }

  private end({ id, at, code, transfer, standing }: Extract<Entry, { kind: 'ended' }>): void {
    const prompt = this.need(this.prompts, id);
    const wallet = this.need(this.wallets, prompt.push.msisdn);
    prompt.end = { code, at, receipt: transfer?.receipt ?? null };
    this.open.delete(id);
    wallet.open.delete(prompt);
    wallet.standing = standing;
    if (!transfer) return;
    wallet.balance -= transfer.amount;
    const accounts = this.accounts.get(transfer.shortcode) ?? new Map<string, bigint>();
    this.accounts.set(
      transfer.shortcode,
      accounts.set(transfer.account, (accounts.get(transfer.account) ?? 0n) + transfer.amount),
    );
    wallet.transfers.push(transfer);
    this.transfers.push(transfer);
    this.receipts.add(transfer.receipt);
  }

  private need<V>(map: ReadonlyMap<string, V>, key: string): V {
    const found = map.get(key);
    if (found === undefined) throw new Error(`The book does not know ${key}`);
    return found;
  }
}

/** An entry as it stands in the file. */
function toLine(entry: Entry): string {
  return JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** `150.00`, from hundredths. */
export function formatCents(cents: bigint): string {
  const sign = cents < 0n ? '-' : '';
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
