// A gateway of a script's own: on a temporary folder and a free port, gone without a trace at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const start = fileURLToPath(new URL('start.mjs', import.meta.url));
// A first start may have to build.
const startLimitMs = 180_000;
const stopLimitMs = 25_000;

/** Answers `{ demo, stop }` once it listens, where `demo` is what its demo.json says. */
export async function startGatewayProcess() {
  const dataDir = mkdtempSync(join(tmpdir(), 'malipo-demo-'));
  const child = spawn(process.execPath, [start], {
    // As on a fresh machine: nothing that this shell says about another gateway.
    env: { ...withoutSettings(process.env), MALIPO_DATA_DIR: dataDir, PORT: String(await findFreePort()) },
    // The channel says nothing: its end tells the gateway that we are gone, however we went.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A Ctrl-C in the terminal is ours: we end the gateway when we have tidied up.
    detached: true,
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const giveUp = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await ended;
      clearTimeout(giveUp);
    }
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await untilReady(child);
    return { demo: JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function untilReady(child) {
  return new Promise((resolve, reject) => {
    const giveUp = setTimeout(() => fail(`did not listen within ${startLimitMs / 1_000} s`), startLimitMs);
    let output = '';
    let complaints = '';
    const fail = (reason) => {
      clearTimeout(giveUp);
      reject(new Error(`The gateway ${reason}.\n${complaints}`.trim()));
    };
    child.stdout.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
      if (!output.includes('Malipo is ready.')) return;
      clearTimeout(giveUp);
      resolve();
    });
    child.stderr.on('data', (chunk) => {
      complaints = (complaints + chunk).slice(-4_000);
    });
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', () => fail('ended'));
  });
}

function withoutSettings(environment) {
  const ours = /^(MALIPO_|DATABASE_|REDIS_URL$|HOST$|PORT$|NODE_ENV$|LOG_LEVEL$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.test(name)));
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
