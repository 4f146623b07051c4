import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import { toAddition, toInsert, toUpdate, type Addition, type LookUp, type Statement } from './statements.js';
import { Followers, type Inserts } from './tx.js';

/** A statement to be written, and what must be true of it. */
export interface Change extends Statement {
  /** What is thrown, and everything undone, if it does not meet exactly as many rows as it must: `rows`, else one. */
  readonly orThrow?: () => Error;
  readonly rows?: number;
}

/**
 * Asks SELECTs that need nothing of each other, and gives their rows in order. `within`: inside the transaction that will
 * write, which begins with them.
 */
export type Select = (statements: readonly Statement[], within: boolean) => Promise<readonly unknown[]>;

type Found<Q> = { [K in keyof Q]: Q[K] extends LookUp<infer Row> ? Row[] : never };

/** How many rows a statement takes; the driver keeps prepared statements by their text. */
type RowsAtOnce = (rows: number) => number;

/**
 * A transaction of which everything that it will write is known before anything is written: it looks up, decides, and notes
 * its statements. They leave together when the work is done, on a server in one packet with BEGIN and COMMIT. So `insert`
 * tells of no duplicate key: it makes the whole batch fail.
 */
export class BatchTx implements Inserts {
  /** What was noted so far, in order. */
  readonly changes: Change[] = [];
  private readonly followers = new Followers();

  constructor(
    private readonly source: DataSource,
    private readonly select: Select,
    private readonly rowsAtOnce: RowsAtOnce = (rows) => rows,
  ) {}

  /**
   * Looks rows up, all at once; where nothing can be found, nobody is asked. Each look-up sees what was committed before it
   * began, so a later one may see more than an earlier one.
   */
  find<Q extends readonly LookUp<unknown>[]>(...lookUps: Q): Promise<Found<Q>> {
    return this.look(lookUps, false);
  }

  /**
   * The same inside the transaction that will write: rows that a look-up locks (`forUpdate`) stay locked until its end, and
   * the look-ups behind it see what was committed by whoever held them before. On a server it costs a round trip of its own.
   */
  findWithin<Q extends readonly LookUp<unknown>[]>(...lookUps: Q): Promise<Found<Q>> {
    return this.look(lookUps, true);
  }

  private async look<Q extends readonly LookUp<unknown>[]>(lookUps: Q, within: boolean): Promise<Found<Q>> {
    const statements = lookUps.map((lookUp) => lookUp.toStatement(this.source));
    const asked = statements.filter((statement) => statement !== undefined);
    const answers = asked.length === 0 ? [] : await this.select(asked, within);
    let next = 0;
    const found = lookUps.map((lookUp, index) => (statements[index] ? lookUp.read(this.source, answers[next++]) : []));
    return found as Found<Q>;
  }

  /** Notes whole rows to be inserted. No rows, no statement. */
  async insert<E extends ObjectLiteral>(entity: EntityTarget<E>, rows: readonly E[]): Promise<void> {
    for (let start = 0; start < rows.length;) {
      const count = this.rowsAtOnce(rows.length - start);
      this.changes.push(toInsert(this.source, entity, rows.slice(start, start + count)));
      start += count;
    }
  }

  /** Notes an update that must meet exactly one row; else everything is undone and the error thrown. */
  updateOne<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    update: { readonly changes: Partial<E>; readonly where: Partial<E> },
    orThrow: () => Error,
  ): void {
    this.changes.push({ ...toUpdate(this.source, entity, update), orThrow });
  }

  /** Notes that a number is added to one row's column by the database itself, so that nothing written beside it is lost. */
  addTo<E extends ObjectLiteral>(entity: EntityTarget<E>, addition: Addition<E>): void {
    this.changes.push(toAddition(this.source, entity, addition));
  }

  /** Notes a statement that may meet any number of rows. */
  change(statement: Statement): void {
    this.changes.push(statement);
  }

  /** Notes a statement that must meet exactly so many rows; else everything is undone and the error thrown. */
  changeRows(statement: Statement, rows: number, orThrow: () => Error): void {
    this.changes.push({ ...statement, rows, orThrow });
  }

  afterCommit(work: () => void): void {
    this.followers.add(work);
  }

  /** For the database alone: the commit is durable. */
  committed(): void {
    this.followers.committed();
  }
}
