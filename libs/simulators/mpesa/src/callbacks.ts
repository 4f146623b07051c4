import { postMessage, type Delivery } from '#libs/simulators/kit';
import { formatCents, type Order, type Prompt } from './book.js';
import { isInScope } from './faults.js';
import { toNoticeMessage, toResultMessage } from './results.js';
import type { Message } from './message.js';
import { toCallbackDescription } from './stk-codes.js';
import { toWireTimestamp } from './time.js';
import type { World } from './world.js';

/** Takes a message to its address; gives up where the signal or `timeoutMs` says so. Never throws. */
export type Post = (message: Message, patience: { signal: AbortSignal; timeoutMs: number }) => Promise<Delivery>;

/** What the faults make of a message on its way. */
interface Fate {
  readonly dropped: boolean;
  readonly copies: number;
  readonly copyDelayMs: number;
}

const PLAIN: Fate = { dropped: false, copies: 0, copyDelayMs: 0 };

/** Sends callbacks: late, twice, never or wrong where a fault says so, and at most once where none does. */
export class Callbacks {
  constructor(
    private readonly world: World,
    private readonly post: Post,
  ) {}

  /** Sends the callback of a transaction that ended, after the usual delay. */
  schedule(prompt: Prompt): void {
    const { settings, faults } = this.world;
    this.world.errands.later(settings.get('callbackDelayMs') + faults.get('callbackExtraDelayMs'), () =>
      this.deliver(prompt),
    );
  }

  /** Sends it now, with what the faults ask for. Resolves when the first copy was answered or given up. */
  deliver(prompt: Prompt): Promise<void> {
    const { faults } = this.world;
    return this.world.errands.run(() =>
      this.deliverAsAsked(toMessage(this.world, prompt), {
        dropped: faults.strikes('callbackDrop'),
        copies: faults.get('callbackCopies'),
        copyDelayMs: faults.get('callbackCopyDelayMs'),
      }),
    );
  }

  /** The same for the Result of an order that ended, or the notice that it expired in the queue. */
  scheduleResult(order: Order): void {
    const { settings, faults } = this.world;
    const extraMs = isInScope(faults, order.request.task.api) ? faults.get('resultExtraDelayMs') : 0;
    const { queue } = order.request;
    if (queue !== 'passed' && !order.noticed)
      this.world.errands.later(settings.get('callbackDelayMs'), () =>
        this.deliverAsAsked(toNoticeMessage(this.world, order), PLAIN),
      );
    if (queue !== 'expired' && !order.called)
      this.world.errands.later(settings.get('callbackDelayMs') + extraMs, () => this.deliverResult(order));
  }

  /** Sends it now. Resolves when the first copy was answered or given up. */
  deliverResult(order: Order): Promise<void> {
    const { faults } = this.world;
    const strikes = isInScope(faults, order.request.task.api);
    return this.world.errands.run(() =>
      this.deliverAsAsked(toResultMessage(this.world, order), {
        dropped: strikes && faults.strikes('resultDrop'),
        copies: strikes ? faults.get('resultCopies') : 0,
        copyDelayMs: faults.get('resultCopyDelayMs'),
      }),
    );
  }

  private async deliverAsAsked(message: Message, { dropped, copies, copyDelayMs }: Fate): Promise<void> {
    if (dropped) {
      this.begin(message, true);
      return;
    }
    for (let copy = 1; copy <= copies; copy++) this.world.errands.later(copy * copyDelayMs, () => this.send(message));
    await this.sendUntilHeard(message, this.world.faults.get('callbackRetries'));
  }

  private async sendUntilHeard(message: Message, retries: number): Promise<void> {
    const { signal } = this.world.errands;
    const { status } = await this.send(message);
    const isHeard = status !== null && status >= 200 && status < 300;
    if (isHeard || retries === 0 || signal.aborted) return;
    this.world.errands.later(this.world.settings.get('callbackRetryDelayMs'), () =>
      this.sendUntilHeard(message, retries - 1),
    );
  }

  /** Sends any message, once, and writes down what came of it. */
  send(message: Message): Promise<Delivery> {
    return this.world.errands.run(() => this.sendOnce(message));
  }

  private async sendOnce(message: Message): Promise<Delivery> {
    const { book, time } = this.world;
    const { signal } = this.world.errands;
    const id = this.begin(message, false);
    const delivery = await this.exchange(message, signal);
    if (!signal.aborted) book.record({ kind: 'callbackEnded', id, at: time.now(), ...delivery });
    return delivery;
  }

  private begin({ url, body, checkoutRequestId, conversationId, about }: Message, dropped: boolean): number {
    const { book, time } = this.world;
    const id = book.callbacks.length + 1;
    book.record({
      kind: 'callback',
      id,
      checkoutRequestId: checkoutRequestId ?? null,
      conversationId: conversationId ?? null,
      about: about ?? null,
      url,
      body,
      at: time.now(),
      dropped,
    });
    return id;
  }

  private async exchange(message: Message, signal: AbortSignal): Promise<Delivery> {
    // Written down before the bytes leave: a restart must not send it a second time.
    await this.world.book.durable();
    return this.post(message, { signal, timeoutMs: this.world.settings.get('callbackTimeoutMs') });
  }
}

/** The way real callbacks go. */
export const postOverHttp: Post = (message, { signal, timeoutMs }) =>
  postMessage(message, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));

/** What a forger may say instead of the truth. */
export interface Claims {
  readonly code: string;
  readonly receipt?: string;
  /** In hundredths of a shilling. */
  readonly amount?: bigint;
  readonly msisdn?: string;
  readonly checkoutRequestId?: string;
  readonly merchantRequestId?: string;
}

function toMessage(world: World, prompt: Prompt): Message {
  const { faults } = world;
  const { end } = prompt;
  const amount = faults.get('callbackAmount');
  const claims = {
    code: faults.get('callbackContradiction') ?? end?.code ?? '1037',
    receipt: end?.receipt ?? undefined,
    amount: amount === null ? undefined : BigInt(amount) * 100n,
    msisdn: faults.get('callbackPhone') ?? undefined,
    checkoutRequestId: faults.get('callbackCheckoutRequestId') ?? undefined,
    merchantRequestId: faults.get('callbackMerchantRequestId') ?? undefined,
  };
  return toStkMessage(world, prompt, claims);
}

/** The callback of a push as Safaricom sends it (§4), saying what it is told to say. */
export function toStkMessage(world: World, { push, end }: Prompt, claims: Claims): Message {
  const { faults, ids, time } = world;
  const asString = faults.get('callbackResultCodeType') === 'string' || !isNumeric(claims.code);
  const members = [
    `"MerchantRequestID":${JSON.stringify(claims.merchantRequestId ?? push.merchantRequestId)}`,
    `"CheckoutRequestID":${JSON.stringify(claims.checkoutRequestId ?? push.checkoutRequestId)}`,
    `"ResultCode":${asString ? JSON.stringify(claims.code) : claims.code}`,
    `"ResultDesc":${JSON.stringify(toCallbackDescription(claims.code, faults.get('resultDescForm')))}`,
  ];
  if (claims.code === '0') {
    const at = end?.at ?? time.now();
    const receipt = claims.receipt ?? ids.receipt(at, () => false);
    const items = toItems(world, {
      at,
      receipt,
      amount: claims.amount ?? push.amount,
      msisdn: claims.msisdn ?? push.msisdn,
    });
    members.push(`"CallbackMetadata":{"Item":[${items.join(',')}]}`);
  }
  return {
    url: push.callbackUrl,
    body: `{"Body":{"stkCallback":{${members.join(',')}}}}`,
    headers: { Businessshortcode: push.shortcode },
    checkoutRequestId: push.checkoutRequestId,
  };
}

/** Whether that code is a number in JSON too. */
export function isNumeric(code: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(code);
}

/** Written as text: JSON.stringify knows no `150.00`. */
function toItems({ faults }: World, paid: { at: number; receipt: string; amount: bigint; msisdn: string }): string[] {
  const item = (name: string, value: string): string => `{"Name":"${name}","Value":${value}}`;
  const decimals = faults.get('callbackAmountForm').slice(1);
  const items = [item('Amount', `${paid.amount / 100n}${decimals}`)];
  if (faults.get('callbackReceipt') === 'present') items.push(item('MpesaReceiptNumber', JSON.stringify(paid.receipt)));
  const balance = faults.get('callbackBalance');
  if (balance === 'withoutValue') items.push('{"Name":"Balance"}');
  if (balance === 'withValue') {
    const basic = formatCents(paid.amount);
    items.push(
      item(
        'Balance',
        JSON.stringify(`{Amount={CurrencyCode=KES, MinimumAmount=${paid.amount}, BasicAmount=${basic}}}`),
      ),
    );
  }
  items.push(item('TransactionDate', toWireTimestamp(paid.at)), item('PhoneNumber', paid.msisdn));
  return items;
}
