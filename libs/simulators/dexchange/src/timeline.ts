import { Alarms, type Action } from '#libs/simulators/kit';
import { TERMINAL, type Plan, type Status, type Transaction, type TransactionRecord } from './book.js';
import { createOperatorReference } from './ids.js';
import { findOutcome, toPlan } from './outcomes.js';
import { PAGE_SERVICES, findService } from './services.js';
import type { Webhooks } from './webhooks.js';
import type { World } from './world.js';

const ENDS: Readonly<Record<Exclude<Action, 'ignore'>, Status>> = {
  pin: 'SUCCESS',
  wrong_pin: 'FAILED',
  cancel: 'CANCELLED',
};

interface Step {
  readonly at: number;
  /** The simulator is at work; giving up what nobody pays is not. */
  readonly isWork: boolean;
  readonly work: () => void;
}

/** Moves every transaction through its life. Survives a restart, for it acts on the book. */
export class Timeline {
  private readonly alarms: Alarms;
  /** Pages that a browser has opened, and phones that were answered: a person decides, not the clock. */
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

  /** Nothing is about to happen by itself, but for what nobody pays. */
  get isIdle(): boolean {
    return ![...this.world.book.transactions.values()].some((transaction) => this.findNext(transaction)?.isWork);
  }

  /** Takes a transaction; the money of a payout leaves the balance here. */
  begin(record: TransactionRecord): Transaction {
    const { book } = this.world;
    const { service, number } = record;
    const waits = service === null || number === null || findService(service)?.flow === 'otp';
    const plan = waits ? null : this.plan(record, service, number);
    book.record({ kind: 'created', record, plan });
    const transaction = book.transactions.get(record.id);
    if (!transaction) throw new Error('The book lost what it was told');
    return transaction;
  }

  /** Everything that follows from a new one. */
  follow(transaction: Transaction): void {
    this.drive(transaction);
    this.world.watch.changed();
  }

  /** All that would happen by itself happens now, and is told. */
  async finish(transaction: Transaction): Promise<void> {
    const findStep = () => transaction.plan?.steps[transaction.steps];
    for (let step = findStep(); step; step = findStep()) {
      this.write(transaction, step.status);
      await this.webhooks.announce(transaction);
    }
  }

  /** A browser looks at the page. */
  open(transaction: Transaction): void {
    this.opened.add(transaction.record.id);
    this.drive(transaction);
    this.world.watch.changed();
  }

  /** The payer has chosen, or proved who he is: from here his number decides. */
  pay(transaction: Transaction, service: string, number: string): void {
    const plan = this.plan(transaction.record, service, number);
    this.opened.add(transaction.record.id);
    if (plan) this.world.book.record({ kind: 'planned', id: transaction.record.id, plan });
    this.drive(transaction);
    this.world.watch.changed();
  }

  /** The payer pays, fails to, gives up or does nothing. False where it is too late. */
  answer(transaction: Transaction, action: Action): boolean {
    if (!canAnswer(transaction)) return false;
    this.opened.add(transaction.record.id);
    if (action === 'ignore') this.drive(transaction);
    else this.settle(transaction, ENDS[action]);
    return true;
  }

  /** An end by somebody's word, whatever was planned. */
  settle(transaction: Transaction, status: Status, operatorRef?: string): void {
    const { record, plan } = transaction;
    const steps: Plan['steps'] = [{ at: this.world.time.now(), status }];
    const service = plan?.service ?? record.service ?? PAGE_SERVICES[0]?.code ?? '';
    const number = plan?.number ?? record.number ?? '';
    this.world.book.record({ kind: 'planned', id: record.id, plan: { service, number, steps, telling: 'once' } });
    this.turn(transaction, status, operatorRef);
  }

  stop(): void {
    this.alarms.stop();
    this.opened.clear();
  }

  /** Nothing will happen any more, not even to what is just being answered. */
  close(): void {
    this.alarms.close();
  }

  private plan({ expiresAt }: TransactionRecord, service: string, number: string): Plan | null {
    return toPlan(this.world, findOutcome(this.world, number), { service, number, expiresAt });
  }

  /** Sets the clock for what comes next. */
  private drive(transaction: Transaction): void {
    const { id } = transaction.record;
    const next = this.findNext(transaction);
    if (next) this.alarms.set(id, next.at, next.work);
    else this.alarms.clear(id);
  }

  private findNext(transaction: Transaction): Step | undefined {
    const { record, plan, status, steps } = transaction;
    const step = plan?.steps[steps];
    const isHeld =
      this.opened.has(record.id) && record.kind === 'CASHOUT' && findService(record.service ?? '')?.flow !== 'otp';
    if (step && !isHeld) return { at: step.at, isWork: true, work: () => this.turn(transaction, step.status) };
    if (TERMINAL.includes(status)) return undefined;
    const { answerAt, number, expiresAt } = record;
    if (answerAt !== null && number !== null && !plan && !this.opened.has(record.id))
      return { at: answerAt, isWork: true, work: () => this.pay(transaction, PAGE_SERVICES[0]?.code ?? '', number) };
    return expiresAt === null
      ? undefined
      : { at: expiresAt, isWork: false, work: () => this.turn(transaction, 'EXPIRED') };
  }

  private turn(transaction: Transaction, status: Status, operatorRef?: string): void {
    this.write(transaction, status, operatorRef);
    this.drive(transaction);
    void this.webhooks.announce(transaction);
    this.world.watch.changed();
  }

  private write({ record, plan }: Transaction, status: Status, operatorRef?: string): void {
    const { book, time } = this.world;
    const service = plan?.service ?? record.service ?? '';
    const proven = status === 'SUCCESS' ? (operatorRef ?? createOperatorReference(service, time.now())) : null;
    book.record({ kind: 'turned', id: record.id, at: time.now(), status, operatorRef: proven });
  }
}

/** Whether a payer can still do something. */
export function canAnswer({ record, status }: Transaction): boolean {
  return (record.kind === 'CASHOUT' || record.kind === 'LINK') && !TERMINAL.includes(status);
}
