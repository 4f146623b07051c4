import { z } from 'zod';
import type { HttpRequest } from '#libs/provider-kit';
import {
  openMpesaWithoutSockets,
  type Answer,
  type FaultValues,
  type Message,
  type PromptView,
  type SettingValues,
  type SocketlessMpesa,
} from '#libs/simulators/mpesa';
import type { Calendar } from './calendar.js';
import type { Dice } from './dice.js';
import { FAULTS, type FaultAt, type FaultPlan } from './faults.js';
import { CALM_ORDERS, MpesaOrders } from './mpesa-orders.js';
import type { Direction, Handled, Movement, ProviderModel, Purpose, TakenInstruction, Word } from './provider-model.js';

const PUSH = '/mpesa/stkpush/v1/processrequest';
const QUERY = '/mpesa/stkpushquery/v1/query';

/** What customers do with a prompt; twice in the list is twice as likely. */
const OUTCOMES = [
  'approve',
  'approve',
  'approve',
  'approve',
  'cancel',
  'ignore',
  'wrong_pin',
  'unreachable',
  '1',
  '1001',
  '2006',
  'SFC_IC0003',
] as const;

const Body = z.object({ AccountReference: z.string().optional(), CheckoutRequestID: z.string().optional() }).catch({});
const QueryWord = z.object({ ResponseCode: z.string(), ResultCode: z.union([z.string(), z.number()]) });
const Refusal = z.object({ errorCode: z.string(), errorMessage: z.string() });

/** The documents' definite refusals of a push, read again here: the auditor does not ask the adapter. */
const DEFINITE_REFUSAL =
  /^(Merchant does not exist|Wrong credentials|\[MerchantValidate\] - Wrong credentials|Unable to lock subscriber|Merchant \d+ not allowed|Bad Request - )/;
/** Codes with which M-Pesa gives no verdict. */
const NO_VERDICT = new Set(['4999', '15', '1050', '2026', '9999', '100000100', 'E3008']);

export interface MpesaModelParts {
  readonly calendar: Calendar;
  readonly dice: Dice;
  readonly plan: FaultPlan;
  /** Carries a callback to the gateway. */
  readonly post: (message: Message) => Promise<{ status: number | null; error: string | null }>;
}

/** The simulated M-Pesa of `libs/simulators`, on virtual time and seeded chance, with faults drawn for each call. */
export class MpesaModel implements ProviderModel {
  readonly baseUrl = 'http://203.0.113.1';
  private readonly mpesa: SocketlessMpesa;
  private readonly orders: MpesaOrders;
  private readonly outcomes: Record<string, string> = {};

  constructor(private readonly parts: MpesaModelParts) {
    const { calendar, dice, post } = parts;
    this.mpesa = openMpesaWithoutSockets({
      time: calendar,
      random: () => dice.fraction(),
      idRandom: () => dice.fraction(),
      post: (message) => post(message),
      settings: drawSettings(dice),
    });
    this.orders = new MpesaOrders(this.mpesa, dice);
  }

  purposeOf(request: HttpRequest): Purpose {
    if (request.url.endsWith(PUSH)) return 'instruct';
    return request.url.endsWith(QUERY) ? 'inquire' : (this.orders.purposeOf(request) ?? 'other');
  }

  referenceOf(request: HttpRequest): string | undefined {
    if (this.orders.purposeOf(request)) return this.orders.referenceOf(request);
    const { AccountReference, CheckoutRequestID } = Body.parse(request.json);
    return AccountReference ?? this.find(CheckoutRequestID)?.reference;
  }

  decide(phone: string, direction: Direction): string {
    if (direction === 'out') return this.orders.decide(phone);
    const outcome = this.parts.dice.pick(OUTCOMES);
    this.outcomes[phone.slice(1)] = outcome;
    return outcome;
  }

  async handle(request: HttpRequest): Promise<Handled> {
    const purpose = this.purposeOf(request);
    const fault = this.drawFault(request, purpose);
    this.mpesa.setFaults({
      ...this.toSwitches(fault, request),
      outcomeByPhone: this.outcomes,
      ...this.orders.switches,
    });
    const reply = await this.call(request).finally(() => this.mpesa.setFaults({ ...CALM, ...CALM_ORDERS }));
    const answer = reply.answer === 'cut' ? null : reply.answer;
    return {
      answer,
      word: answer ? this.toWord(request, purpose, answer) : undefined,
      afterwards: reply.afterwards ?? (() => undefined),
    };
  }

  instructions(): TakenInstruction[] {
    const pushes = this.mpesa.prompts().map(({ reference, checkoutRequestId, callbackUrl, state }) => ({
      direction: 'in' as const,
      reference,
      id: checkoutRequestId,
      callbackUrl,
      ended: state === 'ended',
    }));
    return [...pushes, ...this.orders.instructions()];
  }

  referenceAt(url: string): string | undefined {
    const push = this.mpesa.prompts().find(({ callbackUrl }) => callbackUrl === url);
    return push?.reference ?? this.orders.referenceAt(url);
  }

  /** Callbacks of pushes are hints, whatever they say. */
  wordAt(url: string, body: string): Word | undefined {
    return this.orders.wordAt(url, body);
  }

  canTell(reference: string): boolean {
    return this.mpesa.prompts().some((prompt) => prompt.reference === reference) || this.orders.canTell(reference);
  }

  movements(): Movement[] {
    const paidIn = this.mpesa.transfers().filter(({ direction }) => direction === 'in');
    const collected = paidIn.map(({ reference, amount, party }) => ({
      reference,
      amountMinor: BigInt(amount.replace('.', '')),
      party: `+${party}`,
    }));
    return [...collected, ...this.orders.movements()];
  }

  close(): void {
    this.mpesa.close();
  }

  private call({ method, url, headers = {}, json }: HttpRequest) {
    const { pathname, searchParams } = new URL(url);
    const lowerCased = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    return this.mpesa.call({
      method,
      path: pathname,
      query: searchParams,
      headers: { ...lowerCased, ...(json !== undefined && { 'content-type': 'application/json' }) },
      body: Buffer.from(json === undefined ? '' : JSON.stringify(json)),
    });
  }

  private find(checkoutRequestId: string | undefined): PromptView | undefined {
    return this.mpesa.prompts().find((prompt) => prompt.checkoutRequestId === checkoutRequestId);
  }

  private drawFault(request: HttpRequest, purpose: Purpose): CallFault | undefined {
    const { plan } = this.parts;
    const gate = plan.draw('gate', 0.5);
    if (gate !== undefined) return gate;
    const isPayout = purpose === 'instruct' && this.orders.purposeOf(request) !== undefined;
    if (isPayout) return plan.draw('queue') ?? plan.draw('push');
    if (purpose === 'instruct') return plan.draw('push');
    return purpose === 'inquire' && this.referenceOf(request) !== undefined ? plan.draw('query') : undefined;
  }

  /** The simulator's own switches behind a fault, for this one call. */
  private toSwitches(fault: CallFault | undefined, request: HttpRequest): Partial<FaultValues> {
    const { dice } = this.parts;
    if (fault !== undefined && !isGateFault(fault) && this.orders.purposeOf(request))
      return this.orders.toSwitches(fault);
    const badGatewayStatus = dice.pick(['502', '503', '504'] as const);
    const prompt = this.find(Body.parse(request.json).CheckoutRequestID);
    switch (fault) {
      case undefined:
        return {};
      case 'throttled':
        return { spikeArrest: 1, throttleStatus: dice.pick(['500', '429'] as const) };
      case 'too_busy':
        return { systemBusy: 1 };
      case 'quota_used_up':
        return { quotaViolation: 1 };
      case 'maintenance':
        return { maintenance: 1 };
      case 'firewall_page':
        return { firewall403: 1 };
      case 'bad_gateway_page':
        return { badGateway: 1, badGatewayStatus };
      case 'internal_error':
        return { internalError: 1 };
      case 'no_proxy':
        return { apigeeFault: 1 };
      case 'token_refused':
        return {
          tokenRejected: 1,
          tokenRejection: dice.pick(['404.001.03', '400.003.01', '401.002.01', '401.001', 'plain401'] as const),
        };
      case 'instruction_refused':
        return {
          pushRefusal: dice.pick([
            'merchant',
            'credentials',
            'credentialsOld',
            'lock',
            'busy',
            'transactionType',
          ] as const),
        };
      case 'callback_early':
        return { callbackEarly: 1 };
      case 'answer_html':
        return { pushAnswerUnreadable: 1 };
      case 'answer_empty':
        return { pushAnswerEmpty: 1 };
      case 'answer_error':
        return { pushAnswerError: 1 };
      case 'answer_bad_gateway':
        return { pushAnswerBadGateway: 1, badGatewayStatus };
      case 'query_noise':
        return { queryNoise: 1, queryNoiseMessage: dice.pick(['The transaction is being processed', ''] as const) };
      case 'query_unknown':
        return { queryUnknown: 1 };
      case 'query_contradicting':
        return prompt?.resultCode === '0' ? { queryContradiction: '1032' } : {};
      case 'query_premature':
        return { queryEarlyFailure: '1032' };
      case 'queue_expired':
      case 'queue_notice':
        throw new TypeError('Pushes do not queue.');
    }
  }

  /** What this answer says for certain. */
  private toWord(request: HttpRequest, purpose: Purpose, { status, body }: Answer): Word | undefined {
    const reference = this.referenceOf(request);
    if (reference === undefined) return undefined;
    if (purpose === 'instruct') {
      const refusal = Refusal.safeParse(readJson(body)).data;
      const refused = status >= 400 && refusal !== undefined && DEFINITE_REFUSAL.test(refusal.errorMessage);
      return { reference, says: refused ? 'not_paid' : null, untrue: false, provisional: false };
    }
    // The answer to a question about a payout comes later, as a Result.
    if (this.orders.purposeOf(request)) return { reference, says: null, untrue: false, provisional: false };
    const code = String(QueryWord.safeParse(readJson(body)).data?.ResultCode ?? '4999');
    const says = status !== 200 || NO_VERDICT.has(code) ? null : code === '0' ? 'paid' : 'not_paid';
    const prompt = this.find(Body.parse(request.json).CheckoutRequestID);
    const truth = prompt?.resultCode === '0' ? 'paid' : prompt?.state === 'ended' ? 'not_paid' : null;
    return { reference, says, untrue: says !== null && says !== truth, provisional: says === 'not_paid' };
  }
}

type CallFault = FaultAt<'gate' | 'push' | 'query' | 'queue'>;

function isGateFault(fault: CallFault): fault is FaultAt<'gate'> {
  return FAULTS[fault].moment === 'gate';
}

const CALM: Partial<FaultValues> = {
  spikeArrest: false,
  throttleStatus: '500',
  systemBusy: false,
  quotaViolation: false,
  maintenance: false,
  firewall403: false,
  badGateway: false,
  internalError: false,
  apigeeFault: false,
  tokenRejected: false,
  pushRefusal: 'off',
  callbackEarly: false,
  pushAnswerUnreadable: false,
  pushAnswerEmpty: false,
  pushAnswerError: false,
  pushAnswerBadGateway: false,
  queryNoise: false,
  queryUnknown: false,
  queryContradiction: null,
  queryEarlyFailure: null,
};

/** Customers and networks differ from run to run. */
function drawSettings(dice: Dice): Partial<SettingValues> {
  return {
    promptDelayMs: dice.whole(200, 5_000),
    answerDelayMs: dice.whole(500, 50_000),
    processingDelayMs: dice.whole(100, 4_000),
    callbackDelayMs: dice.whole(50, 8_000),
    promptLifeMs: dice.pick([60_000, 90_000, 170_000]),
    orderDelayMs: dice.pick([100, 2_000, 20_000, 200_000]),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Pages and empty bodies say nothing.
  }
}
