import { BookFile } from '#libs/simulators/kit';
import {
  EntrySchema,
  type Entry,
  type OrderRequest,
  type PhoneStanding,
  type Push,
  type ResultParameter,
  type Transfer,
} from './book-entries.js';

export type { Entry, OrderRequest, PhoneStanding, Push, ResultParameter, Task, Transfer } from './book-entries.js';

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

/** A payout, a reversal or a question, and what came of it. */
export interface Order {
  readonly request: OrderRequest;
  end: {
    readonly code: string;
    readonly at: number;
    readonly transactionId: string;
    readonly parameters: readonly ResultParameter[];
    readonly transfer: Transfer | null;
  } | null;
  /** Whether its Result was begun, and whether its queue time-out notice was. */
  called: boolean;
  noticed: boolean;
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
  readonly conversationId: string | null;
  readonly about: 'result' | 'notice' | null;
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

/** Where payouts leave from, and where a paybill's collections arrive. */
export const UTILITY = 'Utility Account';

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
  /** Payouts, reversals and questions, by ConversationID. */
  readonly orders = new Map<string, Order>();
  readonly openOrders = new Set<Order>();
  /** Wrong SecurityCredentials in a row, by shortcode. */
  readonly wrongTries = new Map<string, number>();
  private readonly opened = new Set<string>();
  private readonly ordersByOriginator = new Map<string, Order[]>();
  private readonly receipts = new Map<string, Transfer>();

  private readonly file: BookFile<Entry>;

  /** Opens the book of that folder, or an empty one that lives in memory only. */
  constructor(dataDir?: string) {
    this.file = new BookFile({ name: 'mpesa', schema: EntrySchema, apply: (entry) => this.apply(entry) }, dataDir);
    // The run that began these is gone; whether they arrived nobody here knows, and they are not sent again.
    for (const callback of this.callbacks) {
      if (callback.state === 'sending')
        Object.assign(callback, { state: 'unanswered', error: 'the simulator was stopped' });
    }
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

  hasReceipt(receipt: string): boolean {
    return this.receipts.has(receipt);
  }

  findTransfer(receipt: string): Transfer | undefined {
    return this.receipts.get(receipt);
  }

  /** Every order under that OriginatorConversationID, oldest first. */
  findOrders(originatorConversationId: string): readonly Order[] {
    return this.ordersByOriginator.get(originatorConversationId) ?? [];
  }

  balanceOf(shortcode: string, account: string): bigint {
    return this.accounts.get(shortcode)?.get(account) ?? 0n;
  }

  /** Gives a merchant its float, once. */
  openAccount(shortcode: string, balance: bigint): void {
    if (!this.opened.has(shortcode)) this.record({ kind: 'opened', shortcode, balance });
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
      case 'paid':
        return this.move(entry.transfer);
      case 'opened':
        this.opened.add(entry.shortcode);
        this.credit(entry.shortcode, UTILITY, entry.balance);
        return;
      case 'accountSet':
        this.credit(entry.shortcode, entry.account, entry.balance - this.balanceOf(entry.shortcode, entry.account));
        return;
      case 'initiator':
        this.wrongTries.set(entry.shortcode, entry.wrongTries);
        return;
      case 'order': {
        const order: Order = { request: entry.order, end: null, called: false, noticed: false };
        this.orders.set(order.request.conversationId, order);
        this.openOrders.add(order);
        const { originatorConversationId } = order.request;
        this.ordersByOriginator.set(originatorConversationId, [...this.findOrders(originatorConversationId), order]);
        return;
      }
      case 'orderEnded': {
        const order = this.need(this.orders, entry.id);
        order.end = entry;
        this.openOrders.delete(order);
        if (entry.transfer) this.move(entry.transfer);
        return;
      }
      case 'callback':
        return this.noteCallback(entry);
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
        for (const part of [this.orders, this.openOrders, this.ordersByOriginator, this.wrongTries, this.opened])
          part.clear();
        this.transfers.length = 0;
        this.callbacks.length = 0;
    }
  }

  private noteCallback(entry: Extract<Entry, { kind: 'callback' }>): void {
    const { id, checkoutRequestId, conversationId, about, url, body, at, dropped } = entry;
    const state = dropped ? 'dropped' : 'sending';
    const outcome = { status: null, error: null, endedAt: null };
    this.callbacks.push({ id, checkoutRequestId, conversationId, about, url, body, at, state, ...outcome });
    const prompt = checkoutRequestId === null ? undefined : this.prompts.get(checkoutRequestId);
    if (prompt) prompt.called = true;
    const order = conversationId === null ? undefined : this.orders.get(conversationId);
    if (!order) return;
    if (about === 'notice') order.noticed = true;
    else order.called = true;
  }

  private end({ id, at, code, transfer, standing }: Extract<Entry, { kind: 'ended' }>): void {
    const prompt = this.need(this.prompts, id);
    const wallet = this.need(this.wallets, prompt.push.msisdn);
    prompt.end = { code, at, receipt: transfer?.receipt ?? null };
    this.open.delete(id);
    wallet.open.delete(prompt);
    wallet.standing = standing;
    if (transfer) this.move(transfer);
  }

  /** Money between a customer's wallet and a merchant's account. */
  private move(transfer: Transfer): void {
    const { shortcode, account, amount, receipt, reverses } = transfer;
    const wallet = this.need(this.wallets, transfer.party);
    const toMerchant = transfer.direction === 'in' ? amount : -amount;
    wallet.balance -= toMerchant;
    this.credit(shortcode, account, toMerchant);
    wallet.transfers.push(transfer);
    this.transfers.push(transfer);
    this.receipts.set(receipt, transfer);
    if (reverses !== null) this.need(this.receipts, reverses).status = 'reversed';
  }

  private credit(shortcode: string, account: string, amount: bigint): void {
    const accounts = this.accounts.get(shortcode) ?? new Map<string, bigint>();
    this.accounts.set(shortcode, accounts.set(account, (accounts.get(account) ?? 0n) + amount));
  }

  private need<V>(map: ReadonlyMap<string, V>, key: string): V {
    const found = map.get(key);
    if (found === undefined) throw new Error(`The book does not know ${key}`);
    return found;
  }
}

/** `150.00`, from hundredths. */
export function formatCents(cents: bigint): string {
  const sign = cents < 0n ? '-' : '';
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
