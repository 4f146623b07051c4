/** Where the present comes from. Nothing else in the code base asks the operating system for it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** Where waiting comes from: one timer, and the means to give it up. */
export interface Scheduler {
  /** Runs `work` once after `delayMs`; call the answer to cancel. */
  after(delayMs: number, work: () => void): () => void;
}

export const systemClock: Clock = { now: () => Date.now() };

// The longest delay a timer of Node holds; a longer one would fire at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemScheduler: Scheduler = {
  after(delayMs, work) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      const stepMs = Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : work()), stepMs);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};

/** A clock and scheduler that move only when told to, for tests and the simulation. */
export class ManualTime implements Clock, Scheduler {
  private timers: { at: number; order: number; work: () => void }[] = [];
  private order = 0;

  constructor(private current: number) {}

  now(): number {
    return this.current;
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { at: this.current + Math.max(delayMs, 0), order: this.order++, work };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Moves time forward and fires what falls due, in order, each at its own instant. */
  advance(durationMs: number): void {
    if (!(durationMs >= 0)) throw new RangeError('Time only moves forward');
    const end = this.current + durationMs;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      // Work may itself move time forward; it never goes back.
      this.current = Math.max(this.current, due.at);
      due.work();
    }
    this.current = Math.max(this.current, end);
  }

  /** When the next timer fires, or undefined where nobody waits. */
  nextTimerAt(): number | undefined {
    return this.timers.length === 0 ? undefined : Math.min(...this.timers.map((timer) => timer.at));
  }
}
