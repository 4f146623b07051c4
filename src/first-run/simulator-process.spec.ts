import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemScheduler } from '#libs/primitives';
import { SimulatorProcess, SimulatorStartError } from './simulator-process.js';

// Behaves at its edges as the simulators do: says where it listens, answers its health call, ends with its channel.
const SCRIPT = `
  import { appendFileSync } from 'node:fs';
  import { createServer } from 'node:http';
  const say = (word) => appendFileSync(process.env.DATA_DIR + '/life', word + '\\n');
  if (process.env.FAIL) { console.error('the book is damaged'); process.exit(1); }
  const server = createServer((request, response) => {
    if (request.url === '/die') process.kill(process.pid, 'SIGKILL');
    response.end(JSON.stringify({ simulator: 'acme', secret: process.env.MALIPO_SECRET_KEY ?? null }));
  });
  server.on('error', (error) => { console.error(error.message); process.exit(1); });
  server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    say('started');
    console.log(JSON.stringify({ ready: true, baseUrl: 'http://127.0.0.1:' + server.address().port }));
  });
  process.on('disconnect', () => { say('ended'); process.exit(0); });
`;

describe('A simulator beside the gateway', () => {
  let folder: string;
  let moves: string[];
  let warnings: string[];
  const running: { stop(): Promise<void> }[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'malipo-simulator-'));
    writeFileSync(join(folder, 'simulator.mjs'), SCRIPT);
    moves = [];
    warnings = [];
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  function create(environment: Record<string, string> = {}): SimulatorProcess {
    const note = (_fields: unknown, message: string): void => void warnings.push(message);
    const simulator = new SimulatorProcess({
      plan: {
        provider: 'acme',
        script: join(folder, 'simulator.mjs'),
        environment,
        account: { credentials: {}, settings: {}, priority: 100 },
      },
      dataDir: join(folder, 'book'),
      scheduler: systemScheduler,
      logger: { log: note, warn: note, error: note },
      moved: async (baseUrl) => void moves.push(baseUrl),
    });
    running.push(simulator);
    return simulator;
  }

  const lives = (): string[] =>
    readFileSync(join(folder, 'book', 'life'), 'utf8')
      .trim()
      .split('\n');
  const health = async (baseUrl: string): Promise<unknown> => JSON.parse(await (await fetch(baseUrl)).text());

  async function until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`It never came to that: ${warnings.join('; ')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function occupy(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    running.push({ stop: async () => void server.close() });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('keeps its port from one start to the next, and knows no setting of ours', async () => {
    const first = create();
    await first.start(undefined);
    const { baseUrl } = first;
    expect(await health(baseUrl)).toEqual({ simulator: 'acme', secret: null });
    await first.stop();
    const second = create();
    await second.start(baseUrl);
    expect(second.baseUrl).toBe(baseUrl);
    expect(lives()).toEqual(['started', 'ended', 'started']);
  });

  it.each([
    ['a program that hangs up', () => createTcpServer((socket) => socket.destroy())],
    ['a web server', () => createServer((_, response) => response.end('<html>'))],
  ])('leaves its port to %s', async (_, makeServer) => {
    const taken = await occupy(makeServer());
    const simulator = create();
    await simulator.start(taken);
    expect(simulator.baseUrl).not.toBe(taken);
    expect(await health(simulator.baseUrl)).toMatchObject({ simulator: 'acme' });
  });

  it('waits for the one that a killed gateway left behind: two never write one book', async () => {
    const leftover = create();
    await leftover.start(undefined);
    const next = create();
    const starting = next.start(leftover.baseUrl);
    await leftover.stop();
    await starting;
    expect(next.baseUrl).toBe(leftover.baseUrl);
    expect(lives()).toEqual(['started', 'ended', 'started']);
  });

  it('comes back where it was when it dies', async () => {
    const simulator = create();
    await simulator.start(undefined);
    const { baseUrl } = simulator;
    await fetch(`${baseUrl}/die`).catch(() => undefined);
    await until(() => lives().length === 2);
    await until(() => warnings.some((warning) => warning.includes('SIGKILL')));
    expect(simulator.baseUrl).toBe(baseUrl);
    expect(moves).toEqual([]);
  });

  it('says so where it comes back somewhere else', async () => {
    const simulator = create();
    await simulator.start(undefined);
    const { baseUrl } = simulator;
    await fetch(`${baseUrl}/die`).catch(() => undefined);
    await until(() => warnings.length > 0);
    const squatter = createTcpServer((socket) => socket.destroy()).listen(Number(new URL(baseUrl).port), '127.0.0.1');
    running.push({ stop: async () => void squatter.close() });
    await until(() => moves.length > 0);
    expect(moves).toEqual([simulator.baseUrl]);
    expect(simulator.baseUrl).not.toBe(baseUrl);
  });

  it('stays away once it is stopped, also while it is coming back', async () => {
    const simulator = create();
    await simulator.start(undefined);
    await fetch(`${simulator.baseUrl}/die`).catch(() => undefined);
    await until(() => warnings.length > 0);
    await simulator.stop();
    await new Promise((resolve) => setTimeout(resolve, 700)); // Longer than the pause before a restart.
    expect(lives()).toEqual(['started']);
  });

  it('tells why it does not come up', async () => {
    await expect(create({ FAIL: '1' }).start(undefined)).rejects.toThrow(SimulatorStartError);
    await expect(create({ FAIL: '1' }).start(undefined)).rejects.toThrow('the book is damaged');
  });
});
