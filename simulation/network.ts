import type { HttpClient, HttpExchange, HttpRequest } from '#libs/provider-kit';
import type { Message } from '#libs/simulators/mpesa';
import type { Auditor } from './auditor.js';
import type { FaultAt } from './faults.js';
import type { ProviderModel } from './provider-model.js';
import type { World } from './world.js';

const USUAL_TIMEOUT_MS = 30_000;

/**
 * The network between the gateway's adapters and the providers: it keeps the promises of the real HTTP client
 * (`notSent` is proof that nothing left, `noResponse` is silence) and breaks everything that a network may break.
 */
export class Network implements HttpClient {
  constructor(
    private readonly world: World,
    private readonly provider: () => ProviderModel,
    private readonly auditor: Auditor,
  ) {}

  send(request: HttpRequest): Promise<HttpExchange> {
    if (this.isTooLate(request)) return Promise.resolve(TOO_LATE);
    return new Promise((resolve) => {
      const exchange = new Exchange(this.world, request, resolve);
      this.world.launch(this.carry(request, exchange));
    });
  }

  private async carry(request: HttpRequest, exchange: Exchange): Promise<void> {
    const { world } = this;
    const sender = world.gateway;
    const purpose = this.provider().purposeOf(request);
    const name = `${purpose} ${this.provider().referenceOf(request) ?? ''}`.trim();
    if (purpose === 'instruct' && world.faults.strikes('crash_before_send', 0.5)) return sender?.die();
    const fault = world.faults.draw('request');
    if (fault === 'connection_stuck') return;
    await world.wait(world.dice.whole(5, 300));
    await world.whenAwake();
    if (!sender?.alive || exchange.over) return;
    if (fault === 'connection_refused')
      return exchange.end({ kind: 'notSent', cause: 'connection refused (ECONNREFUSED)' });
    if (this.isTooLate(request)) return exchange.end(TOO_LATE);
    exchange.handedOver = true;
    world.tell('network', `carries: ${name}`);
    if (purpose === 'instruct') this.auditor.assertStoredBeforeSent(this.provider().referenceOf(request));
    if (fault === 'request_lost') return;
    if (fault === 'request_reset') return exchange.end(silence('connection reset (ECONNRESET)', exchange));
    if (purpose === 'instruct' && world.faults.strikes('crash_after_send', 0.5)) sender.die();
    await this.deliver(request, exchange, name);
  }

  private async deliver(request: HttpRequest, exchange: Exchange, name: string): Promise<void> {
    const { world } = this;
    await world.wait(world.dice.whole(5, 300));
    const { answer, word, afterwards } = await this.provider().handle(request);
    afterwards();
    world.tell(
      'provider',
      `${name} → ${answer ? `HTTP ${String(answer.status)} ${answer.body.replace(/\s+/g, ' ').slice(0, 160)}` : 'cuts the connection'}`,
    );
    const fault = world.faults.draw('answer');
    if (fault === 'answer_lost') return;
    await world.wait(fault === 'answer_late' ? world.dice.whole(2_000, 45_000) : world.dice.whole(5, 300));
    if (!answer || fault === 'answer_reset') return exchange.end(silence('connection reset (ECONNRESET)', exchange));
    if (exchange.over) return;
    if (word) this.auditor.hear(word, world.gatewayNow());
    exchange.end({
      kind: 'response',
      status: answer.status,
      headers: Object.fromEntries(
        Object.entries(answer.headers).map(([header, value]) => [header.toLowerCase(), value]),
      ),
      text: answer.body,
      body: readJson(answer.body),
      durationMs: exchange.elapsedMs,
    });
  }

  private isTooLate({ sendBefore }: HttpRequest): boolean {
    return sendBefore !== undefined && this.world.gatewayNow() >= sendBefore;
  }

  // ————— Callbacks —————

  /** Carries a provider's callback to the gateway, with what may become of it on the way. */
  async post(message: Message): Promise<{ status: number | null; error: string | null }> {
    const { world } = this;
    const fault = world.faults.draw('callback');
    if (fault === 'callback_lost') return { status: null, error: 'lost' };
    if (fault === 'callback_late') await world.wait(world.dice.pick([70_000, 600_000, 3_600_000, 20 * 3_600_000]));
    if (fault === 'callback_duplicated') {
      for (let copy = world.dice.whole(1, 3); copy > 0; copy--)
        world.launch(this.postLater(message, copy * world.dice.whole(0, 30_000)));
    }
    return this.postNow(this.spoil(message, fault), fault === undefined || !SPOILING.has(fault));
  }

  /** Posts to the gateway now. `genuine` is what the provider wrote and nobody changed. */
  async postNow(
    { url, body, headers }: Message,
    genuine: boolean,
  ): Promise<{ status: number | null; error: string | null }> {
    await this.world.wait(this.world.dice.whole(5, 400));
    // A process that dies over it may have stored it first.
    this.auditor.noteCallback(url, body, { genuine, gatewayNow: this.world.gatewayNow() });
    const answer = await this.world.callGateway({
      method: 'POST',
      path: new URL(url).pathname,
      body,
      headers,
      from: '196.201.214.200',
    });
    this.world.tell(
      'callback',
      `${genuine ? 'genuine' : 'false'} ${body.replace(/\s+/g, ' ').slice(0, 200)} → ${String(answer?.status ?? 'nobody answers')}`,
    );
    if (!answer) return { status: null, error: 'nobody answers' };
    this.auditor.checkAcknowledgement(answer.status);
    return { status: answer.status, error: null };
  }

  private async postLater(message: Message, delayMs: number): Promise<void> {
    await this.world.wait(delayMs);
    await this.postNow(message, true);
  }

  private spoil(message: Message, fault: FaultAt<'callback'> | undefined): Message {
    switch (fault) {
      case 'callback_garbled':
        return { ...message, body: message.body.slice(0, message.body.length / 2) };
      case 'callback_no_receipt':
        return {
          ...message,
          body: message.body.replace(/\{"(?:Name":"MpesaReceiptNumber|Key":"TransactionReceipt)"[^}]*\},?/, ''),
        };
      case 'callback_contradicting':
        return { ...message, body: contradict(message.body) };
      case 'callback_mismatching':
        return { ...message, body: this.mismatch(message.body) };
      case undefined:
      case 'callback_lost':
      case 'callback_late':
      case 'callback_duplicated':
        return message;
    }
  }

  private mismatch(body: string): string {
    const { dice } = this.world;
    const spoilt = body
      .replace(/("Amount","Value":)\d+/, dice.chance(0.5) ? '$19999' : '$1 77')
      .replace(/("PhoneNumber","Value":)\d+/, '$1254799999999')
      .replace(/("Key":"(?:Transaction)?Amount","Value":)"?[\d.]+"?/, '$19999');
    if (spoilt !== body) return spoilt;
    return body
      .replace(/("CheckoutRequestID":")[^"]*/, '$1ws_CO_221120260000000799999999')
      .replace(/("ConversationID":")[^"]*/, '$1AG_20261122_000000799999999');
  }
}

/** Callbacks that no longer say what the provider wrote. */
const SPOILING = new Set(['callback_contradicting', 'callback_mismatching']);

function contradict(body: string): string {
  // A Result is believed by its path, so it can only be made to deny what was paid: a success that M-Pesa invents, about its own
  // order and under its own ids, nobody could tell from a true one.
  if (body.startsWith('{"Result"')) {
    return /"Key":"TransactionStatus"/.test(body)
      ? body.replace(/("Key":"TransactionStatus","Value":)"Completed"/, '$1"Declined"')
      : body.replace(/("ResultCode":)"?0"?,/, '$12040,').replace(/,"ResultParameters":.*\]\}/, '');
  }
  return /"ResultCode":"?0"?[,}]/.test(body)
    ? body.replace(/"ResultCode":"?0"?/, '"ResultCode":1032').replace(/,"CallbackMetadata":.*\]\}/, '')
    : body.replace(/"ResultCode":"?[\w]+"?/, '"ResultCode":0');
}

const TOO_LATE: HttpExchange = { kind: 'notSent', cause: 'the time to send had passed' };

function silence(cause: string, { elapsedMs }: Exchange): HttpExchange {
  return { kind: 'noResponse', cause, durationMs: elapsedMs };
}

/** One request on its way, with its time-out. */
class Exchange {
  handedOver = false;
  over = false;
  private readonly startedAt: number;
  private readonly cancel: () => void;

  constructor(
    private readonly world: World,
    request: HttpRequest,
    private readonly resolve: (exchange: HttpExchange) => void,
  ) {
    this.startedAt = world.calendar.now();
    const timeoutMs = request.timeoutMs ?? USUAL_TIMEOUT_MS;
    this.cancel = world.calendar.after(timeoutMs, () => {
      const cause = `no ${this.handedOver ? 'answer' : 'connection'} within ${String(timeoutMs)} ms`;
      this.end(this.handedOver ? { kind: 'noResponse', cause, durationMs: timeoutMs } : { kind: 'notSent', cause });
    });
  }

  get elapsedMs(): number {
    return this.world.calendar.now() - this.startedAt;
  }

  end(exchange: HttpExchange): void {
    if (this.over) return;
    this.over = true;
    this.cancel();
    this.resolve(exchange);
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // What is no JSON has no body that an adapter could read.
  }
}
