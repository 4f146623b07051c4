import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource, type Logger } from 'typeorm';
import type { DatabaseSettings } from '../../src/config/settings.js';
import { toDataSourceOptions } from '../../src/database/data-source.js';
import { Database } from '../../src/database/database.js';
import { migrate } from '../../src/database/migrate.js';
import { createTestDatabase, type DatabaseKind } from './databases.js';
import { makeDataFolder } from './data-folder.js';

/** One way into a database, as one process has it. */
export interface Connection {
  readonly database: Database;
  /** The connection that writes. */
  readonly source: DataSource;
  /** Every statement that went through the writing connection since it was opened. */
  readonly statements: string[];
}

/** A database of a test's own, without a gateway around it. */
export interface TestStore extends Connection {
  readonly settings: DatabaseSettings;
  /** Opens it once more, as another process would. Closed with the rest. */
  connect(): Promise<Connection>;
  close(): Promise<void>;
}

/** An empty place for a database, not migrated and not opened. */
export async function createPlace(kind: DatabaseKind): Promise<{ settings: DatabaseSettings; drop(): Promise<void> }> {
  if (kind === 'sqlite') {
    const folder = makeDataFolder('malipo-test-');
    const drop = async () => rmSync(folder, { recursive: true, force: true });
    return { settings: { kind: 'sqlite', file: join(folder, 'malipo.db') }, drop };
  }
  const { url, drop } = await createTestDatabase();
  return { settings: { kind: 'mysql', url, poolSize: 12 }, drop };
}

/** Opens a data source that keeps what it is asked. */
export async function openSource(settings: DatabaseSettings): Promise<{ source: DataSource; statements: string[] }> {
  const statements: string[] = [];
  const options = await toDataSourceOptions(settings);
  const source = await new DataSource({
    ...options,
    logging: ['query'],
    logger: new Recorder(statements),
  }).initialize();
  return { source, statements };
}

/** A migrated database on either engine. Call `close` in `afterAll`. */
export async function openTestStore(kind: DatabaseKind): Promise<TestStore> {
  const { settings, drop } = await createPlace(kind);
  const opened: Connection[] = [];
  const connect = async () => {
    const { source, statements } = await openSource(settings);
    await migrate(source);
    const connection = { database: await Database.over(source), source, statements };
    opened.push(connection);
    return connection;
  };
  const close = async () => {
    for (const { database, source } of opened) {
      if (database.read.dataSource.isInitialized) await database.close();
      await source.destroy();
    }
    await drop();
  };
  try {
    return { ...(await connect()), settings, connect, close };
  } catch (error) {
    await close();
    throw error;
  }
}

class Recorder implements Logger {
  constructor(private readonly statements: string[]) {}
  logQuery(query: string): void {
    this.statements.push(query);
  }
  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
