import type { SimulatorTime } from '#libs/simulators/kit';

interface Waiting {
  readonly at: number;
  readonly work: () => void;
  cancel: () => void;
}

/** A clock that can be put forward: what is due by then happens at once. */
export class AdjustableTime implements SimulatorTime {
  private aheadMs = 0;
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly real: SimulatorTime) {}

  now(): number {
    return this.real.now() + this.aheadMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const entry: Waiting = { at: this.now() + delayMs, work, cancel: () => undefined };
    this.waiting.add(entry);
    this.start(entry);
    return () => {
      entry.cancel();
      this.waiting.delete(entry);
    };
  }

  advance(byMs: number): void {
    this.aheadMs += byMs;
    for (const entry of this.waiting) {
      entry.cancel();
      this.start(entry);
    }
  }

  private start(entry: Waiting): void {
    entry.cancel = this.real.after(Math.max(entry.at - this.now(), 0), () => {
      this.waiting.delete(entry);
      entry.work();
    });
  }
}
