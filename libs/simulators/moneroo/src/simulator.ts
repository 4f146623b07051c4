import { createWorld, startOver, type Action, type WorldParts } from '#libs/simulators/kit';
import { Book, type Transaction } from './book.js';
import { DEFAULT_DIRECTORY, DirectorySchema, type DirectoryInput } from './directory.js';
import { FAULTS } from './faults.js';
import { SETTINGS } from './settings.js';
import { canAnswer, Timeline, type NoAnswer } from './timeline.js';
import { Webhooks } from './webhooks.js';
import type { World } from './world.js';

const RULES = {
  settings: SETTINGS,
  faults: FAULTS,
  directory: DirectorySchema,
  demo: DEFAULT_DIRECTORY,
  openBook: (dataDir?: string) => new Book(dataDir),
};

/** Moneroo without its doors: the HTTP server and the control API are in front of it. */
export class Simulator {
  readonly world: World;
  readonly webhooks: Webhooks;
  readonly timeline: Timeline;

  constructor(parts: WorldParts<DirectoryInput>) {
    this.world = createWorld(RULES, parts);
    this.webhooks = new Webhooks(this.world);
    this.timeline = new Timeline(this.world, this.webhooks);
  }

  /** Goes on with what an earlier run left. */
  resume(): void {
    this.webhooks.resume();
    this.timeline.resume();
  }

  /** Nothing happens by itself any more, but for retries of webhooks and abandoned checkouts. */
  get isIdle(): boolean {
    return this.timeline.isIdle && this.world.errands.isIdle;
  }

  /** Answers the newest open payment of that phone, or the next one that is made in time. */
  async answer(phone: string, action: Action, waitMs = 0): Promise<Transaction | NoAnswer> {
    const find = () => this.findOpen(phone);
    if (waitMs > 0) await this.world.watch.until(() => find() !== undefined, waitMs);
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
    startOver(this.world);
  }

  /** The end: nothing more happens by itself. */
  close(): void {
    this.timeline.close();
    this.world.errands.stop();
  }
}
