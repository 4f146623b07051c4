import { DatabaseSync } from '@photostructure/sqlite';
import Fastify from 'fastify';
import {
  BODY_SCHEMA,
  FIND_OWNER,
  makeKey,
  nextId,
  sha256,
  toAnswer,
  toInserts,
  type CollectionBody,
  type Owner,
  type Statement,
} from './rows.js';
import { openMigrated } from './schema.js';
import type { BenchDatabase, BenchServer } from './server.js';

/** The same by hand on SQLite: prepared statements, WAL, synchronous FULL, one commit for each request. */
export async function startSqliteFloor(database: BenchDatabase): Promise<BenchServer> {
  if (database.kind !== 'sqlite') throw new Error('This floor is on SQLite.');
  const schema = await openMigrated(database);
  await schema.destroy();
  const sqlite = new DatabaseSync(database.file);
  sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  const prepared = new Map<string, ReturnType<typeof sqlite.prepare>>();
  const prepare = (sql: string) => {
    const known = prepared.get(sql);
    if (known) return known;
    const made = sqlite.prepare(sql);
    prepared.set(sql, made);
    return made;
  };
  const run = ({ sql, values }: Statement) => void prepare(sql).run(...values);
  const { apiKey, statement } = makeKey();
  run(statement);

  const app = Fastify();
  app.post<{ Body: CollectionBody }>('/v1/collections', { schema: { body: BODY_SCHEMA } }, async (request, reply) => {
    const secret = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const owner = prepare(FIND_OWNER).get(sha256(secret), Date.now()) as Owner | undefined;
    if (!owner) return reply.status(401).send();
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return reply.status(400).send();
    const now = Date.now();
    const answer = toAnswer(request.body, nextId('txn'), now);
    prepare('BEGIN IMMEDIATE').run();
    try {
      toInserts(owner, key, request.body, answer, now).forEach(run);
      prepare('COMMIT').run();
    } catch (error) {
      prepare('ROLLBACK').run();
      throw error;
    }
    return reply.status(201).send(answer);
  });
  return {
    baseUrl: await app.listen({ host: '127.0.0.1', port: 0 }),
    apiKey,
    close: async () => {
      await app.close();
      sqlite.close();
    },
  };
}
