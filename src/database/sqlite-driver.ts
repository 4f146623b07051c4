import { DatabaseSync, enhance } from '@photostructure/sqlite';

interface OpenOptions {
  readonly readonly?: boolean;
  readonly timeout?: number;
}

/**
 * Lets TypeORM's `better-sqlite3` type run on a driver that needs no compiler and speaks Node's own SQLite interface.
 * TypeORM asks three things more of it: `pragma`, positional options, and statements that know whether they return rows.
 */
export const sqliteDriver = function openDatabase(file: string, options: OpenOptions) {
  const database = enhance(
    new DatabaseSync(file, { readOnly: options.readonly ?? false, timeout: options.timeout ?? 5000 }),
  );
  const prepare = database.prepare.bind(database);
  return Object.assign(database, {
    prepare: (sql: string) => {
      const statement = prepare(sql);
      return Object.assign(statement, { reader: statement.columns().length > 0 });
    },
  });
};
