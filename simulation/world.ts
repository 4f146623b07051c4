import { readSettings, type Settings } from '../src/config/settings.js';
import { Calendar } from './calendar.js';
import { Dice } from './dice.js';
import { FaultPlan, FAULTS, type FaultKind } from './faults.js';
import {
  GatewayProcess,
  type ApiAnswer,
  type ApiRequest,
  type Sabotage,
  type Surroundings,
} from './gateway-process.js';
import { Story, type Actor } from './story.js';

/** Where every story begins. */
export const BEGINNING = Date.UTC(2026, 10, 22, 6, 0, 0);
/** The receivers and the provider live in a range of addresses that is reserved for documentation. */
const SETTINGS_OF_WORLD = {
  PORT: '3000',
  MALIPO_PUBLIC_URL: 'https://pay.example.org',
  MALIPO_EGRESS_ALLOW: '203.0.113.0/24',
};
/** Turns of the event loop without any activity after which the process must be waiting for the world. */
const QUIET_TURNS = 8;

/** What the gateway process finds around it beside time: the parts a run is made of bring it. */
export type Neighbours = Pick<Surroundings, 'http' | 'webhooks'>;

export interface WorldParts {
  readonly seed: string;
  /** The folder with the gateway's database. */
  readonly folder: string;
  /** The same in every world, or what one run sealed another could not open. */
  readonly secretKey: string;
  readonly beginning?: number;
  readonly sabotage?: Sabotage;
  readonly certain?: readonly FaultKind[];
}

/** One seeded world: true time, the gateway's life or lives in it, and the story of what happened. */
export class World {
  readonly dice: Dice;
  readonly calendar: Calendar;
  readonly story: Story;
  readonly faults: FaultPlan;
  readonly settings: Settings;
  /** How far the gateway's clock is from true time. */
  skewMs = 0;
  lives = 0;
  private process: GatewayProcess | undefined;
  private neighbours: Neighbours | undefined;
  private frozenUntil = 0;
  private failure: { readonly error: unknown } | undefined;
  private readonly random: Dice;
  private closed = false;

  constructor(private readonly parts: WorldParts) {
    this.dice = new Dice(parts.seed, 'world');
    this.random = new Dice(parts.seed, 'gateway');
    this.calendar = new Calendar(parts.beginning ?? BEGINNING, this.dice.fork('calendar'));
    this.story = new Story(() => this.calendar.now());
    const onStrike = (kind: FaultKind): void => this.tell('fault', `${kind}: ${FAULTS[kind].tells}`);
    this.faults = new FaultPlan(this.dice.fork('faults'), onStrike, parts.certain);
    this.settings = readSettings({
      ...SETTINGS_OF_WORLD,
      MALIPO_DATA_DIR: parts.folder,
      MALIPO_SECRET_KEY: parts.secretKey,
      MALIPO_SIMULATORS: 'off',
      MALIPO_RATE_LIMIT: '0',
      LOG_LEVEL: 'silent',
    });
  }

  tell(actor: Actor, text: string): void {
    this.story.tell(actor, text);
  }

  /** The time on the gateway's clock. */
  gatewayNow(): number {
    return this.calendar.now() + this.skewMs;
  }

  get gateway(): GatewayProcess | undefined {
    return this.process?.alive ? this.process : undefined;
  }

  /** Starts work that takes virtual time. Should it fail, the run fails. */
  launch(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.fail(error));
  }

  /** Something that must not happen: the run ends with it. */
  fail(error: unknown): void {
    this.failure ??= { error };
  }

  throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.calendar.after(delayMs, resolve));
  }

  // ————— The gateway's lives —————

  async startGateway(neighbours: Neighbours): Promise<GatewayProcess> {
    this.neighbours = neighbours;
    this.lives++;
    this.tell('gateway', this.lives === 1 ? 'starts' : `starts again, on what is in its database`);
    const onDeath = () => (this.closed ? undefined : this.tell('gateway', 'dies'));
    this.process = await GatewayProcess.start(this.toSurroundings(neighbours), onDeath, this.parts.sabotage);
    return this.process;
  }

  /** Brings a dead gateway back after a while, as a supervisor would. */
  async reviveGateway(): Promise<void> {
    if (!this.process || this.process.alive || !this.neighbours) return;
    const dead = this.process;
    this.process = undefined;
    await this.settle(dead);
    await dead.bury();
    const neighbours = this.neighbours;
    this.calendar.after(this.dice.pick([200, 2_000, 20_000, 90_000]), () => this.startGateway(neighbours));
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.process?.bury();
  }

  /** The process gets no turn for this long: whatever is for it waits. */
  freeze(durationMs: number): void {
    this.frozenUntil = this.calendar.now() + durationMs;
  }

  /** Resolves when the process gets its turn. */
  async whenAwake(): Promise<void> {
    while (this.calendar.now() < this.frozenUntil) await this.wait(this.frozenUntil - this.calendar.now());
  }

  /** One request over the network to the gateway. Undefined where nobody answered. */
  async callGateway(request: ApiRequest): Promise<ApiAnswer | undefined> {
    await this.whenAwake();
    return this.gateway?.request(request);
  }

  /** Lets the process do everything that it can do without the world moving on. */
  async settle(life = this.process): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const before = this.toActivity(life);
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.toActivity(life) === before ? quiet + 1 : 0;
    }
  }

  private toActivity(life: GatewayProcess | undefined): number {
    return (life?.activity ?? 0) + (life?.statements ?? 0);
  }

  private toSurroundings({ http, webhooks }: Neighbours): Surroundings {
    return {
      settings: this.settings,
      clock: { now: () => this.gatewayNow() },
      random: (size) => this.random.bytes(size),
      scheduler: {
        after: (delayMs, work) => this.calendar.afterPatiently(delayMs, () => this.launch(this.whenAwake().then(work))),
      },
      http: { send: async (request) => this.awake(await http.send(request)) },
      webhooks: { send: async (message) => this.awake(await webhooks.send(message)) },
      onError: (text) => this.fail(new Error(`The gateway logged an error:\n${text}`)),
    };
  }

  private async awake<T>(answer: T): Promise<T> {
    await this.whenAwake();
    return answer;
  }
}
