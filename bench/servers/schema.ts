import { DataSource } from 'typeorm';
import { createConnection } from 'mysql2/promise';
import { toDataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { POOL_SIZE, type BenchDatabase } from './server.js';

/** Opens the database as the gateway does, with the gateway's own tables: the floors write rows of the same width. */
export async function openMigrated(database: BenchDatabase): Promise<DataSource> {
  const settings = database.kind === 'mysql' ? { ...database, poolSize: POOL_SIZE } : database;
  const source = await new DataSource(await toDataSourceOptions(settings)).initialize();
  await migrate(source);
  return source;
}

/** A database that is there for one run alone. */
export interface OwnDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

let made = 0;

/** Makes an empty database on the server that the URL names. */
export async function createDatabase(serverUrl: string, label: string): Promise<OwnDatabase> {
  const name = `malipo_bench_${label.replaceAll(/\W/g, '_')}_${process.pid}_${++made}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await runOn(serverUrl, `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  return { url: url.href, drop: () => runOn(serverUrl, `DROP DATABASE IF EXISTS \`${name}\``) };
}

async function runOn(url: string, sql: string): Promise<void> {
  const connection = await createConnection({ uri: url });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
