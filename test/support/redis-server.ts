import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const inPipeline = !['', 'false', '0', undefined].includes(process.env.CI);

/** A Redis of a test's own, to be stopped, frozen and emptied without anybody else noticing. */
export class TestRedisServer {
  private child: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(...options: string[]): Promise<TestRedisServer> {
    const server = new TestRedisServer(await findFreePort());
    await server.start(...options);
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${String(this.port)}`;
  }

  /** Starts it again after `stop`, empty, on the same port. */
  async start(...options: string[]): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...options];
    const child = spawn('redis-server', args, { stdio: 'ignore' });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', resolve);
    });
    await this.ask((client) => client.ping());
  }

  /** Ends it at once; whatever it held is gone. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Connections stay open, and nothing is answered. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async flush(): Promise<void> {
    await this.ask((client) => client.flushall());
  }

  /** Asks it something over a connection of its own, as soon as it answers. */
  async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    client.on('error', () => undefined);
    try {
      return await Promise.race([question(client), tooLate()]);
    } finally {
      client.disconnect();
    }
  }
}

async function tooLate(): Promise<never> {
  await sleep(30_000, undefined, { ref: false });
  throw new Error('The test Redis does not answer.');
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Tests that need the Redis that TEST_REDIS_URL names: skipped without one, failed in a pipeline. */
export function describeWithRedis(name: string, tests: () => void): void {
  const url = process.env.TEST_REDIS_URL;
  if (url !== undefined && url !== '') describe(name, tests);
  else if (inPipeline) it(`${name}: TEST_REDIS_URL must name a server`, () => expect(url).toBeTruthy());
  else describe.skip(name, tests);
}

/**
 * Tests that start a Redis of their own. Where the program is not installed they are reported as skipped; in a pipeline,
 * where it must be, they fail.
 */
export function describeWithRedisServer(name: string, tests: () => void): void {
  const isInstalled = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
  (isInstalled || inPipeline ? describe : describe.skip)(name, tests);
}
