import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
// `npm test` has built already; run alone, the first start does.
const START_LIMIT_MS = 150_000;
const END_LIMIT_MS = 30_000;

/** What `demo.json` says. */
export interface DemoFile {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly approverKey: string;
  readonly simulators: { readonly mpesa: string; readonly moneroo: string; readonly dexchange: string };
}

/** How a script ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of `scripts/*.mjs` (or a script by its whole path) as a process of its own, with nothing of this one's settings. */
export class ScriptProcess {
  private output = '';
  private complaints = '';
  private isClosed = false;
  private readonly child: ChildProcess;

  constructor(script: string, environment: Readonly<Record<string, string>>, launch?: readonly [string, ...string[]]) {
    const [program, ...words] = launch ?? [process.execPath, resolve(root, 'scripts', script)];
    this.child = spawn(program, words, {
      cwd: root,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.once('close', () => (this.isClosed = true));
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.complaints += chunk.toString('utf8')));
  }

  get pid(): number {
    return this.child.pid!;
  }

  get stdout(): string {
    return this.output;
  }

  /** Waits until it has said so, and throws with all that it said where it ends first. */
  async untilItSays(text: string): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MS;
    while (!this.output.includes(text)) {
      // Closed, not only ended: by then all that it said has arrived.
      if (this.isClosed || Date.now() > deadline) {
        throw new Error(`It never said "${text}" (code ${this.child.exitCode}):\n${this.output}\n${this.complaints}`);
      }
      await pause(20);
    }
  }

  /** Sends a signal, if any, and waits for the end. */
  async end(signal?: NodeJS.Signals): Promise<Ended> {
    if (signal && !this.isClosed) this.child.kill(signal);
    const deadline = Date.now() + (signal ? END_LIMIT_MS : START_LIMIT_MS);
    while (!this.isClosed) {
      if (Date.now() > deadline) {
        this.child.kill('SIGKILL');
        throw new Error(`It did not end:\n${this.output}\n${this.complaints}`);
      }
      await pause(20);
    }
    return { code: this.child.exitCode, stdout: this.output, stderr: this.complaints };
  }
}

/** `npm start`, as a person types it: the gateway is npm's child. */
export function startByNpm(dataDir: string, environment: Readonly<Record<string, string>>): ScriptProcess {
  const quiet = {
    npm_config_update_notifier: 'false',
    npm_config_logs_max: '0',
    npm_config_cache: join(dataDir, '.npm'),
  };
  return new ScriptProcess('start.mjs', { ...environment, ...quiet }, ['npm', 'start']);
}

/** Runs a script to its end. */
export function runScript(script: string, environment: Readonly<Record<string, string>>): Promise<Ended> {
  return new ScriptProcess(script, environment).end();
}

export function readDemoFile(dataDir: string): DemoFile {
  return JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'));
}

/** A port of loopback that nobody listened on a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
