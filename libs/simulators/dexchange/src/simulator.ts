import {
  createWorld,
  startOver,
  systemTime,
  toMachinePage,
  type Action,
  type Answer,
  type WorldParts,
} from '#libs/simulators/kit';
import { AdjustableTime } from './adjustable-time.js';
import { refusal } from './bodies.js';
import { Book, type Transaction } from './book.js';
import { DEFAULT_DIRECTORY, DirectorySchema, type DirectoryInput } from './directory.js';
import { FAULTS } from './faults.js';
import { toDigits } from './services.js';
import { SETTINGS } from './settings.js';
import { canAnswer, Timeline } from './timeline.js';
import { Webhooks } from './webhooks.js';
import type { World } from './world.js';

const RULES = {
  settings: SETTINGS,
  faults: FAULTS,
  directory: DirectorySchema,
  demo: DEFAULT_DIRECTORY,
  openBook: (dataDir?: string) => new Book(dataDir),
};

/** DExchange without its doors: the HTTP server and the control API are in front of it. */
export class Simulator {
  readonly world: World;
  readonly webhooks: Webhooks;
  readonly timeline: Timeline;

  constructor(parts: WorldParts<DirectoryInput>) {
    const time = new AdjustableTime(parts.time ?? systemTime);
    this.world = { ...createWorld(RULES, { ...parts, time }), time };
    this.webhooks = new Webhooks(this.world);
    this.timeline = new Timeline(this.world, this.webhooks);
  }

  /** Goes on with what an earlier run left. */
  resume(): void {
    this.webhooks.resume();
    this.timeline.resume();
  }

  /** Nothing happens by itself any more, but for retries of webhooks and what nobody pays. */
  get isIdle(): boolean {
    return this.timeline.isIdle && this.world.errands.isIdle;
  }

  /** The answer to something that was taken, or what a fault makes of it. */
  spoil(answer: Answer): Answer | 'cut' {
    const { faults } = this.world;
    if (faults.strikes('answerLost')) return 'cut';
    if (faults.strikes('answerError')) return refusal(500, ['Internal server error']);
    if (faults.strikes('answerUnavailable')) return toMachinePage(503, 'Service Unavailable');
    if (faults.strikes('answerTimeout')) return toMachinePage(504, 'Gateway Time-out');
    if (faults.strikes('answerUnreadable')) return toMachinePage(201, 'Created');
    if (faults.strikes('answerWithoutId'))
      return { ...answer, body: JSON.stringify({ message: 'Transaction initiated successfully' }) };
    return answer;
  }

  /** Answers the newest open collection or link of that phone, or the next one that is made in time. */
  async answer(phone: string, action: Action, waitMs = 0): Promise<Transaction | undefined> {
    const find = () => this.findOpen(phone);
    if (waitMs > 0) await this.world.watch.until(() => find() !== undefined, waitMs);
    const found = find();
    return found && this.timeline.answer(found, action) ? found : undefined;
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

  private findOpen(phone: string): Transaction | undefined {
    return [...this.world.book.transactions.values()].findLast(
      (transaction) => digitsOf(transaction) === phone && canAnswer(transaction),
    );
  }
}

/** Whose phone it is about: international digits, or null where nobody is known yet. */
export function digitsOf({ record, plan }: Transaction): string | null {
  const number = plan?.number ?? record.number;
  return number === null ? null : toDigits(number, plan?.service ?? record.service);
}
