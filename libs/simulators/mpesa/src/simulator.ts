import { SwitchBoard, systemTime, type SimulatorTime, Watch, type Delivery } from '#libs/simulators/kit';
import { Book, type Prompt } from './book.js';
import { Callbacks, postOverHttp, toStkMessage, type Claims, type Post } from './callbacks.js';
import { Desk } from './desk.js';
import { Faults } from './faults.js';
import { systemRandom, WireIds } from './ids.js';
import { DEFAULT_DIRECTORY, DirectorySchema, type DirectoryInput } from './merchants.js';
import type { Message } from './message.js';
import { SETTINGS } from './settings.js';
import { QueryMeter } from './stk-query.js';
import { Timeline, type Action, type NoAnswer } from './timeline.js';
import type { World } from './world.js';

/** What a simulated M-Pesa is made of. */
export interface SimulatorParts {
  /** Where the book lies; without it the book is forgotten at the end. */
  readonly dataDir?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly faults?: Readonly<Record<string, unknown>>;
  /** The apps that may call and the merchants that are paid; the sandbox's by default. */
  readonly directory?: DirectoryInput;
  readonly time?: SimulatorTime;
  readonly random?: () => number;
  /** Where the random parts of ids and tokens come from, in [0, 1); the system's source by default. */
  readonly idRandom?: () => number;
  /** How callbacks leave; over HTTP by default. */
  readonly post?: Post;
}

/** M-Pesa without its doors: the HTTP server and the control API are in front of it. */
export class Simulator {
  readonly world: World;
  readonly watch = new Watch();
  readonly callbacks: Callbacks;
  readonly timeline: Timeline;
  readonly desk: Desk;
  readonly meter = new QueryMeter();

  constructor(parts: SimulatorParts) {
    const random = parts.random ?? systemRandom;
    this.world = {
      settings: new SwitchBoard(SETTINGS, parts.settings),
      faults: new Faults(parts.faults ?? {}, random),
      directory: DirectorySchema.parse(parts.directory ?? DEFAULT_DIRECTORY),
      book: Book.open(parts.dataDir),
      ids: new WireIds(parts.idRandom),
      time: parts.time ?? systemTime,
      random,
    };
    this.callbacks = new Callbacks(this.world, this.watch, parts.post ?? postOverHttp);
    this.timeline = new Timeline(this.world, this.callbacks, this.watch);
    this.desk = new Desk(this.world, this.callbacks, this.watch);
    this.openAccounts();
    this.timeline.resume();
    this.desk.resume();
  }

  /** No prompt and no order is open, and no callback is waiting or on its way. */
  get isIdle(): boolean {
    const { open, openOrders } = this.world.book;
    return open.size === 0 && openOrders.size === 0 && this.callbacks.isIdle;
  }

  /** Answers the prompt on that phone, or the next one that shows up there in time. */
  async answer(msisdn: string, action: Action, waitMs = 0): Promise<Prompt | NoAnswer> {
    const hasPrompt = (): boolean =>
      this.world.book.openPromptsOf(msisdn).some(({ shownAt, answer }) => shownAt !== null && answer === null);
    if (waitMs > 0) await this.watch.until(hasPrompt, waitMs);
    return this.timeline.answer(msisdn, action);
  }

  /** Sends a callback about one of our pushes that claims something of the caller's choosing. */
  forge(checkoutRequestId: string, claims: Claims, url?: string): Promise<Delivery> | undefined {
    const prompt = this.world.book.prompts.get(checkoutRequestId);
    if (!prompt) return undefined;
    const message = toStkMessage(this.world, prompt, claims);
    // Without the id the book does not take a forgery for the real callback, which is still to come.
    return this.send({ url: url ?? message.url, body: message.body, headers: message.headers });
  }

  send(message: Message): Promise<Delivery> {
    return this.callbacks.send(message);
  }

  /** Forgets all money, phones, prompts, tokens and callbacks, and turns every switch back to where it was at the start. */
  reset(): void {
    this.timeline.stop();
    this.desk.stop();
    this.callbacks.stop();
    this.meter.clear();
    this.world.settings.restart();
    this.world.faults.restart();
    this.world.book.record({ kind: 'reset' });
    this.openAccounts();
    this.watch.changed();
  }

  /** The end: nothing more happens by itself. */
  close(): void {
    this.timeline.close();
    this.desk.close();
    this.callbacks.stop();
  }

  /** Gives every merchant its float. */
  private openAccounts(): void {
    const { book, directory, settings } = this.world;
    const float = BigInt(settings.get('openingFloat')) * 100n;
    for (const { shortcode } of directory.merchants) book.openAccount(shortcode, float);
  }
}
