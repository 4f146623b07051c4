import type { Direction } from './provider-model.js';

/** One payment that a merchant wants, and what it was told about it. */
export interface Order {
  readonly direction: Direction;
  readonly merchantId: string;
  /** Unique in a run, over all merchants. */
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly amountMinor: bigint;
  /** E.164. */
  readonly phone: string;
  /** The JSON that is sent, the same each time. */
  readonly body: string;
  /** The id that was acknowledged with 201, once one was. */
  id: string | undefined;
  /** A definite refusal was the answer. */
  refused: boolean;
}

/** Everything that merchants asked for in a run. */
export class Orders {
  readonly all: Order[] = [];

  add(order: Omit<Order, 'id' | 'refused'>): Order {
    const added: Order = { ...order, id: undefined, refused: false };
    this.all.push(added);
    return added;
  }

  /** Those whose id the merchant has heard. */
  get acknowledged(): (Order & { id: string })[] {
    return this.all.filter((order): order is Order & { id: string } => order.id !== undefined);
  }
}
