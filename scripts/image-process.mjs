// One process of the image that scripts/check-image.mjs replays, and what compose would do for it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const startLimitMs = 90_000;
// compose waits 30 s (stop_grace_period) before it kills.
const stopLimitMs = 30_000;

/** A command as the engine would start it: nothing of this shell but what is given, another user where that is given. */
export class ImageProcess {
  output = '';

  constructor(name, { argv: [file, ...words], cwd, environment = {}, uid, gid }) {
    this.name = name;
    this.cwd = cwd;
    this.env = { PATH: process.env.PATH, ...environment };
    this.child = spawn(file, words, { cwd, env: this.env, uid, gid, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (chunk) => (this.output = (this.output + chunk).slice(-20_000)));
    }
    this.ended = once(this.child, 'close').then(([code]) => code);
  }

  /** Its exit code, once it ends by itself. */
  async end() {
    const limit = setTimeout(() => this.child.kill('SIGKILL'), startLimitMs);
    const code = await this.ended;
    clearTimeout(limit);
    return code;
  }

  async succeed() {
    const code = await this.end();
    if (code !== 0) throw new Error(`${this.name} ended with ${code}:\n${this.output}`);
  }

  /** Runs the health check of the image, as the engine would, until it passes. */
  async untilHealthy(healthcheck) {
    const deadline = Date.now() + startLimitMs;
    while (!(await this.isHealthy(healthcheck))) {
      const over = this.child.exitCode !== null;
      if (over || Date.now() > deadline) throw new Error(`${this.name} ${over ? 'ended' : 'did not get healthy'}.`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async isHealthy([file, ...words]) {
    return spawnSync(file, words, { cwd: this.cwd, env: this.env, timeout: 10_000 }).status === 0;
  }

  /** Asks it to end, and answers its exit code. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    const limit = setTimeout(() => this.child.kill('SIGKILL'), stopLimitMs);
    const code = await this.ended;
    clearTimeout(limit);
    return code;
  }

  get url() {
    return `http://127.0.0.1:${this.env.PORT}`;
  }
}

/** A port of loopback that nobody listened on a moment ago. */
export async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The variables of a .env file. */
export function readEnvFile(file) {
  const lines = readFileSync(file, 'utf8').matchAll(/^(\w+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

/** What compose makes of `${NAME:-default}` and `${NAME:?complaint}`, all through a structure. Throws the complaint. */
export function resolveVariables(value, variables) {
  if (Array.isArray(value)) return value.map((item) => resolveVariables(item, variables));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveVariables(item, variables)]));
  }
  if (typeof value !== 'string') return value;
  return value.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name, mark, rest) => {
    if (variables[name]) return variables[name];
    if (mark === '?') throw new Error(`${name} ${rest}`);
    return rest;
  });
}
