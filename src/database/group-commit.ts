import { isDuplicate, isUnreachable } from './database-errors.js';

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** One durable transaction: `database.write`, or `database.writeBatch`. */
export type Transact<Unit> = <T>(work: (unit: Unit) => Promise<T>) => Promise<T>;

/** How a batch is written. */
export interface GroupCommitOptions<Unit, Item, Answer> {
  /** Keys that two batches in flight must not share: the later item waits, and then finds what the earlier one left. */
  readonly exclusiveKeys: (item: Item) => readonly string[];
  /**
   * Writes all items with a few multi-row statements and answers them in order. `undefined` puts an item off to the next
   * batch: one before it in this batch decides about it. The first item is always answered. A duplicate key makes the
   * write fail whole.
   */
  readonly write: (unit: Unit, items: readonly Item[]) => Promise<readonly (Answer | undefined)[]>;
  /** Batches in flight at once: SQLite has one writer anyway; two keep a server busy while the next one gathers. */
  readonly lanes: number;
  /** Whether the write failed only because another process was faster: then each item is written again, alone. */
  readonly isRace?: (error: unknown) => boolean;
}

const LARGEST_BATCH = 64;

/**
 * Group commit: what arrives while a commit is in flight is the next batch. No timer and no added wait, so a request
 * alone is as fast as before, and many together share one commit. Nobody is answered before his own commit.
 */
export class GroupCommit<Unit, Item, Answer> {
  private waiting: Waiting<Item, Answer>[] = [];
  private busyLanes = 0;
  private readonly keysInFlight = new Set<string>();

  constructor(
    private readonly transact: Transact<Unit>,
    private readonly options: GroupCommitOptions<Unit, Item, Answer>,
  ) {}

  submit(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      // Requests that came in the same turn of the event loop belong together.
      if (this.busyLanes < this.options.lanes) setImmediate(() => this.startLane());
    });
  }

  private startLane(): void {
    if (this.busyLanes >= this.options.lanes || this.waiting.length === 0) return;
    const batch = this.takeBatch();
    if (batch.length === 0) return;
    const keys = batch.flatMap(({ item }) => this.options.exclusiveKeys(item));
    for (const key of keys) this.keysInFlight.add(key);
    this.busyLanes++;
    void this.commit(batch).finally(() => {
      for (const key of keys) this.keysInFlight.delete(key);
      this.busyLanes--;
      this.startLane();
    });
  }

  /** The longest waiting items that share no key with a batch in flight. */
  private takeBatch(): Waiting<Item, Answer>[] {
    const held = new Set(this.keysInFlight);
    const batch: Waiting<Item, Answer>[] = [];
    const left: Waiting<Item, Answer>[] = [];
    for (const entry of this.waiting) {
      const keys = this.options.exclusiveKeys(entry.item);
      const free = batch.length < LARGEST_BATCH && !keys.some((key) => held.has(key));
      // What one item must wait for, later ones with the same key wait for too: arrival order decides who is first.
      if (!free) for (const key of keys) held.add(key);
      (free ? batch : left).push(entry);
    }
    this.waiting = left;
    return batch;
  }

  private async commit(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      await this.commitTogether(batch);
    } catch (error) {
      // Another process was faster with a key, or one item cannot be written. One by one, each gets its own answer.
      const ownFault = batch.length > 1 && !isUnreachable(error);
      if (ownFault || this.isRace(error)) for (const entry of batch) await this.commitAlone(entry);
      else for (const entry of batch) entry.reject(error);
    }
  }

  private isRace(error: unknown): boolean {
    return isDuplicate(error) || this.options.isRace?.(error) === true;
  }

  private async commitTogether(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    const items = batch.map(({ item }) => item);
    const answers = await this.transact((unit) => this.options.write(unit, items));
    if (answers[0] === undefined) throw new Error('A batch must answer its first item.');
    const putOff = batch.filter((entry, index) => {
      const answer = answers[index];
      if (answer !== undefined) entry.resolve(answer);
      return answer === undefined;
    });
    this.waiting = [...putOff, ...this.waiting];
  }

  private async commitAlone(entry: Waiting<Item, Answer>): Promise<void> {
    // After a duplicate the other's row is committed and will be found, so a few tries always end it.
    for (let tries = 1; ; tries++) {
      try {
        await this.commitTogether([entry]);
        return;
      } catch (error) {
        if (!this.isRace(error) || tries === 3) {
          entry.reject(error);
          return;
        }
      }
    }
  }
}
