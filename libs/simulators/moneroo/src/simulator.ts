import {
  Errands,
  FaultBoard,
  RequestMeter,
  SwitchBoard,
  systemRandom,
  systemTime,
  Watch,
  type Action,
  type SimulatorParts,
} from '#libs/simulators/kit';
import { Book, type Transaction } from './book.js';
import { DEFAULT_DIRECTORY, DirectorySchema, type DirectoryInput } from './directory.js';
import { FAULTS } from './faults.js';
import { SETTINGS } from './settings.js';
import { canAnswer, Timeline, type NoAnswer } from './timeline.js';
import { Webhooks } from './webhooks.js';
import type { World } from './world.js';

/** Moneroo without its doors: the HTTP server and the control API are in front of it. */
export class Simulator {
  readonly world: World;
  readonly watch = new Watch();
  readonly errands: Errands;
  readonly webhooks: Webhooks;
  readonly timeline: Timeline;
  readonly meter: RequestMeter;

  constructor(parts: SimulatorParts<DirectoryInput>) {
    this.world = {
      settings: new SwitchBoard(SETTINGS, parts.settings),
      faults: new FaultBoard(FAULTS, parts.faults ?? {}, parts.random ?? systemRandom),
      directory: DirectorySchema.parse(parts.directory ?? DEFAULT_DIRECTORY),
      book: new Book(parts.dataDir),
      time: parts.time ?? systemTime,
      baseUrl: 'http://127.0.0.1',
    };
    this.meter = new RequestMeter(this.world.time);
    this.errands = new Errands(this.world.time, this.watch);
    this.webhooks = new Webhooks(this.world, this.errands);
    this.timeline = new Timeline(this.world, this.webhooks, this.watch);
  }

  /** Goes on with what an earlier run left, now that checkouts have an address. */
  resume(baseUrl: string): void {
    this.world.baseUrl = baseUrl;
    this.webhooks.resume();
    this.timeline.resume();
  }

  /** Nothing happens by itself any more, but for retries of webhooks and abandoned checkouts. */
  get isIdle(): boolean {
    return this.timeline.isIdle && this.errands.isIdle;
  }

  /** Answers the newest open payment of that phone, or the next one that is made in time. */
  async answer(phone: string, action: Action, waitMs = 0): Promise<Transaction | NoAnswer> {
    const find = () => this.findOpen(phone);
    if (waitMs > 0) await this.watch.until(() => find() !== undefined, waitMs);
    const found = find();
    return found ? this.timeline.answer(found, action, { phone }) : 'no_prompt';
  }

  /** The newest payment that this phone was named for and can still pay. */
  findOpen(phone: string): Transaction | undefined {
    return [...this.world.book.transactions.values()].findLast(
      (transaction) =>
        (transaction.record.restrictedPhone ?? transaction.record.customer.phone) === phone &&
        canAnswer(this.world, transaction),
    );
  }

  /** Forgets all money and webhooks, and turns every switch back to where it was at the start. */
  reset(): void {
    this.timeline.stop();
    this.errands.stop();
    this.meter.clear();
    this.world.settings.restart();
    this.world.faults.restart();
    this.world.book.record({ kind: 'reset' });
    this.watch.changed();
  }

  /** The end: nothing more happens by itself. */
  close(): void {
    this.timeline.close();
    this.errands.stop();
  }
}
