import type { SimulatorTime } from './time.js';
import type { Watch } from './watch.js';

/** What a simulator does by itself, such as sending messages: counted, so that tests can wait until it is done. */
export class Errands {
  private readonly timers = new Set<() => void>();
  private underWay = 0;
  // A reset or the end of the simulator: what was under way before is nobody's business any more.
  private abort = new AbortController();

  constructor(
    private readonly time: SimulatorTime,
    private readonly watch: Watch,
  ) {}

  /** Nothing is under way, and nothing waits that counts. */
  get isIdle(): boolean {
    return this.underWay === 0;
  }

  /** Aborted when everything that is under way now was given up. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** The same, and aborted after so long as well. */
  patience(timeoutMs: number): AbortSignal {
    return AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)]);
  }

  /** Does something now. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const end = this.begin();
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Does something later. The wait counts as well, unless it may be too long to wait for. */
  later(delayMs: number, work: () => Promise<unknown>, { counts = true }: { counts?: boolean } = {}): void {
    const end = counts ? this.begin() : () => undefined;
    const cancel = this.time.after(delayMs, () => {
      this.timers.delete(cancel);
      void work().finally(end);
    });
    this.timers.add(cancel);
  }

  /** Gives up everything that is under way or waiting. */
  stop(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.abort.abort();
    this.abort = new AbortController();
    this.underWay = 0;
  }

  private begin(): () => void {
    const { signal } = this;
    this.underWay++;
    return () => {
      if (signal.aborted) return; // It was given up, and counts no more.
      this.underWay--;
      this.watch.changed();
    };
  }
}
