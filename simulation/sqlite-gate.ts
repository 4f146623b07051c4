import { sqliteDriver } from '../src/database/sqlite-driver.js';

/** How to know the errors of a process that has ended. */
export const DEAD = 'This process has crashed.';

/** Raised at whatever a dead process tries to do. Nobody who matters hears it. */
export class DeadProcessError extends Error {
  constructor() {
    super(DEAD);
  }
}

type Connection = ReturnType<typeof sqliteDriver>;
type Statement = ReturnType<Connection['prepare']>;
type SqliteValues = (string | number | bigint | null | Uint8Array)[];

/**
 * Stands between one process and its database, so that the process can die at any statement. What it had not committed
 * by then is rolled back, and nothing it does afterwards reaches the file.
 */
export class SqliteGate {
  /** Statements that were asked for. */
  statements = 0;
  private dead = false;
  private readonly connections: Connection[] = [];
  private statementsLeft = Infinity;
  private dieBefore = false;

  constructor(private readonly onDeath: () => void) {}

  /** What TypeORM opens the process's writing connection with; it calls it with `new`. */
  createDriver(): (file: string, options: object) => Connection {
    const open = this.open.bind(this);
    return function openDatabase(file, options) {
      return open(file, options);
    };
  }

  /** The process dies at the statement after so many more, before or after that one took effect. */
  dieAfter(statements: number, side: 'before' | 'after'): void {
    this.statementsLeft = statements;
    this.dieBefore = side === 'before';
  }

  /** The process dies now. */
  die(): void {
    if (this.dead) return;
    this.dead = true;
    for (const connection of this.connections) {
      // The end of a real process leaves nothing of a transaction; here statements that are still referenced would hold it open.
      if (connection.isTransaction) connection.exec('ROLLBACK');
      connection.close();
    }
    this.onDeath();
  }

  private open(file: string, options: object): Connection {
    const connection = sqliteDriver(file, options);
    this.connections.push(connection);
    const prepare = connection.prepare.bind(connection);
    return Object.assign(connection, {
      prepare: (sql: string): Statement => {
        if (this.dead) throw new DeadProcessError();
        const statement = prepare(sql);
        // Its own properties are read-only, so the gated ones stand in front of them.
        const gated = (name: 'run' | 'all' | 'get') => ({
          value: (...values: SqliteValues): unknown => this.pass((): unknown => statement[name](...values)),
        });
        const own = { run: gated('run'), all: gated('all'), get: gated('get') };
        return Object.create(statement, own) as Statement;
      },
    });
  }

  private pass<T>(execute: () => T): T {
    this.statements++;
    if (this.dead) throw new DeadProcessError();
    const isLast = this.statementsLeft-- <= 0;
    if (isLast && this.dieBefore) {
      this.die();
      throw new DeadProcessError();
    }
    const result = execute();
    if (!isLast) return result;
    this.die();
    throw new DeadProcessError();
  }
}
