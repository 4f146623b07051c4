import Fastify from 'fastify';
import { createPool, type RowDataPacket } from 'mysql2/promise';
import {
  BODY_SCHEMA,
  FIND_OWNER,
  makeKey,
  nextId,
  sha256,
  toAnswer,
  toFurtherInserts,
  toInserts,
  type CollectionBody,
  type Owner,
} from './rows.js';
import { openMigrated } from './schema.js';
import { POOL_SIZE, type BenchDatabase, type BenchServer } from './server.js';

/**
 * What a careful person writes by hand: Fastify, a JSON schema, mysql2, and one transaction for each request. With
 * `everyRow` it makes all the inserts that the gateway makes, and not only the four that any gateway must make.
 */
export async function startMysqlFloor(
  database: BenchDatabase,
  { everyRow = false }: { readonly everyRow?: boolean } = {},
): Promise<BenchServer> {
  if (database.kind !== 'mysql') throw new Error('This floor is on MySQL.');
  const schema = await openMigrated(database);
  await schema.destroy();
  const pool = createPool({ uri: database.url, connectionLimit: POOL_SIZE, timezone: 'Z', supportBigNumbers: true });
  const { apiKey, statement } = makeKey();
  await pool.execute(statement.sql, [...statement.values]);

  const app = Fastify();
  app.post<{ Body: CollectionBody }>('/v1/collections', { schema: { body: BODY_SCHEMA } }, async (request, reply) => {
    const secret = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const [[owner]] = await pool.execute<(Owner & RowDataPacket)[]>(FIND_OWNER, [sha256(secret), Date.now()]);
    if (!owner) return reply.status(401).send();
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return reply.status(400).send();
    const now = Date.now();
    const answer = toAnswer(request.body, nextId('txn'), now);
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      for (const { sql, values } of toInserts(owner, key, request.body, answer, now)) {
        await connection.execute(sql, [...values]);
      }
      if (everyRow) {
        for (const { sql, values } of toFurtherInserts(owner, request.body, answer, now)) {
          await connection.execute(sql, [...values]);
        }
      }
      await connection.commit();
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
    return reply.status(201).send(answer);
  });
  return {
    baseUrl: await app.listen({ host: '127.0.0.1', port: 0 }),
    apiKey,
    close: async () => {
      await app.close();
      await pool.end();
    },
  };
}
