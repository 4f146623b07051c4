import { Alarms, type Action } from '#libs/simulators/kit';
import type { Plan, Status, Transaction, TransactionRecord } from './book.js';
import { COUNTRIES, findMethod } from './methods.js';
import { findOutcome, toFailureMessage, type Outcome } from './outcomes.js';
import type { Webhooks } from './webhooks.js';
import type { World } from './world.js';

/** Why a payment could not be answered. */
export type NoAnswer = 'no_prompt' | 'already_answered' | 'no_method';

/** Moves every payment and payout through its life. Survives a restart, for it acts on the book. */
export class Timeline {
  private readonly alarms: Alarms;
  /** Checkouts that a browser has opened: the person decides, not the clock. */
  private readonly opened = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly webhooks: Webhooks,
  ) {
    this.alarms = new Alarms(world.time);
  }

  /** Takes up what an earlier run left open. */
  resume(): void {
    for (const transaction of this.world.book.transactions.values()) this.drive(transaction);
  }

  /** Nothing is about to happen by itself, but for abandoned checkouts. */
  get isIdle(): boolean {
    return ![...this.world.book.open.values()].some((transaction) => this.findNext(transaction)?.isWork === true);
  }

  /** Begins a payout or a payment; the money of a payout is on its way from here on. */
  begin(record: TransactionRecord, method: string | null): Transaction {
    const { book } = this.world;
    const plan =
      record.recipient === null || method === null ? null : this.planPayout(record, method, record.recipient);
    book.record({ kind: 'created', record, plan });
    const transaction = book.transactions.get(record.id);
    if (!transaction) throw new Error('The book lost what it was told');
    return transaction;
  }

  /** Everything that follows from a new one: its webhook, then its life. */
  async follow(transaction: Transaction): Promise<void> {
    this.drive(transaction);
    await this.webhooks.announce(transaction, 'initiated');
  }

  /** A browser looks at the checkout. */
  open(id: string): void {
    this.opened.add(id);
    const transaction = this.world.book.transactions.get(id);
    if (transaction) this.drive(transaction);
    this.world.watch.changed();
  }

  /** The payer pays, fails to, or gives up. */
  answer(
    transaction: Transaction,
    action: Action,
    by: { method?: string; phone?: string } = {},
  ): NoAnswer | Transaction {
    const { record } = transaction;
    if (!canAnswer(this.world, transaction)) return 'already_answered';
    this.opened.add(record.id);
    if (action === 'ignore') {
      this.drive(transaction);
      return transaction;
    }
    if (action === 'cancel') {
      this.turn(transaction, 'cancelled', null);
      return transaction;
    }
    const phone = by.phone ?? record.restrictedPhone ?? record.customer.phone ?? '';
    const method = by.method ?? chooseMethod(record, phone);
    if (method === undefined) return 'no_method';
    const outcome = action === 'wrong_pin' ? 'failed' : findOutcome(this.world, 'payment', method, phone);
    if (outcome === 'cancel') this.turn(transaction, 'cancelled', null);
    else if (outcome !== 'ignore') this.pay(transaction, method, phone, outcome);
    return transaction;
  }

  stop(): void {
    this.alarms.stop();
    this.opened.clear();
  }

  /** Nothing will happen any more, not even to what is just being answered. */
  close(): void {
    this.alarms.close();
  }

  private pay(transaction: Transaction, method: string, phone: string, outcome: Outcome): void {
    const { book } = this.world;
    const { id } = transaction.record;
    book.record({ kind: 'planned', id, plan: this.plan({ kind: 'payment', method, party: phone, outcome }) });
    this.drive(transaction);
    this.world.watch.changed();
  }

  private planPayout({ amount, currency }: TransactionRecord, method: string, party: string): Plan {
    const outcome = findOutcome(this.world, 'payout', method, party);
    const { book, settings } = this.world;
    const isEmpty = (book.spent.get(currency) ?? 0) + Number(amount) > settings.get('gatewayFloat');
    return this.plan({
      kind: 'payout',
      method,
      party,
      outcome: outcome === 'success' && isEmpty ? 'no_funds' : outcome,
    });
  }

  private plan(way: { kind: 'payment' | 'payout'; method: string; party: string; outcome: Outcome }): Plan {
    const { settings, time } = this.world;
    const { kind, method, party, outcome } = way;
    const pendingAt = time.now() + settings.get('pendingDelayMs');
    const isStuck = outcome === 'pending' || outcome === 'ignore' || outcome === 'cancel';
    return {
      method,
      party,
      pendingAt,
      endsAt: isStuck ? null : pendingAt + settings.get('processingDelayMs'),
      status: outcome === 'success' ? 'success' : 'failed',
      message: toFailureMessage(outcome, kind, method),
      refused: outcome === 'refused',
    };
  }

  /** Sets the clock for what comes next. */
  private drive(transaction: Transaction): void {
    const { id } = transaction.record;
    const next = this.findNext(transaction);
    if (next) this.alarms.set(id, next.at, next.work);
    else this.alarms.clear(id);
  }

  private findNext(transaction: Transaction): { at: number; isWork: boolean; work: () => void } | undefined {
    const { record, plan, status } = transaction;
    if (status === 'success' || status === 'cancelled') return undefined;
    if (plan && !transaction.isPlanDone) {
      const { endsAt, message } = plan;
      const end = () => this.turn(transaction, plan.status, message);
      if (plan.refused && endsAt !== null) return { at: endsAt, isWork: true, work: end };
      if (status !== 'pending')
        return { at: plan.pendingAt, isWork: true, work: () => this.turn(transaction, 'pending', null) };
      return endsAt === null ? undefined : { at: endsAt, isWork: true, work: end };
    }
    if (record.kind === 'payout' || status === 'failed') return undefined;
    const { answerAt, abandonAt } = record;
    if (answerAt !== null && answerAt < (abandonAt ?? Infinity) && !this.opened.has(record.id))
      return { at: answerAt, isWork: true, work: () => void this.answer(transaction, 'pin') };
    const give = () => this.turn(transaction, 'cancelled', null);
    return abandonAt === null ? undefined : { at: abandonAt, isWork: false, work: give };
  }

  private turn(transaction: Transaction, status: Status, message: string | null): void {
    const { book, time } = this.world;
    book.record({ kind: 'turned', id: transaction.record.id, at: time.now(), status, message });
    this.drive(transaction);
    void this.webhooks.announce(transaction, status);
    this.world.watch.changed();
  }
}

/** Whether a payer can still do something: a failed try may be followed by another. */
export function canAnswer({ settings, time }: World, { record, status, plan }: Transaction): boolean {
  if (record.kind !== 'payment') return false;
  if (status === 'initiated') return plan === null;
  return status === 'failed' && settings.get('retryAfterFailure') && time.now() < (record.abandonAt ?? 0);
}

/** The method a payer with this phone takes where nobody chose: one of its country, else any. */
function chooseMethod({ methods, currency }: TransactionRecord, phone: string): string | undefined {
  const offered = methods.flatMap((code) => findMethod('payment', code) ?? []);
  const usable = offered.filter((method) => method.currency === currency);
  const isAtHome = (country: string) => phone.startsWith(COUNTRIES[country]?.dialCode ?? '-');
  const own = usable.find(({ code, countries }) => !/^(card|crypto)_/.test(code) && countries.some(isAtHome));
  return (own ?? usable[0])?.code;
}
