import { createConnection } from 'mysql2/promise';

/** The databases that everything must work on. */
export type DatabaseKind = 'sqlite' | 'mysql';

const inPipeline = !['', 'false', '0', undefined].includes(process.env.CI);

/**
 * The same tests on SQLite, always, and on the server that `TEST_MYSQL_URL` names (`npm test` looks for one).
 * Without a server its half is reported as skipped; in a pipeline, where one must be, as failed.
 */
export function describeOnBothDatabases(name: string, tests: (database: DatabaseKind) => void): void {
  describe(`${name}, on SQLite`, () => tests('sqlite'));
  describeOnServer(`${name}, on MySQL or MariaDB`, () => tests('mysql'));
}

/** Tests of what only the server does, on the same terms. */
export function describeOnServer(name: string, tests: () => void): void {
  if (findServerUrl() !== undefined) {
    describe(name, tests);
  } else if (inPipeline) {
    it(`${name}: TEST_MYSQL_URL must name a server`, () => expect(process.env.TEST_MYSQL_URL).toBeTruthy());
  } else {
    describe.skip(name, tests);
  }
}

/** A database of one's own on the test server. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

let made = 0;

/** Makes an empty database whose name no other test, worker or run has. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = findServerUrl();
  if (server === undefined) throw new Error('TEST_MYSQL_URL names no server.');
  const worker = process.env.JEST_WORKER_ID ?? '0';
  const name = `malipo_test_${worker}_${process.pid}_${++made}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await runOnServer(server, `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  return { url: url.href, drop: () => runOnServer(server, `DROP DATABASE IF EXISTS \`${name}\``) };
}

function findServerUrl(): string | undefined {
  const url = process.env.TEST_MYSQL_URL;
  return url === undefined || url === '' ? undefined : url;
}

async function runOnServer(url: string, sql: string): Promise<void> {
  const connection = await createConnection({ uri: url });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
