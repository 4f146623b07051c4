import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { z } from 'zod';
import { createIdSource, Money, Msisdn, systemClock } from '#libs/primitives';
import {
  createHttpClient,
  createTokenCache,
  findSecretFields,
  type CallbackMessage,
  type ClosableHttpClient,
  type HttpClient,
  type HttpRequest,
  type Identification,
  type Instruction,
  type OperationFacts,
  type Provider,
  type ProviderReferences,
  type SentAttempt,
  type StatusReport,
  type SubmissionOutcome,
} from '#libs/provider-kit';
import { startCallbackSink, type CallbackSink } from './callback-sink.js';
import { startFaultProxy, type FaultProxy, type RecordedRequest, type WireRequest } from './fault-proxy.js';
import type { Control, MovementName, MovementStage, Order, RunningSimulator, Situation, Stage } from './stage.js';

/** How long a request that meets silence by design is waited for. */
const SILENCE_MS = 150;

/** One kind of movement, whatever the capability calls its methods. */
export interface Movement {
  submit(instruction: Instruction): Promise<SubmissionOutcome>;
  inquire(attempt: SentAttempt): Promise<StatusReport>;
  identify?(references: ProviderReferences): Promise<Identification>;
  submitOtp?(attempt: SentAttempt, otp: string): Promise<SubmissionOutcome>;
}

/** A line of a simulator's book of money, of what every simulator's has. */
const BookLine = z.object({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  party: z.string(),
  amount: z.string(),
  currency: z.string(),
  status: z.string(),
});
export type BookLine = z.infer<typeof BookLine>;

/** How long a message is waited for: simulators on a stage send theirs at once, a busy machine does not. */
const MESSAGE_TIMEOUT_MS = 30_000;

/** How long a simulator may take to come to rest. */
const REST_MS = 30_000;

/** Everything the checks of one provider work with: adapter → fault proxy → simulator, and a sink for its callbacks. */
export class Bench<Credentials = unknown, Settings = unknown> {
  private readonly ids = createIdSource(systemClock);
  private readonly client: ClosableHttpClient = createHttpClient({ clock: systemClock, defaultTimeoutMs: 10_000 });
  private simulator: RunningSimulator | undefined;
  private openProxy: FaultProxy | undefined;
  private openSink: CallbackSink | undefined;

  constructor(
    readonly stage: Stage<Credentials, Settings>,
    private readonly messageTimeoutMs = MESSAGE_TIMEOUT_MS,
  ) {}

  get proxy(): FaultProxy {
    return present(this.openProxy, 'the bench is not open');
  }

  get sink(): CallbackSink {
    return present(this.openSink, 'the bench is not open');
  }

  /** Where messages arrive that come on no path of their own. */
  get accountUrl(): string {
    return `${this.sink.baseUrl}/account`;
  }

  async open(): Promise<void> {
    this.openSink = await startCallbackSink(() => randomBytes(32).toString('hex'), this.messageTimeoutMs);
    this.simulator = await this.stage.startSimulator({ webhookUrl: this.accountUrl });
    this.openProxy = await startFaultProxy(this.simulator.baseUrl);
  }

  async close(): Promise<void> {
    this.client.close();
    await this.openProxy?.close();
    await this.simulator?.stop();
    await this.openSink?.close();
  }

  /** Before each check: an empty book, no faults, nothing recorded. */
  async reset(): Promise<void> {
    this.proxy.reset();
    await this.control('POST', '/_control/reset');
    this.sink.reset();
  }

  /** The simulator's book of money, once nothing is under way there any more. */
  async readBook(): Promise<BookLine[]> {
    await this.control('POST', '/_control/idle', { waitMs: REST_MS });
    return z.array(BookLine).parse(await this.control('GET', '/_control/transfers'));
  }

  readonly control: Control = async (method, path, body) => {
    const { baseUrl } = present(this.simulator, 'the bench is not open');
    const answer = await this.client.send({ method, url: baseUrl + path, json: body });
    if (answer.kind === 'response' && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} of the simulator: ${answer.kind === 'response' ? answer.text : answer.cause}`);
  };

  /** A newly connected account, with no token in its cache. */
  connect(options: { credentials?: unknown; baseUrl?: string } = {}): Provider {
    const { definition, account } = this.stage;
    const http: HttpClient = { send: (request) => this.client.send(this.withPatience(request)) };
    return definition.connect(
      {
        id: 'pac_01J00000000000000000000000',
        mode: 'test',
        credentials: definition.credentials.parse(options.credentials ?? account.credentials),
        settings: definition.settings.parse(account.settings),
        baseUrl: options.baseUrl ?? this.openProxy?.baseUrl ?? definition.hosts.test,
      },
      { http, clock: systemClock, tokens: createTokenCache({ clock: systemClock }) },
    );
  }

  movement(name: MovementName, provider = this.connect()): Movement {
    if (name !== 'links') return present(provider[name], `no ${name}`);
    const links = present(provider.links, 'no links');
    return { submit: (instruction) => links.create(instruction), inquire: (attempt) => links.inquire(attempt) };
  }

  stageOf(name: MovementName): MovementStage {
    return present(this.stage[name], `The provider has ${name}, so the stage must say how to play them`);
  }

  factsOf(name: MovementName): OperationFacts {
    return present(this.stage.definition.operations[name], `The definition has no facts about ${name}`);
  }

  /** An instruction of the stage's, with an attempt id and callback URLs of its own. */
  async instruct(name: MovementName, changes: Partial<Order> = {}): Promise<Instruction> {
    const stage = this.stageOf(name);
    const base = typeof stage.order === 'function' ? await stage.order(this.control) : stage.order;
    const order: Order = { ...base, ...changes };
    const kind = name === 'payouts' ? 'payout' : 'collection';
    const methods = this.stage.definition.methods.filter((method) => method.code === order.method);
    const method = present(
      methods.find((candidate) => candidate.kind === kind),
      `The definition has no ${kind} method ${order.method}`,
    );
    const amount = Money.parse(order.amount, method.currency);
    if (typeof amount === 'string') throw new Error(`The amount of the stage is ${amount}`);
    const phone = present(Msisdn.parse(order.party.phone), 'The phone of the stage is no number');
    return {
      attemptId: this.ids.next('att'),
      amount,
      party: { ...order.party, phone },
      method,
      reference: 'INV-118',
      description: 'Order 118',
      callbackUrls: this.urlsFor(this.factsOf(name).callbackPurposes),
      returnUrl: 'https://shop.example.com/thanks',
      ...(order.original && { original: { ...order.original, amount } }),
      sendBefore: systemClock.now() + 60_000,
    };
  }

  toSent(name: MovementName, instruction: Instruction, references: ProviderReferences): SentAttempt {
    const { attemptId, amount, party, method } = instruction;
    const callbackUrls = this.urlsFor(this.factsOf(name).inquiryCallbackPurposes);
    return { attemptId, references, sentAt: systemClock.now(), amount, party, method, callbackUrls };
  }

  /** Brings a situation about and submits. */
  async submitIn(name: MovementName, situation: Situation, provider = this.connect()): Promise<SubmissionOutcome> {
    await this.bringAbout(situation, this.stageOf(name).isSubmit);
    const instruction = await this.instruct(name, situation.order);
    return this.examine(await this.movement(name, provider).submit(instruction));
  }

  /** Submits an order that is taken, then brings the situation about and asks. */
  async inquireIn(name: MovementName, situation: Situation): Promise<StatusReport> {
    const provider = this.connect();
    const { attempt } = await this.submitAccepted(name, provider, situation.order);
    await this.bringAbout(situation, this.inquiryOf(name));
    return this.examine(await this.movement(name, provider).inquire(attempt));
  }

  async submitAccepted(
    name: MovementName,
    provider: Provider,
    changes?: Partial<Order>,
  ): Promise<{ attempt: SentAttempt; instruction: Instruction }> {
    const instruction = await this.instruct(name, changes);
    const outcome = this.examine(await this.movement(name, provider).submit(instruction));
    const taken = outcome.kind === 'accepted' || outcome.kind === 'completed' ? outcome : undefined;
    const { references } = present(taken, `The order of the stage was not taken: ${print(outcome)}`);
    return { attempt: this.toSent(name, instruction, references), instruction };
  }

  /**
   * The message of this kind about an attempt: on one of the URLs it was given, else on the account's, and then by our
   * id, by theirs, or by the provider's word whose it is.
   */
  async awaitMessage(
    name: MovementName,
    provider: Provider,
    expected: { readonly attempt: SentAttempt; readonly urls: readonly string[]; readonly kind: StatusReport['kind'] },
  ): Promise<CallbackMessage> {
    const { attempt, urls, kind } = expected;
    const isOurs = async ({ attemptId, operation, references }: CallbackMessage): Promise<boolean> => {
      if (operation !== undefined && operation !== name) return false;
      if (urls.length > 0 || attemptId === attempt.attemptId) return true;
      const { providerReference } = attempt.references;
      if (providerReference !== undefined) return references.providerReference === providerReference;
      const found = await this.movement(name, provider).identify?.(references);
      return found?.kind === 'attempt' && found.attemptId === attempt.attemptId;
    };
    let message: CallbackMessage | undefined;
    await this.sink.next(urls.length > 0 ? urls : [this.accountUrl], async (raw) => {
      if (provider.callbacks?.authenticate(raw) === 'forged') throw new Error('A genuine message counts as forged');
      message = this.examine(provider.callbacks?.parse(raw));
      return message?.report.kind === kind && (await isOurs(message));
    });
    return present(message, 'The account reads no callbacks');
  }

  async bringAbout(situation: Situation, match: (request: WireRequest) => boolean): Promise<void> {
    await situation.arrange?.(this.control);
    if (situation.reply) this.proxy.apply({ match, fault: { kind: 'reply', reply: situation.reply } });
  }

  inquiryOf(name: MovementName): (request: WireRequest) => boolean {
    return present(this.stageOf(name).isInquiry, `The facts say how to ask about ${name}, so the stage must as well`);
  }

  submitsOf(name: MovementName): RecordedRequest[] {
    return this.proxy.requests.filter(this.stageOf(name).isSubmit);
  }

  urlsFor(purposes: readonly string[]): Record<string, string> {
    return Object.fromEntries(purposes.map((purpose) => [purpose, this.sink.urlFor(purpose)]));
  }

  /** Hands a result on if it gives away no credential, no token and, in its words, no phone number. */
  examine<T>(result: T): T {
    const text = print(result);
    for (const secret of this.secrets()) {
      if (text.includes(secret)) throw new Error(`A secret of ${secret.length} characters stands in the result`);
    }
    const words = text.match(/"(?:cause|providerMessage|providerCode|detail)":"(?:[^"\\]|\\.)*"/g) ?? [];
    for (const digits of this.phones()) {
      if (words.some((word) => word.includes(digits)))
        throw new Error('A phone number stands in the words of a result');
    }
    return result;
  }

  /** Everything the adapter was entrusted with, and every token that went over the wire. */
  secrets(): string[] {
    const { definition, account } = this.stage;
    const secretFields = findSecretFields(definition.credentials);
    const credentials = Object.entries(account.credentials ?? {})
      .filter(([name]) => secretFields.includes(name))
      .map(([, value]) => String(value));
    const sent = this.openProxy?.requests.flatMap(({ headers }) => headers['authorization']?.split(' ').slice(1) ?? []);
    return [...credentials, ...(sent ?? [])].filter((secret) => secret.length >= 6);
  }

  private phones(): string[] {
    const orders = [this.stage.collections, this.stage.payouts, this.stage.reversals, this.stage.links];
    return orders.flatMap((stage) =>
      stage && typeof stage.order === 'object' ? [Msisdn.parse(stage.order.party.phone)?.nationalDigits ?? ''] : [],
    );
  }

  private withPatience(request: HttpRequest): HttpRequest {
    const { pathname, search } = new URL(request.url);
    const text = request.json === undefined ? '' : JSON.stringify(request.json);
    const headers = Object.fromEntries(
      Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const silent = this.openProxy?.isSilentFor({
      method: request.method,
      path: pathname + search,
      headers,
      text,
      json: request.json,
    });
    return silent ? { ...request, timeoutMs: SILENCE_MS } : request;
  }
}

/** A base URL where nobody listens. */
export async function findClosedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** JSON of a result; its bigints as texts. */
export function print(result: unknown): string {
  return JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? '';
}

function present<T>(value: T | undefined, complaint: string): T {
  if (value === undefined) throw new Error(complaint);
  return value;
}
