import { DataSource, type DataSourceOptions } from 'typeorm';
import { createConnection } from 'mysql2/promise';
import { z } from 'zod';
import { MIGRATIONS } from '../../migrations/index.js';
import type { DatabaseSettings } from '../config/settings.js';
import { UnusableDatabaseError } from './database-errors.js';
import { ENTITIES } from './entities.js';
import { SnakeNaming } from './snake-naming.js';
import { mysqlDriver } from './mysql-driver.js';
import { sqliteDriver } from './sqlite-driver.js';

const shared = {
  entities: ENTITIES,
  migrations: MIGRATIONS,
  namingStrategy: new SnakeNaming(),
  migrationsTableName: 'schema_migrations',
  logging: false,
} as const;

/** Options for the connection that writes (and, on MySQL and MariaDB, reads). */
export async function toDataSourceOptions(settings: DatabaseSettings): Promise<DataSourceOptions> {
  if (settings.kind === 'sqlite') return toSqliteOptions(settings.file, false);
  return {
    ...shared,
    // The two servers describe their columns differently; the wrong name would see changes in every column for ever.
    type: await findServerKind(settings.url),
    driver: mysqlDriver,
    // Else the driver takes a stack trace at every query, in case it fails. TypeORM's errors have one of their own.
    trace: false,
    url: settings.url,
    charset: 'utf8mb4',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    poolSize: settings.poolSize,
    connectTimeout: 10_000,
    extra: { waitForConnections: true, queueLimit: 0, maxIdle: settings.poolSize },
  };
}

/** SQLite reads use a connection of their own: the writer's shows uncommitted rows. */
export async function openSqliteReader(file: string): Promise<DataSource> {
  return new DataSource(toSqliteOptions(file, true)).initialize();
}

function toSqliteOptions(file: string, readonly: boolean): DataSourceOptions {
  return {
    ...shared,
    type: 'better-sqlite3',
    driver: sqliteDriver,
    database: file,
    readonly,
    timeout: 10_000,
    enableWAL: !readonly,
    // Money stays on FULL: a commit that was answered survives a power cut, not only a crash.
    prepareDatabase: (database: { pragma(source: string): unknown }) => {
      if (!readonly) database.pragma('synchronous = FULL');
    },
  };
}

async function findServerKind(url: string): Promise<'mysql' | 'mariadb'> {
  const connection = await createConnection({ uri: url, connectTimeout: 10_000 });
  try {
    const [rows] = await connection.query(
      'SELECT VERSION() AS version, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS skew, @@sql_mode AS modes, @@character_set_database AS charset',
    );
    const { version, skew, modes, charset } = readServerFacts(rows);
    if (skew !== 0) {
      throw new UnusableDatabaseError(
        `The database server's time zone is not UTC (it is off by ${String(skew)} s). Set default-time-zone='+00:00' and restart it.`,
      );
    }
    checkModes(modes);
    if (charset !== 'utf8mb4') {
      throw new UnusableDatabaseError(
        `The database's character set is ${charset}, which cannot hold every name. Make it with CHARACTER SET utf8mb4.`,
      );
    }
    return /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  } finally {
    await connection.end();
  }
}

/** Values that do not fit must be refused, not cut; and the driver's escapes must mean to the server what they mean to it. */
export function checkModes(modes: readonly string[]): void {
  if (!modes.includes('STRICT_TRANS_TABLES') && !modes.includes('STRICT_ALL_TABLES')) {
    throw new UnusableDatabaseError(
      'The database server would cut values that do not fit instead of refusing them. Add STRICT_TRANS_TABLES to its sql_mode and restart it.',
    );
  }
  const harmful = modes.filter((mode) => mode === 'NO_BACKSLASH_ESCAPES' || mode === 'ANSI_QUOTES');
  if (harmful.length > 0) {
    throw new UnusableDatabaseError(
      `Take ${harmful.join(' and ')} out of the database server's sql_mode and restart it.`,
    );
  }
}

const ServerFactsRow = z.object({
  version: z.string(),
  skew: z.coerce.number(),
  modes: z.string(),
  charset: z.string(),
});

interface ServerFacts extends Omit<z.infer<typeof ServerFactsRow>, 'modes'> {
  readonly modes: readonly string[];
}

function readServerFacts(rows: unknown): ServerFacts {
  const facts = z.tuple([ServerFactsRow]).safeParse(rows).data?.[0];
  if (!facts) throw new UnusableDatabaseError('The database server did not say which version it is.');
  return { ...facts, modes: facts.modes.split(',') };
}
