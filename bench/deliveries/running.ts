import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createDatabase } from '../servers/schema.js';
import type { Contestant } from './contestants.js';
import type { DelivererPlace } from './deliverer.js';
import type { Question, Reply } from './process.js';

/** What contestants run on. */
export interface Servers {
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  /** Where each process leaves a CPU profile; undefined: none. */
  readonly profileDir: string | undefined;
}

/** A contestant in a process of its own. */
export class Running {
  private constructor(
    readonly contestant: Contestant,
    private readonly child: ChildProcess,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(contestant: Contestant, sinkUrl: string, servers: Servers): Promise<Running> {
    const own = contestant.needs === 'mysql' ? await createDatabase(servers.mysqlUrl, 'deliveries') : undefined;
    const place: DelivererPlace = { sinkUrl, redisUrl: servers.redisUrl, database: own?.url ?? 'sqlite' };
    const profiling = servers.profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${servers.profileDir}`];
    const script = fileURLToPath(new URL('./process.js', import.meta.url));
    const child = fork(script, [contestant.name, JSON.stringify(place)], { execArgv: profiling });
    await hear(child);
    return new Running(contestant, child, async () => own?.drop());
  }

  async ask(question: Question): Promise<Reply> {
    const heard = hear(this.child);
    this.child.send(question);
    return heard;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    if (this.child.exitCode === null) this.child.send({ ask: 'close' } satisfies Question);
    await ended;
    await this.drop();
  }
}

function hear(child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('A contestant ended by itself.'));
    child.once('exit', onExit).once('message', (reply) => {
      child.off('exit', onExit);
      resolve(reply as Reply);
    });
  });
}

/** Whether the server that it needs takes connections. */
export function isThere({ needs }: Contestant, { mysqlUrl, redisUrl }: Servers): Promise<boolean> {
  if (needs === 'nothing') return Promise.resolve(true);
  const { hostname, port } = new URL(needs === 'mysql' ? mysqlUrl : redisUrl);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || (needs === 'mysql' ? 3306 : 6379) });
    socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false));
  });
}
