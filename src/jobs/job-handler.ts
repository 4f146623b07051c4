import type { JobLease } from './job-endings.js';
import type { JobKind } from './job.entity.js';

/** One worker's turn at a job. */
export interface JobTurn {
  /** Epoch ms. After it somebody else may have taken over: nothing irreversible may begin any more. */
  readonly leaseEndsAt: number;
  /** How often the job was started before. */
  readonly startedBefore: number;
  /** The worker before died or lost its lease in the middle. */
  readonly afterLapse: boolean;
  /** For a handler that ends the job itself, in the commit of what came of it (`noteFinished`). */
  readonly lease: JobLease;
}

/** Whether the work is over, or when to come back. `ended`: it is over and the job's row gone with it. */
export type JobResult =
  { readonly kind: 'done' } | { readonly kind: 'ended' } | { readonly kind: 'again'; readonly runAt: number };

/** Does one kind of job. Loads everything by the subject's id, and may run twice for the same subject at any time. */
export interface JobHandler {
  readonly kind: JobKind;
  run(subjectId: string, turn: JobTurn): Promise<JobResult>;
}

export const DONE: JobResult = { kind: 'done' };
export const ENDED: JobResult = { kind: 'ended' };

/** Come back at that instant. */
export function again(runAt: number): JobResult {
  return { kind: 'again', runAt };
}
