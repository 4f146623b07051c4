import type { SimulatorTime } from './time.js';

/** A clock that tests put forward. Its timers fire so many milliseconds early. */
export class SpecTime implements SimulatorTime {
  private nowMs = 0;
  private waiting: { readonly at: number; readonly work: () => void }[] = [];

  constructor(private readonly earlyMs = 0) {}

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const entry = { at: this.nowMs + Math.max(delayMs - this.earlyMs, 1), work };
    this.waiting.push(entry);
    return () => {
      this.waiting = this.waiting.filter((other) => other !== entry);
    };
  }

  advance(byMs: number): void {
    for (const end = this.nowMs + byMs; this.nowMs < end; this.nowMs++) {
      const due = this.waiting.filter(({ at }) => at <= this.nowMs);
      this.waiting = this.waiting.filter(({ at }) => at > this.nowMs);
      for (const { work } of due) work();
    }
  }
}
