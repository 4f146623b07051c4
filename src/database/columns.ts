import { Column, PrimaryColumn, type ColumnOptions } from 'typeorm';
import { ID_LENGTH } from '#libs/primitives';

// Portable columns: the same on SQLite, MySQL and MariaDB. mysql2 gives bigint as text and SQLite as number, so both
// kinds of bigint column say what they become in JavaScript.
const asNumber = {
  from: (value: string | number | null) => (value === null ? null : Number(value)),
  to: (value: unknown) => value,
};
const asBigint = {
  from: (value: string | number | null) => (value === null ? null : BigInt(value)),
  to: (value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
};

/** A prefixed ULID as text, the table's key. */
export const IdColumn = (): PropertyDecorator => PrimaryColumn({ type: 'varchar', length: ID_LENGTH });

/** The id of another row. */
export const ReferenceColumn = (options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'varchar', length: ID_LENGTH, ...options });

/** An instant in epoch milliseconds. */
export const InstantColumn = (options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'bigint', transformer: asNumber, ...options });

/** A whole number that may outgrow an int: up to 2⁵³−1. */
export const LongColumn = (options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'bigint', transformer: asNumber, ...options });

/** An amount in minor units, `bigint` in the code. */
export const MinorUnitsColumn = (options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'bigint', transformer: asBigint, ...options });

/** A short text of ours or a client's. Never unique by itself: MariaDB's collations equate `ELAN` and `élan`. */
export const TextColumn = (length: number, options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'varchar', length, ...options });

/** A SHA-256 in hex: how client-given text becomes unique on every engine. (SQLite has no `char`.) */
export const HashColumn = (options: ColumnOptions = {}): PropertyDecorator =>
  Column({ type: 'varchar', length: 64, ...options });

/** A SHA-256 in hex as the table's key. */
export const HashKeyColumn = (): PropertyDecorator => PrimaryColumn({ type: 'varchar', length: 64 });

/** An object, stored as JSON text. */
export const JsonColumn = (options: ColumnOptions = {}): PropertyDecorator => Column({ type: 'json', ...options });
