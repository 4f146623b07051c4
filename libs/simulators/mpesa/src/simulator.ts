import {
  createWorld,
  startOver,
  systemRandom,
  type Action,
  type Delivery,
  type WorldParts,
} from '#libs/simulators/kit';
import { Book, type Prompt } from './book.js';
import { Callbacks, postOverHttp, toStkMessage, type Claims, type Post } from './callbacks.js';
import { Desk } from './desk.js';
import { FAULTS } from './faults.js';
import { WireIds } from './ids.js';
import { DEFAULT_DIRECTORY, DirectorySchema, type DirectoryInput } from './merchants.js';
import type { Message } from './message.js';
import { SETTINGS } from './settings.js';
import { Timeline, type NoAnswer } from './timeline.js';
import type { World } from './world.js';

/** What a simulated M-Pesa is made of. */
export interface MpesaParts extends WorldParts<DirectoryInput> {
  /** Where the random parts of ids and tokens come from, in [0, 1); the system's source by default. */
  readonly idRandom?: () => number;
  /** How callbacks leave; over HTTP by default. */
  readonly post?: Post;
}

const RULES = {
  settings: SETTINGS,
  faults: FAULTS,
  directory: DirectorySchema,
  demo: DEFAULT_DIRECTORY,
  openBook: (dataDir?: string) => new Book(dataDir),
};

/** M-Pesa without its doors: the HTTP server and the control API are in front of it. */
export class Simulator {
  readonly world: World;
  readonly callbacks: Callbacks;
  readonly timeline: Timeline;
  readonly desk: Desk;

  constructor(parts: MpesaParts) {
    const ids = new WireIds(parts.idRandom);
    this.world = { ...createWorld(RULES, parts), ids, random: parts.random ?? systemRandom };
    this.callbacks = new Callbacks(this.world, parts.post ?? postOverHttp);
    this.timeline = new Timeline(this.world, this.callbacks);
    this.desk = new Desk(this.world, this.callbacks);
    this.openAccounts();
  }

  /** Goes on with what an earlier run left. */
  resume(): void {
    this.timeline.resume();
    this.desk.resume();
  }

  /** No prompt and no order is open, and no callback is waiting or on its way. */
  get isIdle(): boolean {
    const { open, openOrders } = this.world.book;
    return open.size === 0 && openOrders.size === 0 && this.world.errands.isIdle;
  }

  /** Answers the prompt on that phone, or the next one that shows up there in time. */
  async answer(msisdn: string, action: Action, waitMs = 0): Promise<Prompt | NoAnswer> {
    const hasPrompt = (): boolean =>
      this.world.book.openPromptsOf(msisdn).some(({ shownAt, answer }) => shownAt !== null && answer === null);
    if (waitMs > 0) await this.world.watch.until(hasPrompt, waitMs);
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
    startOver(this.world);
    this.openAccounts();
  }

  /** The end: nothing more happens by itself. */
  close(): void {
    this.timeline.close();
    this.desk.close();
    this.world.errands.stop();
  }

  /** Gives every merchant its float. */
  private openAccounts(): void {
    const { book, directory, settings } = this.world;
    const float = BigInt(settings.get('openingFloat')) * 100n;
    for (const { shortcode } of directory.merchants) book.openAccount(shortcode, float);
  }
}
