import { Alarms } from '#libs/simulators/kit';
import {
  formatCents,
  UTILITY,
  type Order,
  type OrderRequest,
  type ResultParameter,
  type Task,
  type Transfer,
} from './book.js';
import type { Callbacks } from './callbacks.js';
import { isInScope } from './faults.js';
import { QUEUE_TIMEOUT } from './order-codes.js';
import { toBalanceParameters, toPayoutParameters, toReversalParameters, toStatusParameters } from './parameters.js';
import { MAX_AMOUNT } from './stk-fields.js';
import { answerStatus } from './transaction-status.js';
import type { World } from './world.js';

/** The least a payout moves (§16.1), in hundredths of a shilling. */
const MIN_PAYOUT = 1_000n;

/** What an order comes to: its code, its money, and what its Result will say beside that. */
export interface Ending {
  readonly code: string;
  readonly transfer: Transfer | null;
  readonly parameters: readonly ResultParameter[];
}

const failing = (code: string): Ending => ({ code, transfer: null, parameters: [] });

/** Carries orders out when their time has come, and has their Results sent. Survives a restart, for it acts on the book. */
export class Desk {
  private readonly alarms: Alarms;

  constructor(
    private readonly world: World,
    private readonly callbacks: Callbacks,
  ) {
    this.alarms = new Alarms(world.time);
  }

  /** Takes up what an earlier run left open. */
  resume(): void {
    for (const order of this.world.book.orders.values()) {
      if (!order.end) this.drive(order);
      else this.callbacks.scheduleResult(order);
    }
  }

  start(id: string): void {
    const order = this.world.book.orders.get(id);
    if (order && !order.end) this.drive(order);
  }

  /** Carries it out at once, Result included. */
  async rush(id: string): Promise<void> {
    const order = this.world.book.orders.get(id);
    if (!order) return;
    this.carryOut(order);
    if (order.request.queue === 'passed') await this.callbacks.deliverResult(order);
    else this.callbacks.scheduleResult(order);
    this.world.watch.changed();
  }

  /** Nothing will happen any more, not even to an order whose acknowledgement is just leaving. */
  close(): void {
    this.alarms.close();
  }

  stop(): void {
    this.alarms.stop();
  }

  private drive(order: Order): void {
    const { conversationId, endsAt } = order.request;
    this.alarms.set(conversationId, endsAt, () => {
      this.carryOut(order);
      this.callbacks.scheduleResult(order);
      this.world.watch.changed();
    });
  }

  /** The end of an order, its code and its money in one entry. */
  private carryOut({ request }: Order): void {
    const { book, faults, ids, time } = this.world;
    const at = time.now();
    const { code, transfer, parameters } = this.judge(request, at);
    const isNormal = faults.get('failedTransactionId') === 'normal' && isInScope(faults, request.task.api);
    const newReceipt = (): string => ids.receipt(at, (candidate) => book.findTransfer(candidate) !== undefined);
    const transactionId = transfer?.receipt ?? (isNormal ? newReceipt() : ids.failedTransactionId(at));
    book.record({
      kind: 'orderEnded',
      ...{ id: request.conversationId, at, code, transactionId, transfer },
      parameters: [...parameters],
    });
  }

  private judge(request: OrderRequest, at: number): Ending {
    if (request.queue === 'expired') return failing(QUEUE_TIMEOUT);
    if (request.refusal !== null) return failing(request.refusal);
    const { faults } = this.world;
    switch (request.task.api) {
      case 'b2c':
        return this.judgePayout(request, request.task, at);
      case 'reversal':
        return this.judgeReversal(request, request.task, at);
      case 'status': {
        const found = answerStatus(this.world, request.shortcode, request.task);
        const code = faults.get('statusResult') ?? (typeof found === 'string' ? found : '0');
        if (code !== '0' || typeof found === 'string') return failing(code);
        return { code, transfer: null, parameters: toStatusParameters(this.world, found) };
      }
      case 'balance': {
        const code = faults.get('balanceResult') ?? '0';
        if (code !== '0') return failing(code);
        return { code, transfer: null, parameters: toBalanceParameters(this.world, request.shortcode, at) };
      }
    }
  }

  private judgePayout(request: OrderRequest, task: Extract<Task, { api: 'b2c' }>, at: number): Ending {
    const { book, directory, settings } = this.world;
    const { shortcode } = request;
    const { amount, msisdn, rule } = task;
    const merchant = directory.merchants.find((candidate) => candidate.shortcode === shortcode);
    if (merchant?.paysOut === false) return failing('2028');
    if (rule !== '0') return failing(rule);
    if (amount < MIN_PAYOUT) return failing('2');
    if (amount > MAX_AMOUNT * 100n) return failing('3');
    if (book.balanceOf(shortcode, UTILITY) < amount) return failing('1');
    const held = book.wallets.get(msisdn)?.balance ?? 0n;
    if (held + amount > BigInt(settings.get('customerMaximumBalance')) * 100n) return failing('8');
    const transfer = this.toTransfer(request, { kind: 'payout', party: msisdn, account: UTILITY, amount, at });
    return { code: '0', transfer, parameters: toPayoutParameters(this.world, transfer) };
  }

  /** Undoes money that came in to this very shortcode, once, and as a whole (§11). */
  private judgeReversal(request: OrderRequest, task: Extract<Task, { api: 'reversal' }>, at: number): Ending {
    const { book, faults } = this.world;
    const chosen = faults.get('reversalResult');
    if (chosen !== null && chosen !== '0') return failing(chosen);
    const original = book.findTransfer(task.transactionId);
    if (original?.kind !== 'collection' || original.shortcode !== request.shortcode) return failing('R000002');
    if (original.status === 'reversed') return failing('R000001');
    const { account, amount, party } = original;
    if (amount !== task.amount) return failing('25');
    if (book.balanceOf(request.shortcode, account) < amount) return failing('1');
    const transfer = {
      ...this.toTransfer(request, { kind: 'reversal', party, account, amount, at }),
      reference: request.occasion ?? original.receipt,
      reverses: original.receipt,
    };
    return { code: '0', transfer, parameters: toReversalParameters(this.world, transfer) };
  }

  private toTransfer(
    { conversationId, originatorConversationId, shortcode, resultUrl }: OrderRequest,
    moved: Pick<Transfer, 'kind' | 'party' | 'account' | 'amount' | 'at'>,
  ): Transfer {
    const { book, ids } = this.world;
    const receipt = ids.receipt(moved.at, (candidate) => book.findTransfer(candidate) !== undefined);
    return {
      ...moved,
      id: receipt,
      direction: 'out',
      shortcode,
      reference: originatorConversationId,
      status: 'completed',
      receipt,
      checkoutRequestId: null,
      conversationId,
      reverses: null,
      callbackUrl: resultUrl,
    };
  }
}

/** What the control API shows of an order: what tests count. */
export interface OrderView {
  readonly conversationId: string;
  readonly originatorConversationId: string;
  readonly api: Task['api'];
  readonly shortcode: string;
  /** Of the recipient of a payout; null for everything else. */
  readonly msisdn: string | null;
  /** Null for questions. */
  readonly amount: string | null;
  readonly transactionId: string | null;
  readonly remarks: string;
  readonly occasion: string | null;
  readonly resultUrl: string;
  readonly timeoutUrl: string;
  readonly state: 'taken' | 'ended';
  readonly acceptedAt: string;
  readonly endedAt: string | null;
  readonly resultCode: string | null;
  /** Of the money that moved. */
  readonly receipt: string | null;
}

export function toOrderView({ request, end }: Order): OrderView {
  const { conversationId, originatorConversationId, shortcode, task, remarks, occasion, resultUrl, timeoutUrl } =
    request;
  return {
    ...{ conversationId, originatorConversationId, api: task.api, shortcode },
    msisdn: task.api === 'b2c' ? task.msisdn : null,
    amount: 'amount' in task ? formatCents(task.amount) : null,
    transactionId: 'transactionId' in task ? task.transactionId : null,
    ...{ remarks, occasion, resultUrl, timeoutUrl },
    state: end ? 'ended' : 'taken',
    acceptedAt: new Date(request.acceptedAt).toISOString(),
    endedAt: end ? new Date(end.at).toISOString() : null,
    resultCode: end?.code ?? null,
    receipt: end?.transfer?.receipt ?? null,
  };
}
