import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/** What a driver takes as it is. Anything else would be spelled out as SQL of its own by an escaping driver. */
export type SqlValue = string | number | null | Buffer;

/** One statement, with `?` for each value and nowhere else. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** A SELECT, and how to read what it gave. */
export interface LookUp<Row> {
  /** Undefined where nothing can be found. */
  toStatement(source: DataSource): Statement | undefined;
  read(source: DataSource, raw: unknown): Row[];
}

/** Looks up the rows whose property is one of these texts; of each, these properties. */
export function rowsWith<E extends ObjectLiteral, P extends keyof E & string>(
  entity: EntityTarget<E>,
  property: keyof E & string,
  isOneOf: readonly string[],
  properties: readonly P[],
): LookUp<Pick<E, P>> {
  return look(entity, properties, (source) => {
    if (isOneOf.length === 0) return undefined;
    const { sql, values } = toList(source, isOneOf);
    return { sql: `${nameOf(source, getColumn(source.getMetadata(entity), property))} IN ${sql}`, values };
  });
}

/** Looks whole rows up by what stands behind WHERE, which may go on with an order and a limit. */
export function rowsWhere<E extends ObjectLiteral>(entity: EntityTarget<E>, condition: Statement): LookUp<E> {
  const toLookUp = (source: DataSource): LookUp<E> =>
    // All properties of an entity are the entity.
    look<E, keyof E & string>(entity, propertiesOf(source, entity), () => condition) as unknown as LookUp<E>;
  return {
    toStatement: (source) => toLookUp(source).toStatement(source),
    read: (source, raw) => toLookUp(source).read(source, raw),
  };
}

function look<E extends ObjectLiteral, P extends keyof E & string>(
  entity: EntityTarget<E>,
  properties: readonly P[],
  toCondition: (source: DataSource) => Statement | undefined,
): LookUp<Pick<E, P>> {
  return {
    toStatement(source) {
      const condition = toCondition(source);
      if (!condition) return undefined;
      const metadata = source.getMetadata(entity);
      const columns = properties.map((name) => nameOf(source, getColumn(metadata, name))).join(', ');
      const table = source.driver.escape(metadata.tableName);
      return { sql: `SELECT ${columns} FROM ${table} WHERE ${condition.sql}`, values: condition.values };
    },
    read(source, raw) {
      const metadata = source.getMetadata(entity);
      const columns = properties.map((name) => getColumn(metadata, name));
      if (!Array.isArray(raw)) throw new TypeError(`${metadata.tableName}: the driver gave no rows.`);
      return raw.map((row: ObjectLiteral) => {
        const read: Record<string, unknown> = {};
        for (const column of columns) {
          const value: unknown = source.driver.prepareHydratedValue(row[column.databaseName], column);
          read[column.propertyName] = value;
        }
        return read as Pick<E, P>;
      });
    },
  };
}

/** All properties of an entity. */
function propertiesOf<E extends ObjectLiteral>(source: DataSource, entity: EntityTarget<E>): (keyof E & string)[] {
  return source.getMetadata(entity).columns.map(({ propertyName }) => propertyName);
}

/** Looks up whole rows, as their entity has them. */
export function wholeRowsWith<E extends ObjectLiteral>(
  entity: EntityTarget<E>,
  property: keyof E & string,
  isOneOf: readonly string[],
): LookUp<Pick<E, keyof E & string>> {
  const toLookUp = (source: DataSource): LookUp<Pick<E, keyof E & string>> =>
    rowsWith<E, keyof E & string>(entity, property, isOneOf, propertiesOf(source, entity));
  return {
    toStatement: (source) => toLookUp(source).toStatement(source),
    read: (source, raw) => toLookUp(source).read(source, raw),
  };
}

/** The same look-up, holding the rows that it finds until the end of the transaction. (SQLite has one writer anyway.) */
export function forUpdate<Row>(lookUp: LookUp<Row>): LookUp<Row> {
  return locking(lookUp, 'FOR UPDATE');
}

/** The same, passing over rows that somebody else holds. */
export function forUpdateOfFree<Row>(lookUp: LookUp<Row>): LookUp<Row> {
  return locking(lookUp, 'FOR UPDATE SKIP LOCKED');
}

function locking<Row>(lookUp: LookUp<Row>, clause: string): LookUp<Row> {
  return {
    toStatement(source) {
      const statement = lookUp.toStatement(source);
      if (!statement || source.options.type === 'better-sqlite3') return statement;
      return { ...statement, sql: `${statement.sql} ${clause}` };
    },
    read: (source, raw) => lookUp.read(source, raw),
  };
}

/** What stands behind IN. */
export function toList(source: DataSource, isOneOf: readonly string[]): Statement {
  const values = source.options.type === 'better-sqlite3' ? toFewLengths(isOneOf) : isOneOf;
  return { sql: `(${values.map(() => '?').join(', ')})`, values };
}

// SQLite's prepared statements are kept by their text: lists grow to the next power of two by repeating a value.
function toFewLengths(values: readonly string[]): readonly string[] {
  const missing = 2 ** Math.ceil(Math.log2(values.length)) - values.length;
  return [...values, ...Array<string>(missing).fill(values[0] ?? '')];
}

/** Looks whole rows up by their ids. */
export function rowsById<E extends { id: string }>(entity: EntityTarget<E>, ids: readonly string[]): LookUp<E> {
  // All properties of an entity are the entity.
  return wholeRowsWith<E>(entity, 'id', ids) as unknown as LookUp<E>;
}

/** An UPDATE of the rows where every property named has the value named; neither may be left out. */
export function toUpdate<E extends ObjectLiteral>(
  source: DataSource,
  entity: EntityTarget<E>,
  { changes, where }: { readonly changes: Partial<E>; readonly where: Partial<E> },
): Statement {
  const metadata = source.getMetadata(entity);
  const columnsOf = (row: Partial<E>) => Object.keys(row).map((name) => getColumn(metadata, name));
  const assign = (row: Partial<E>) => columnsOf(row).map((column) => `${nameOf(source, column)} = ?`);
  const valuesOf = (row: Partial<E>) => columnsOf(row).map((column) => toSqlValue(source, column, row));
  const table = source.driver.escape(metadata.tableName);
  return {
    sql: `UPDATE ${table} SET ${assign(changes).join(', ')} WHERE ${assign(where).join(' AND ')}`,
    values: [...valuesOf(changes), ...valuesOf(where)],
  };
}

/** Whole numbers to be added to columns of the rows where every property named has the value named. */
export interface Addition<E> {
  readonly where: Partial<E>;
  readonly add: Partial<Record<keyof E & string, bigint>>;
}

/** An UPDATE that adds to what is there. */
export function toAddition<E extends ObjectLiteral>(
  source: DataSource,
  entity: EntityTarget<E>,
  { where, add }: Addition<E>,
): Statement {
  const metadata = source.getMetadata(entity);
  const assign = Object.keys(add).map((name) => {
    const column = nameOf(source, getColumn(metadata, name));
    return `${column} = ${column} + ?`;
  });
  const columns = Object.keys(where).map((name) => getColumn(metadata, name));
  const condition = columns.map((column) => `${nameOf(source, column)} = ?`).join(' AND ');
  return {
    sql: `UPDATE ${source.driver.escape(metadata.tableName)} SET ${assign.join(', ')} WHERE ${condition}`,
    // A text would make the server reckon with floating point.
    values: [
      ...Object.values<bigint | undefined>(add).map(Number),
      ...columns.map((column) => toSqlValue(source, column, where)),
    ],
  };
}

interface InsertPlan {
  readonly head: string;
  readonly placeholders: string;
  readonly columns: readonly ColumnMetadata[];
}

const plans = new WeakMap<EntityMetadata, InsertPlan>();

/** One multi-row INSERT of complete rows, without the query builder's work for each row. */
export function toInsert<E extends ObjectLiteral>(
  source: DataSource,
  entity: EntityTarget<E>,
  rows: readonly E[],
): Statement {
  const { head, placeholders, columns } = findPlan(source, source.getMetadata(entity));
  const values: SqlValue[] = [];
  for (const row of rows) for (const column of columns) values.push(toSqlValue(source, column, row));
  return { sql: `${head}${`${placeholders}, `.repeat(rows.length - 1)}${placeholders}`, values };
}

function findPlan(source: DataSource, metadata: EntityMetadata): InsertPlan {
  const known = plans.get(metadata);
  if (known) return known;
  const { columns } = metadata;
  const names = columns.map((column) => nameOf(source, column)).join(', ');
  const plan: InsertPlan = {
    head: `INSERT INTO ${source.driver.escape(metadata.tableName)} (${names}) VALUES `,
    placeholders: `(${columns.map(() => '?').join(', ')})`,
    columns,
  };
  plans.set(metadata, plan);
  return plan;
}

function toSqlValue(source: DataSource, column: ColumnMetadata, row: ObjectLiteral): SqlValue {
  const given: unknown = row[column.propertyName];
  // A forgotten property would become NULL here and a riddle later.
  if (given === undefined) throw new TypeError(`${column.entityMetadata.tableName}.${column.propertyName} is missing`);
  const value: unknown = source.driver.preparePersistentValue(given, column);
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (Buffer.isBuffer(value)) return value;
  throw new TypeError(`${column.entityMetadata.tableName}.${column.propertyName} is no value of a column`);
}

function getColumn(metadata: EntityMetadata, property: string): ColumnMetadata {
  const column = metadata.findColumnWithPropertyName(property);
  if (!column) throw new TypeError(`${metadata.tableName} has no ${property}`);
  return column;
}

function nameOf(source: DataSource, column: ColumnMetadata): string {
  return source.driver.escape(column.databaseName);
}
