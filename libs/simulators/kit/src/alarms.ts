import type { SimulatorTime } from './time.js';

/** When each thing goes on by itself: at most one alarm each, and a new one takes the place of the old. */
export class Alarms {
  private readonly cancels = new Map<string, () => void>();
  private closed = false;

  constructor(private readonly time: SimulatorTime) {}

  has(id: string): boolean {
    return this.cancels.has(id);
  }

  /** Does the work at that instant, or as soon as it can where that has gone by. */
  set(id: string, at: number, work: () => void): void {
    this.clear(id);
    if (this.closed) return;
    const cancel = this.time.after(Math.max(at - this.time.now(), 0), () => {
      this.cancels.delete(id);
      if (this.time.now() < at)
        this.set(id, at, work); // Timers may fire a moment early.
      else work();
    });
    this.cancels.set(id, cancel);
  }

  clear(id: string): void {
    this.cancels.get(id)?.();
    this.cancels.delete(id);
  }

  /** None of those that are set will go off. */
  stop(): void {
    for (const cancel of this.cancels.values()) cancel();
    this.cancels.clear();
  }

  /** Nor any that is set later: something whose answer is just leaving may still try. */
  close(): void {
    this.closed = true;
    this.stop();
  }
}
