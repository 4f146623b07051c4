import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabase } from './servers/schema.js';
import type { Contestant } from './servers/contestants.js';
import type { Question, Reply } from './servers/process.js';
import type { BenchDatabase } from './servers/server.js';

const START_LIMIT_MS = 120_000;

/** A contestant in a process of its own, on a database of its own. */
export class ContestantProcess {
  private constructor(
    readonly contestant: Contestant,
    readonly baseUrl: string,
    readonly apiKey: string,
    private readonly child: ChildProcess,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  /** Ready for requests when it resolves. `nodeOptions` are for the child, such as `--cpu-prof`. */
  static async start(
    contestant: Contestant,
    mysqlUrl: string,
    nodeOptions: readonly string[] = [],
  ): Promise<ContestantProcess> {
    const place = await makePlace(contestant, mysqlUrl);
    const script = fileURLToPath(new URL('./servers/process.js', import.meta.url));
    const child = fork(script, [contestant.name, JSON.stringify(place.database)], { execArgv: [...nodeOptions] });
    try {
      const ready = await hear(child, 'ready');
      return new ContestantProcess(contestant, ready.baseUrl, ready.apiKey, child, place.drop);
    } catch (error) {
      child.kill('SIGKILL');
      await place.drop();
      throw error;
    }
  }

  /** Processor time that it has used since it started, in microseconds. */
  async cpuUs(): Promise<number> {
    const answer = hear(this.child, 'cpu');
    this.say({ ask: 'cpu' });
    return (await answer).us;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null) {
      this.say({ ask: 'close' });
      await ended;
    }
    await this.dropDatabase();
  }

  private say(question: Question): void {
    this.child.send(question);
  }
}

function hear<K extends Reply['kind']>(child: ChildProcess, kind: K): Promise<Extract<Reply, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(limit);
      child.off('message', onMessage).off('exit', onExit);
      finish();
    };
    const onMessage = (reply: Reply) => {
      if (reply.kind === kind) settle(() => resolve(reply as Extract<Reply, { kind: K }>));
    };
    const onExit = (code: number | null) =>
      settle(() => reject(new Error(`A server ended by itself (${String(code)}).`)));
    const limit = setTimeout(
      () => settle(() => reject(new Error(`A server said nothing for ${START_LIMIT_MS} ms.`))),
      START_LIMIT_MS,
    );
    child.on('message', onMessage).on('exit', onExit);
  });
}

async function makePlace(
  { name, database }: Contestant,
  mysqlUrl: string,
): Promise<{ database: BenchDatabase; drop: () => Promise<void> }> {
  if (database === 'mysql') {
    const { url, drop } = await createDatabase(mysqlUrl, name);
    return { database: { kind: 'mysql', url }, drop };
  }
  const folder = mkdtempSync(join(tmpdir(), 'malipo-bench-'));
  const drop = async () => rmSync(folder, { recursive: true, force: true });
  return { database: { kind: 'sqlite', file: join(folder, 'bench.db') }, drop };
}
