/**
 * Carries the news that jobs fell due, and nothing else: the rows are the truth, so losing a driver's memory loses no work.
 */
export interface JobDriver {
  /** Something falls due at that instant. Called after the commit; must not throw. */
  wake(runAt: number): void;
  start(): void;
  /** Takes no more work and waits for what is running. */
  stop(): Promise<void>;
}

export const JOB_DRIVER = Symbol('JobDriver');
