import type { QueryRunner } from 'typeorm';
import { BatchTx, type Change } from './batch-tx.js';
import type { CommitWatch } from './commit-watch.js';
import type { Statement } from './statements.js';
import { Tx } from './tx.js';

interface Unit {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

// A batch shares one fsync; more units than this would only make the first wait for the last.
const LARGEST_BATCH = 64;

/**
 * The only way to write to SQLite. TypeORM shares one connection among all callers, so a rollback of one would swallow
 * the work of another: here they queue. What gathers while a commit is in flight shares the next one (group commit),
 * each unit behind a savepoint of its own, and nobody is answered before the commit that carries him.
 */
export class SqliteWriter {
  private readonly queue: Unit[] = [];
  private draining = false;
  private drained = Promise.resolve();

  constructor(
    private readonly runner: QueryRunner,
    private readonly commits: CommitWatch,
  ) {}

  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ work, resolve: (value) => resolve(value as T), reject });
      if (!this.draining) this.drained = this.drain();
    });
  }

  /** The same for work that notes what it writes: statement by statement, for here there is no way to save. */
  writeBatch<T>(work: (batch: BatchTx) => Promise<T>): Promise<T> {
    return this.write(async (tx) => {
      const select = async (statements: readonly Statement[]) => {
        const answers: unknown[] = [];
        for (const { sql, values } of statements) answers.push(await this.runner.query(sql, [...values]));
        return answers;
      };
      const batch = new BatchTx(this.runner.dataSource, select, toFewSizes);
      const value = await work(batch);
      for (const change of batch.changes) await this.apply(change);
      tx.afterCommit(() => batch.committed());
      return value;
    });
  }

  /** Resolves when everything that was asked for so far is durable or refused. */
  async finish(): Promise<void> {
    while (this.draining) await this.drained;
  }

  private async apply({ sql, values, orThrow, rows = 1 }: Change): Promise<void> {
    const { affected } = await this.runner.query(sql, [...values], true);
    if (orThrow && affected !== rows) throw orThrow();
  }

  private async drain(): Promise<void> {
    this.draining = true;
    while (this.queue.length > 0) await this.commitTogether(this.queue.splice(0, LARGEST_BATCH));
    this.draining = false;
  }

  private async commitTogether(units: readonly Unit[]): Promise<void> {
    const settle: (() => void)[] = [];
    try {
      await this.runner.query('BEGIN IMMEDIATE');
      for (const unit of units) settle.push(await this.run(unit));
      await this.runner.query('COMMIT');
    } catch (error) {
      await this.runner.query('ROLLBACK').catch(() => undefined);
      for (const unit of units) unit.reject(error);
      return;
    }
    for (const finish of settle) finish();
    this.commits.note('sqlite', units.length);
  }

  /** Runs one unit behind a savepoint; answers what to do once the batch is durable. */
  private async run(unit: Unit): Promise<() => void> {
    const tx = new Tx(this.runner.manager);
    await this.runner.query('SAVEPOINT unit');
    try {
      const value = await unit.work(tx);
      await this.runner.query('RELEASE unit');
      return () => {
        tx.committed();
        unit.resolve(value);
      };
    } catch (error) {
      // Where the whole transaction is gone already (a full disk), what broke it is the thing to tell.
      await this.runner.query('ROLLBACK TO unit').catch(() => {
        throw error;
      });
      await this.runner.query('RELEASE unit');
      return () => unit.reject(error);
    }
  }
}

// Prepared statements are kept by their text: with these sizes there are seven for each table, not one for each count.
function toFewSizes(rows: number): number {
  return 2 ** Math.floor(Math.log2(Math.min(rows, LARGEST_BATCH)));
}
