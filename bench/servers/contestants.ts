import { startMysqlFloor } from './floor-mysql.js';
import { startSqliteFloor } from './floor-sqlite.js';
import { startBenchGateway } from './gateway.js';
import type { BenchDatabase, StartServer } from './server.js';
import { startUsual } from './usual.js';

/** One server of the comparison. */
export interface Contestant {
  readonly name: string;
  readonly title: string;
  readonly database: BenchDatabase['kind'];
  readonly start: StartServer;
}

/** Everybody that `npm run bench` compares. The gateway comes last on each database: the others are its floors. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'mysql-floor',
    title: 'raw Fastify + mysql2, one transaction of four inserts each (**floor**)',
    database: 'mysql',
    start: (database) => startMysqlFloor(database),
  },
  {
    name: 'mysql-every-row',
    title: 'the same with every row that the gateway writes, eight inserts each',
    database: 'mysql',
    start: (database) => startMysqlFloor(database, { everyRow: true }),
  },
  {
    name: 'mysql-usual',
    title: 'Nest + Express + ValidationPipe + TypeORM `save()` (**usual**)',
    database: 'mysql',
    start: startUsual,
  },
  { name: 'mysql-gateway', title: 'Malipo', database: 'mysql', start: startBenchGateway },
  {
    name: 'sqlite-floor',
    title: 'raw Fastify + SQLite driver, FULL, one commit of four inserts each (**floor**)',
    database: 'sqlite',
    start: startSqliteFloor,
  },
  { name: 'sqlite-gateway', title: 'Malipo', database: 'sqlite', start: startBenchGateway },
];

export function getContestant(name: string): Contestant {
  const found = CONTESTANTS.find((contestant) => contestant.name === name);
  if (!found)
    throw new Error(`There is no contestant ${name}; there are ${CONTESTANTS.map((c) => c.name).join(', ')}.`);
  return found;
}
