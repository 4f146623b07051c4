import { AsyncLocalStorage } from 'node:async_hooks';
import { randomInt } from 'node:crypto';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { systemScheduler, type Scheduler } from '#libs/primitives';
import { z } from 'zod';
import type { BatchTx } from './batch-tx.js';
import { CommitWatch } from './commit-watch.js';
import { isWorthRetrying } from './database-errors.js';
import { openSqliteReader } from './data-source.js';
import { MysqlPackets } from './mysql-packets.js';
import type { LookUp } from './statements.js';
import { SqliteWriter } from './sqlite-writer.js';
import { Tx } from './tx.js';

const MOST_TRIES = 8;

/** The transaction that the running code belongs to. Work that it left behind may outlive it: then it is over. */
interface Scope {
  over: boolean;
}

/**
 * Every read and write of the gateway. `read` sees committed rows only; `write` is one durable transaction.
 * Nothing else begins a transaction: on SQLite that would lose committed work.
 */
export class Database {
  private constructor(
    private readonly source: DataSource,
    private readonly reader: DataSource,
    private readonly sqlite: SqliteWriter | undefined,
    /** Tells of each commit, for those who measure. */
    readonly commits: CommitWatch,
    private readonly packets: MysqlPackets | undefined,
    /** Undefined: nobody looks whether a write begins inside another. */
    private readonly scopes: AsyncLocalStorage<Scope> | undefined,
  ) {}

  /**
   * Takes over an initialised data source. On SQLite it opens a second connection for reads.
   *
   * `followWrites`: refuse a write that begins inside another. On SQLite that is always refused: it would stop the process
   * for ever. On a server the inner one commits by itself, which is our mistake and not worth what it costs to find there:
   * on Node 20 and 22 following asynchronous contexts makes every promise of the process dearer, by a fifth of its work.
   */
  static async over(source: DataSource, { followWrites = true } = {}): Promise<Database> {
    const commits = new CommitWatch();
    if (source.options.type !== 'better-sqlite3') {
      const packets = new MysqlPackets(source, readUrl(source), commits);
      const scopes = followWrites ? new AsyncLocalStorage<Scope>() : undefined;
      return new Database(source, source, undefined, commits, packets, scopes);
    }
    const reader = await openSqliteReader(source.options.database);
    const writer = new SqliteWriter(source.createQueryRunner(), commits);
    return new Database(source, reader, writer, commits, undefined, new AsyncLocalStorage<Scope>());
  }

  get kind(): 'sqlite' | 'mysql' {
    return this.sqlite ? 'sqlite' : 'mysql';
  }

  /** For reads outside a transaction. Give every value in a `where`. */
  get read(): EntityManager {
    return this.reader.manager;
  }

  /** Rows by a look-up, outside a transaction and without the query builder's work for each row. */
  async find<Row>(lookUp: LookUp<Row>): Promise<Row[]> {
    const statement = lookUp.toStatement(this.reader);
    if (!statement) return [];
    const rows: unknown = await this.reader.query(statement.sql, [...statement.values]);
    return lookUp.read(this.reader, rows);
  }

  /**
   * Runs the work in one transaction and answers when it is durable. The work may run again after a deadlock, so it
   * must do nothing but its statements. Throws what the work throws, with everything rolled back. It must not begin inside
   * another write (`followWrites`).
   */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    this.refuseNested();
    const scoped = this.inScope(work);
    return this.sqlite ? this.sqlite.write(scoped) : this.retry(() => this.tryOnServer(scoped));
  }

  /**
   * The same for work that knows all that it writes before it writes anything: on a server it takes two round trips. The
   * work only looks up and notes; whatever fails, a duplicate key among it, undoes all of it.
   */
  async writeBatch<T>(work: (batch: BatchTx) => Promise<T>): Promise<T> {
    this.refuseNested();
    const scoped = this.inScope(work);
    if (this.sqlite) return this.sqlite.writeBatch(scoped);
    const { packets } = this;
    if (!packets) throw new Error('Neither engine is open.');
    return this.retry(() => packets.write(scoped));
  }

  /** The migrations that this database has behind it, oldest first. */
  async listMigrations(): Promise<string[]> {
    const rows: unknown = await this.read.query('SELECT name FROM schema_migrations ORDER BY timestamp');
    return z
      .array(z.object({ name: z.string() }))
      .parse(rows)
      .map(({ name }) => name);
  }

  /** Waits for writes under way, then lets go of what `over` opened. */
  async close(): Promise<void> {
    await this.sqlite?.finish();
    await this.packets?.close();
    if (this.reader !== this.source) await this.reader.destroy();
  }

  private async retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isWorthRetrying(error) || tries === MOST_TRIES) throw error;
        // Jitter keeps the two that met from meeting again.
        await sleep(systemScheduler, randomInt(1, 5 * 2 ** tries));
      }
    }
  }

  private async tryOnServer<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    const tx = new Tx(runner.manager);
    try {
      await this.begin(runner);
      const value = await work(tx);
      await runner.commitTransaction();
      tx.committed();
      this.commits.note('server', 1);
      return value;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private refuseNested(): void {
    if (this.scopes?.getStore()?.over !== false) return;
    throw new Error('A write inside a write: hand the transaction (tx) down, or write after it, in afterCommit.');
  }

  private inScope<W, T>(work: (tx: W) => Promise<T>): (tx: W) => Promise<T> {
    const { scopes } = this;
    if (!scopes) return work;
    return async (tx) => {
      const scope: Scope = { over: false };
      try {
        return await scopes.run(scope, () => work(tx));
      } finally {
        scope.over = true;
      }
    };
  }

  private readonly prepared = new WeakSet<object>();

  // READ COMMITTED takes no gap locks, which are what claims deadlock on. Set once for each connection.
  private async begin(runner: QueryRunner): Promise<void> {
    const connection: unknown = await runner.connect();
    if (typeof connection !== 'object' || connection === null) throw new TypeError('The driver gave no connection.');
    if (!this.prepared.has(connection)) {
      await runner.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      this.prepared.add(connection);
    }
    await runner.startTransaction();
  }
}

function readUrl({ options }: DataSource): string {
  if ('url' in options && typeof options.url === 'string') return options.url;
  throw new TypeError('The data source has no address.');
}

function sleep(scheduler: Scheduler, durationMs: number): Promise<void> {
  return new Promise((resolve) => scheduler.after(durationMs, resolve));
}
