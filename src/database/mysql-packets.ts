import { createPool, type Pool, type PoolConnection } from 'mysql2';
import { QueryFailedError, type DataSource } from 'typeorm';
import { BatchTx, type Change } from './batch-tx.js';
import type { CommitWatch } from './commit-watch.js';
import type { Statement } from './statements.js';

// A batch is busy in one of them from its look-ups to its commit, and few batches are under way at once.
const CONNECTIONS = 4;

/**
 * Writes batches on MySQL and MariaDB: look-ups in one packet, then BEGIN, all that the batch writes, and COMMIT in another.
 * Two round trips instead of a dozen. Only these connections take several statements at once, nothing but `Statement`s
 * reaches them, and every value is escaped by the driver itself.
 */
export class MysqlPackets {
  private readonly pool: Pool;
  private readonly prepared = new WeakSet<PoolConnection>();

  constructor(
    private readonly source: DataSource,
    url: string,
    private readonly commits: CommitWatch,
  ) {
    this.pool = createPool({
      uri: url,
      multipleStatements: true,
      connectionLimit: CONNECTIONS,
      charset: 'utf8mb4',
      timezone: 'Z',
      supportBigNumbers: true,
      bigNumberStrings: true,
      connectTimeout: 10_000,
    });
  }

  /** Runs the work and writes what it noted, all or nothing. Throws what the work or the server throws. */
  async write<T>(work: (batch: BatchTx) => Promise<T>): Promise<T> {
    const connection = await this.connect();
    try {
      let begun = false;
      const batch = new BatchTx(this.source, async (statements, within) => {
        if (!within || begun) return this.send(connection, statements);
        begun = true;
        const [, ...answers] = await this.send(connection, [BEGIN, ...statements]);
        return answers;
      });
      const value = await work(batch);
      await this.commit(connection, batch.changes, begun);
      batch.committed();
      this.commits.note('server', 1);
      connection.release();
      return value;
    } catch (error) {
      await this.giveBack(connection);
      throw error;
    }
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => this.pool.end((error) => (error ? reject(error) : resolve())));
  }

  private async commit(connection: PoolConnection, changes: readonly Change[], begun: boolean): Promise<void> {
    // Nothing to write, but rows to let go of.
    if (changes.length === 0 && begun) await this.send(connection, [COMMIT]);
    if (changes.length === 0) return;
    const mustHold = changes.some((change) => change.orThrow);
    // A server that stops at a statement never comes to the COMMIT behind it. Where rows must have been met, we look first.
    const opening = begun ? [] : [BEGIN];
    const answers = await this.send(connection, [...opening, ...changes, ...(mustHold ? [] : [COMMIT])]);
    if (!mustHold) return;
    for (const [index, { orThrow, rows = 1 }] of changes.entries()) {
      if (orThrow && countAffected(answers[index + opening.length]) !== rows) throw orThrow();
    }
    await this.send(connection, [COMMIT]);
  }

  /** Sends the statements as one packet. Answers what the server says to each. */
  private send(connection: PoolConnection, statements: readonly Statement[]): Promise<unknown[]> {
    for (const { sql, values } of statements) this.source.logger.logQuery(sql, [...values]);
    const packet = statements.map((statement) => toText(connection, statement)).join('; ');
    return new Promise((resolve, reject) => {
      // `null`, not absent: else the driver would read the packet for places to put values in.
      connection.query({ sql: packet, values: null }, (error, answers: unknown) => {
        if (error) reject(toFailure(error, statements.length));
        // A single statement is answered without a list around it.
        else resolve(statements.length === 1 ? [answers] : (answers as unknown[]));
      });
    });
  }

  private async connect(): Promise<PoolConnection> {
    const connection = await new Promise<PoolConnection>((resolve, reject) => {
      this.pool.getConnection((error, given) => (error ? reject(toFailure(error, 0)) : resolve(given)));
    });
    if (this.prepared.has(connection)) return connection;
    try {
      // READ COMMITTED takes no gap locks, which are what claims deadlock on. Set once for each connection.
      await this.send(connection, [READ_COMMITTED]);
      this.prepared.add(connection);
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** After a failure: whatever was begun is undone, or the connection is not used again. */
  private async giveBack(connection: PoolConnection): Promise<void> {
    try {
      await this.send(connection, [ROLLBACK]);
      connection.release();
    } catch {
      connection.destroy();
    }
  }
}

// The driver's `format` would look for comments and quotes around each `?`: in our statements there are none.
function toText(connection: PoolConnection, { sql, values }: Statement): string {
  const parts = sql.split('?');
  if (parts.length !== values.length + 1) throw new TypeError('A statement needs one value for each ?.');
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += connection.escape(value) + (parts[index + 1] ?? '');
  return text;
}

const toPlain = (sql: string): Statement => ({ sql, values: [] });
const READ_COMMITTED = toPlain('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
const BEGIN = toPlain('START TRANSACTION');
const COMMIT = toPlain('COMMIT');
const ROLLBACK = toPlain('ROLLBACK');

function countAffected(answer: unknown): number {
  return typeof answer === 'object' && answer !== null && 'affectedRows' in answer ? Number(answer.affectedRows) : 0;
}

// As TypeORM would throw it, but without the packet's text, which holds what merchants and customers gave.
function toFailure(error: Error, statements: number): QueryFailedError {
  if ('sql' in error) delete error.sql;
  return new QueryFailedError(`a packet of ${String(statements)} statements`, undefined, error);
}
