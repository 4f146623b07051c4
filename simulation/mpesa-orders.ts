import { z } from 'zod';
import type { HttpRequest } from '#libs/provider-kit';
import type { FaultValues, OrderView, SocketlessMpesa } from '#libs/simulators/mpesa';
import type { Dice } from './dice.js';
import type { FaultAt } from './faults.js';
import type { Movement, TakenInstruction, Word } from './provider-model.js';

const PAYOUT = '/mpesa/b2c/v3/paymentrequest';
const STATUS = '/mpesa/transactionstatus/v1/query';

/** How payouts end; twice in the list is twice as likely. 17 and 26 say nothing for certain. */
const RESULTS = ['0', '0', '0', '0', '0', '1', '8', '17', '26', '2040'] as const;

/** The documents' codes that prove that nothing moved, read again here: the auditor does not ask the adapter. */
const DEFINITE = new Set(['1', '2', '3', '4', '8', '2001', '2006', '2040', '2051', '8006']);
const DEFINITE_STATUSES: Readonly<Record<string, 'paid' | 'not_paid'>> = {
  Completed: 'paid',
  Declined: 'not_paid',
  Cancelled: 'not_paid',
  Expired: 'not_paid',
};

const Body = z
  .object({
    Occassion: z.string().optional(),
    OriginatorConversationID: z.string().optional(),
    OriginalConversationID: z.string().optional(),
    ResultURL: z.string().optional(),
    QueueTimeOutURL: z.string().optional(),
  })
  .catch({});

const Letter = z.object({
  Result: z.object({
    ResultCode: z.union([z.string(), z.number()]).transform(String),
    ConversationID: z.string().optional(),
    OriginatorConversationID: z.string().optional(),
    ResultParameters: z
      .object({ ResultParameter: z.array(z.object({ Key: z.string(), Value: z.unknown().optional() })).catch([]) })
      .optional(),
  }),
});

/** The payouts of the simulated M-Pesa, and the questions about them, as the auditor and the network see them. */
export class MpesaOrders {
  private readonly results: Record<string, string> = {};
  /** The OriginatorConversationID that a question is about, by the URLs of its answer. */
  private readonly asked = new Map<string, string>();

  constructor(
    private readonly mpesa: Pick<SocketlessMpesa, 'orders' | 'transfers'>,
    private readonly dice: Dice,
  ) {}

  purposeOf({ url }: HttpRequest): 'instruct' | 'inquire' | undefined {
    if (url.endsWith(PAYOUT)) return 'instruct';
    return url.endsWith(STATUS) ? 'inquire' : undefined;
  }

  decide(phone: string): string {
    const result = this.dice.pick(RESULTS);
    this.results[phone.slice(1)] = result;
    return result;
  }

  /** How each payout ends, as the simulator wants to hear it. */
  get switches(): Partial<FaultValues> {
    return { payoutResultByPhone: this.results };
  }

  /** The payout or question that this request is; notes what its answers will be about. */
  referenceOf(request: HttpRequest): string | undefined {
    const body = Body.parse(request.json);
    const about = body.OriginalConversationID;
    if (about === undefined) return body.Occassion === undefined ? undefined : toWire(body.Occassion);
    for (const url of [body.ResultURL, body.QueueTimeOutURL]) if (url !== undefined) this.asked.set(url, about);
    return this.findByOriginator(about)?.occasion?.replace(/[^A-Za-z0-9]/g, '');
  }

  referenceAt(url: string): string | undefined {
    return this.findAt(url)?.reference;
  }

  /** Ids that nobody else could name make a Result on its own path an answer; anything else is only a hint. */
  wordAt(url: string, text: string): Word | undefined {
    const at = this.findAt(url);
    const letter = readLetter(text)?.Result;
    if (!at || !letter) return undefined;
    const ids = this.mpesa
      .orders()
      .filter(({ resultUrl }) => resultUrl === url)
      .flatMap(({ conversationId, originatorConversationId }) => [conversationId, originatorConversationId]);
    const isKnown = [letter.ConversationID, letter.OriginatorConversationID].some(
      (id) => id !== undefined && ids.includes(id),
    );
    if (!isKnown) return undefined;
    const status = letter.ResultParameters?.ResultParameter.find(({ Key }) => Key === 'TransactionStatus')?.Value;
    const says = this.asked.has(url) ? readStatus(letter.ResultCode, status) : readCode(letter.ResultCode);
    const { order, reference } = at;
    const truth = order.receipt !== null ? 'paid' : order.state === 'ended' ? 'not_paid' : null;
    return { reference, says, untrue: says !== null && says !== truth, provisional: false };
  }

  /** One that expired in the queue is said not to be there, which proves nothing; so is one that never arrived. */
  canTell(reference: string): boolean {
    const order = this.payouts().find(({ occasion }) => toWire(occasion) === reference);
    return order !== undefined && order.resultCode !== 'QUEUE_TIMEOUT';
  }

  instructions(): TakenInstruction[] {
    return this.payouts().map(({ occasion, conversationId, resultUrl, state }) => ({
      direction: 'out',
      reference: toWire(occasion),
      id: conversationId,
      callbackUrl: resultUrl,
      ended: state === 'ended',
    }));
  }

  movements(): Movement[] {
    return this.mpesa
      .transfers()
      .filter(({ direction }) => direction === 'out')
      .map(({ conversationId, amount, party }) => ({
        reference: toWire(this.payouts().find((order) => order.conversationId === conversationId)?.occasion),
        amountMinor: BigInt(amount.replace('.', '')),
        party: `+${party}`,
      }));
  }

  /** The simulator's own switches behind a fault of a payout or of a question, for this one call. */
  toSwitches(fault: FaultAt<'push' | 'query' | 'queue'>): Partial<FaultValues> {
    const badGatewayStatus = this.dice.pick(['502', '503', '504'] as const);
    switch (fault) {
      case 'instruction_refused':
        return { orderRefusal: this.dice.pick(['systemError', 'duplicate', 'internalError'] as const) };
      case 'callback_early':
        return { resultEarly: 1 };
      case 'answer_html':
        return { orderAnswerUnreadable: 1 };
      case 'answer_empty':
        return { orderAnswerEmpty: 1 };
      case 'answer_error':
      case 'query_noise':
        return { orderAnswerError: 1 };
      case 'answer_bad_gateway':
        return { orderAnswerBadGateway: 1, badGatewayStatus };
      case 'queue_expired':
        return { queueTimeout: 1 };
      case 'queue_notice':
        return { queueTimeoutAnyway: 1 };
      // What a question finds is judged when its Result is made, and spoilt on the way there.
      case 'query_unknown':
      case 'query_contradicting':
      case 'query_premature':
        return {};
    }
  }

  private findAt(url: string): { order: OrderView; reference: string } | undefined {
    const about = this.asked.get(url);
    const order =
      about === undefined
        ? this.payouts().find(({ resultUrl, timeoutUrl }) => resultUrl === url || timeoutUrl === url)
        : this.findByOriginator(about);
    return order && { order, reference: toWire(order.occasion) };
  }

  private findByOriginator(id: string): OrderView | undefined {
    return this.payouts().find(({ originatorConversationId }) => originatorConversationId === id);
  }

  private payouts(): OrderView[] {
    return this.mpesa.orders().filter(({ api }) => api === 'b2c');
  }
}

/** Back to the calm. */
export const CALM_ORDERS: Partial<FaultValues> = {
  orderRefusal: 'off',
  resultEarly: false,
  orderAnswerUnreadable: false,
  orderAnswerEmpty: false,
  orderAnswerError: false,
  orderAnswerBadGateway: false,
  queueTimeout: false,
  queueTimeoutAnyway: false,
};

/** The merchant's reference travels as the occasion, without what M-Pesa does not take. */
function toWire(occasion: string | null | undefined): string {
  return (occasion ?? '').replace(/[^A-Za-z0-9]/g, '');
}

function readCode(code: string): Word['says'] {
  if (code === '0') return 'paid';
  return DEFINITE.has(code) ? 'not_paid' : null;
}

function readStatus(code: string, status: unknown): Word['says'] {
  return code === '0' && typeof status === 'string' ? (DEFINITE_STATUSES[status] ?? null) : null;
}

function readLetter(text: string): z.infer<typeof Letter> | undefined {
  try {
    return Letter.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // Cut off on the way.
  }
}
