import type { Task, Transfer } from './book.js';
import { QUEUE_TIMEOUT } from './order-codes.js';
import type { World } from './world.js';

/** What a status query finds: a transaction, and how far it has come. */
export interface FoundTransaction {
  readonly kind: Transfer['kind'];
  readonly status: string;
  readonly shortcode: string;
  readonly msisdn: string;
  readonly amount: bigint;
  readonly initiatedAt: number;
  /** Null while it is open. */
  readonly finalisedAt: number | null;
  /** Null where no money moved. */
  readonly receipt: string | null;
  readonly account: string;
  /** Null for pushes, which have other ids. */
  readonly conversationId: string | null;
  readonly originatorConversationId: string | null;
}

/** Looks a transaction of that shortcode up (§10). Answers the ResultCode where there is none to be seen. */
export function answerStatus(
  world: World,
  shortcode: string,
  task: Extract<Task, { api: 'status' }>,
): FoundTransaction | string {
  const { faults } = world;
  const isHidden = faults.strikes('statusUnknown');
  const found = task.transactionId === null ? findByOriginator(world, task) : findByReceipt(world, task.transactionId);
  if (found === undefined || isHidden) return faults.get('statusOfUnknown');
  if (typeof found === 'string') return found;
  if (found.shortcode !== shortcode) return faults.get('statusOfUnknown');
  const claimed = faults.get('statusContradiction');
  return claimed === 'off' ? found : { ...found, status: claimed };
}

function findByReceipt({ book }: World, receipt: string): FoundTransaction | undefined {
  const transfer = book.findTransfer(receipt);
  return transfer && toFound({ book }, transfer);
}

function findByOriginator(
  { book, faults }: World,
  { originalConversationId }: Extract<Task, { api: 'status' }>,
): FoundTransaction | string | undefined {
  const order = book
    .findOrders(originalConversationId ?? '')
    .find(({ request, end }) => 'amount' in request.task && end?.code !== QUEUE_TIMEOUT && request.refusal !== '15');
  if (!order) return undefined;
  const { request, end } = order;
  if (end?.transfer) return toFound({ book }, end.transfer);
  const { task } = request;
  if (!('amount' in task)) return undefined;
  const failed = faults.get('statusOfFailed');
  if (end && (failed === '2033' || failed === 'SFC_IC0003')) return failed;
  const original = task.api === 'reversal' ? book.findTransfer(task.transactionId) : undefined;
  return {
    kind: task.api === 'b2c' ? 'payout' : 'reversal',
    status: end ? failed : faults.get('statusOfOpen'),
    shortcode: request.shortcode,
    msisdn: task.api === 'b2c' ? task.msisdn : (original?.party ?? ''),
    amount: task.amount,
    initiatedAt: request.acceptedAt,
    finalisedAt: end?.at ?? null,
    receipt: null,
    account: original?.account ?? 'Utility Account',
    conversationId: request.conversationId,
    originatorConversationId: request.originatorConversationId,
  };
}

function toFound({ book }: Pick<World, 'book'>, transfer: Transfer): FoundTransaction {
  const { kind, shortcode, party, amount, at, receipt, account, conversationId } = transfer;
  const request = conversationId === null ? undefined : book.orders.get(conversationId)?.request;
  return {
    ...{ kind, shortcode, amount, receipt, account, conversationId },
    status: 'Completed',
    msisdn: party,
    initiatedAt: request?.acceptedAt ?? at,
    finalisedAt: at,
    originatorConversationId: request?.originatorConversationId ?? null,
  };
}
