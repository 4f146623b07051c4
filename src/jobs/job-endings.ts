import type { BatchTx } from '../database/batch-tx.js';
import type { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import type { SqlValue, Statement } from '../database/statements.js';

/** Whose turn at which job. */
export interface JobLease {
  readonly id: string;
  readonly leaseToken: string;
}

interface Ending extends JobLease {
  /** When it falls due again (epoch ms); undefined where it is done. */
  readonly runAt: number | undefined;
}

/** A lease of the batch was lost or taken away. */
export class LeaseLostError extends Error {}

/** Puts jobs away: those that end at the same moment share a commit. */
export class JobEndings {
  private readonly endings: GroupCommit<BatchTx, Ending, true>;

  constructor(database: Database) {
    this.endings = new GroupCommit((work) => database.writeBatch(work), {
      exclusiveKeys: ({ id }) => [id],
      lanes: database.kind === 'mysql' ? 2 : 1,
      write: async (batch, endings) => {
        noteEndings(batch, endings);
        return endings.map(() => true);
      },
    });
  }

  /** False where the lease was lost or taken away: then the row stays as it is. */
  async end({ id, leaseToken }: JobLease, runAt?: number): Promise<boolean> {
    try {
      return await this.endings.submit({ id, leaseToken, runAt });
    } catch (error) {
      // Together they fail for one of them; alone, each has its own answer.
      if (error instanceof LeaseLostError) return false;
      throw error;
    }
  }
}

/** Notes that these jobs are done, in the batch of what came of them. If a lease was lost, the whole batch is undone. */
export function noteFinished(batch: BatchTx, leases: readonly JobLease[]): void {
  if (leases.length === 0) return;
  const held = whereHeld(leases);
  const statement = { sql: `DELETE FROM jobs WHERE ${held.sql}`, values: held.values };
  batch.changeRows(statement, leases.length, () => new LeaseLostError('A job is not ours any more.'));
}

function noteEndings(batch: BatchTx, endings: readonly Ending[]): void {
  noteFinished(
    batch,
    endings.filter(({ runAt }) => runAt === undefined),
  );
  const released = endings.filter((ending): ending is Ending & { runAt: number } => ending.runAt !== undefined);
  if (released.length === 0) return;
  const held = whereHeld(released);
  const runAts = released.map(() => 'WHEN ? THEN ?').join(' ');
  const statement = {
    sql: `UPDATE jobs SET run_at = CASE id ${runAts} END, lease_token = NULL WHERE ${held.sql}`,
    values: [...released.flatMap(({ id, runAt }): SqlValue[] => [id, runAt]), ...held.values],
  };
  batch.changeRows(statement, released.length, () => new LeaseLostError('A job is not ours any more.'));
}

/** The ids lead to the rows by the primary key; each must still be under its own lease. Jobs claimed together share a token. */
function whereHeld(leases: readonly JobLease[]): Statement {
  const idsByToken = new Map<string, string[]>();
  for (const { id, leaseToken } of leases) {
    const ids = idsByToken.get(leaseToken);
    if (ids) ids.push(id);
    else idsByToken.set(leaseToken, [id]);
  }
  const held = [...idsByToken];
  return {
    sql: held.map(([, ids]) => `(id IN (${ids.map(() => '?').join(', ')}) AND lease_token = ?)`).join(' OR '),
    values: held.flatMap(([leaseToken, ids]) => [...ids, leaseToken]),
  };
}
