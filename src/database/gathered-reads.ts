interface Waiting<Key, Found> {
  readonly key: Key;
  readonly resolve: (found: Found | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Finds many at once. Answers by the text that `toText` gives for a key; what is not in the answer was not found. */
export type FindMany<Key, Found> = (keys: readonly Key[]) => Promise<ReadonlyMap<string, Found>>;

/**
 * Reads gather as writes do: what is asked for in one turn of the event loop, and what is asked for while a query is under
 * way, shares the next query. Nothing is kept beyond its answer and each query begins after the question, so whoever asks
 * sees everything that was committed before he did: a key revoked in another process is seen as revoked.
 */
export class GatheredReads<Key, Found> {
  private waiting: Waiting<Key, Found>[] = [];
  private isBusy = false;

  constructor(
    private readonly toText: (key: Key) => string,
    private readonly findMany: FindMany<Key, Found>,
  ) {}

  /** Undefined where there is none. */
  find(key: Key): Promise<Found | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, resolve, reject });
      if (!this.isBusy) this.startSoon();
    });
  }

  private startSoon(): void {
    this.isBusy = true;
    setImmediate(() => void this.ask());
  }

  private async ask(): Promise<void> {
    const asked = this.waiting;
    this.waiting = [];
    try {
      const keys = new Map(asked.map(({ key }) => [this.toText(key), key]));
      const found = await this.findMany([...keys.values()]);
      for (const { key, resolve } of asked) resolve(found.get(this.toText(key)));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    this.isBusy = false;
    if (this.waiting.length > 0) this.startSoon();
  }
}
