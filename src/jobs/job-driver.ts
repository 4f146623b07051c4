import type { Job } from './job.entity.js';

/** What a driver carries: which row, and from which instant (epoch ms) on it may be claimed. Everything else is in the row. */
export type WokenJob = Pick<Job, 'id' | 'kind' | 'runAt'>;

/** What operators see of a driver. `degraded`: all work is done, but found by looking and not by news. */
export interface DriverHealth {
  readonly driver: 'in-process' | 'bull' | 'none';
  readonly status: 'ok' | 'degraded';
}

/**
 * Carries the news that jobs fell due, and nothing else: the rows are the truth, so losing a driver's memory loses no work.
 */
export interface JobDriver {
  /** These fall due at their instants. Called after the commit, never waited for; must not throw. */
  wake(jobs: readonly WokenJob[]): void;
  /** Throws where the operator must act first. */
  start(): void | Promise<void>;
  /** Takes no more work and waits for what is running. */
  stop(): Promise<void>;
  /** Whether this process has anything in hand; what is on its way to it does not count. */
  readonly isBusy: boolean;
  /**
   * Waits until nothing that is due is on its way or being run: where time is moved by hand, the moment to move it on. Of
   * other processes a driver knows what Redis knows; it waits for what they have in hand where their drivers are given.
   */
  settled(others?: readonly Pick<JobDriver, 'isBusy'>[]): Promise<void>;
  health(): DriverHealth;
}

export const JOB_DRIVER = Symbol('JobDriver');
