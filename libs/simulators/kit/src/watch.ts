import { systemTime } from './time.js';

/** Lets callers wait for something to become true, without asking over and over. */
export class Watch {
  private readonly watchers = new Set<() => void>();

  /** Waits, in real time, until something is true. False where it did not become so. */
  until(isTrue: () => boolean, waitMs: number): Promise<boolean> {
    if (isTrue()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (outcome: boolean): void => {
        cancel();
        this.watchers.delete(look);
        resolve(outcome);
      };
      const look = (): void => {
        if (isTrue()) done(true);
      };
      const cancel = systemTime.after(waitMs, () => done(false));
      this.watchers.add(look);
    });
  }

  /** Something happened: those who wait look again. */
  changed(): void {
    for (const look of [...this.watchers]) look();
  }
}
