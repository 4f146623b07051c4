// What a person sees who has just cloned this: `npm start` and `npm run demo` as processes of their own, over plain HTTP.
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, describeOnBothDatabases } from '../support/databases.js';
import {
  findFreePort,
  readDemoFile,
  runScript,
  ScriptProcess,
  startByNpm,
  type DemoFile,
} from '../support/gateway-process.js';

import.meta.jest.setTimeout(180_000);

describeOnBothDatabases('A first run', (database) => {
  let environment: Record<string, string>;
  let dataDir: string;
  let dropDatabase: () => Promise<void>;
  let gateway: ScriptProcess;
  let demo: DemoFile;

  async function start(): Promise<void> {
    gateway = new ScriptProcess('start.mjs', environment);
    await gateway.untilItSays('Malipo is ready.');
    demo = readDemoFile(dataDir);
  }

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'malipo-first-run-'));
    const server = database === 'mysql' ? await createTestDatabase() : undefined;
    dropDatabase = async () => server?.drop();
    environment = {
      MALIPO_DATA_DIR: dataDir,
      PORT: String(await findFreePort()),
      ...(server && { DATABASE_URL: server.url }),
    };
    await start();
  });

  afterAll(async () => {
    await gateway.end('SIGTERM');
    await dropDatabase();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function call(route: string, { body, key = demo.apiKey }: { body?: object; key?: string } = {}): Promise<any> {
    const [method = '', url = ''] = route.split(' ');
    const answer = await fetch(url.startsWith('/') ? demo.baseUrl + url : url, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'idempotency-key': randomBytes(8).toString('hex'),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, ...JSON.parse((await answer.text()) || '{}') };
  }

  async function collect(phone: string): Promise<string> {
    const reference = `FIRST-${randomBytes(6).toString('hex')}`;
    const body = { reference, amount: '150.00', currency: 'KES', method: 'mpesa_ke', customer: { phone } };
    return (await call('POST /v1/collections', { body })).id;
  }

  async function until(id: string, status: string): Promise<any> {
    const deadline = Date.now() + 45_000;
    for (;;) {
      const transaction = await call(`GET /v1/transactions/${id}`);
      if (transaction.status === status) return call(`GET /v1/transactions/${id}`);
      if (Date.now() > deadline) throw new Error(`${JSON.stringify(transaction)} is not ${status}\n${gateway.stdout}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function countTransfers(phone: string): Promise<number> {
    const answer = await fetch(`${demo.simulators.mpesa}/_control/transfers`);
    const transfers: { party: string }[] = JSON.parse(await answer.text());
    return transfers.filter(({ party }) => `+${party}` === phone).length;
  }

  const answerPhone = (phone: string, action: string): Promise<any> =>
    call(`POST ${demo.simulators.mpesa}/_control/phones/${phone.slice(1)}/answer`, {
      body: { action, waitMs: 10_000 },
    });

  const expectToEndRight = async (id: string, phone: string, agreement: unknown = 'agree'): Promise<void> => {
    expect(await until(id, 'succeeded')).toMatchObject({ amount: '150.00', provider: 'mpesa', doubt: null });
    expect(await call(`POST /v1/transactions/${id}/verify`)).toMatchObject({
      transaction: { id, status: 'succeeded' },
      agreement,
    });
    expect(await countTransfers(phone)).toBe(1);
  };

  it('lets a simulated customer pay, with nothing but demo.json', async () => {
    const phone = '+254711200001';
    const id = await collect(phone);
    expect((await answerPhone(phone, 'pin')).error).toBeUndefined();
    await expectToEndRight(id, phone);
    expect(statSync(join(dataDir, 'demo.json')).mode & 0o777).toBe(0o600);
    expect(gateway.stdout).toContain(demo.apiKey);
  });

  it('pays a simulated recipient, who reads of it on the phone', async () => {
    const phone = '+254711200009';
    const reference = `FIRST-${randomBytes(6).toString('hex')}`;
    const order = { reference, amount: '150.00', currency: 'KES', method: 'mpesa_ke', purpose: 'salary' };
    const { id } = await call('POST /v1/payouts', { body: { ...order, recipient: { phone } } });
    const { receipt } = await until(id, 'succeeded');
    expect(await countTransfers(phone)).toBe(1);
    const { messages } = await call(`GET ${demo.simulators.mpesa}/_control/phones/${phone.slice(1)}`);
    expect(JSON.stringify(messages)).toContain(receipt);
  });

  it('lets one pay on Moneroo’s page, whose webhooks find their way here', async () => {
    const body = {
      ...{
        reference: 'PAGE-1',
        amount: '2500',
        currency: 'XOF',
        method: 'mtn_bj',
        returnUrl: 'https://shop.example/thanks',
      },
      customer: { phone: '+2290190112233', firstName: 'Ama', lastName: 'Koffi', email: 'ama.k@example.com' },
    };
    const { id } = await call('POST /v1/collections', { body });
    const { nextAction } = await until(id, 'pending');
    expect(nextAction).toEqual({
      type: 'redirect',
      url: expect.stringContaining(`${demo.simulators.moneroo}/checkout/`),
    });
    const form = new URLSearchParams({ action: 'pay', method: 'mtn_bj', phone: '2290190112233' });
    await fetch(nextAction.url, { method: 'POST', body: form, redirect: 'manual' });
    expect(await until(id, 'succeeded')).toMatchObject({ amount: '2500', provider: 'moneroo' });
    const { evidence } = await call(`POST /v1/transactions/${id}/verify`);
    expect(evidence.map(({ source, says }: any) => `${source} ${says}`)).toContain('callback succeeded');
    expect(gateway.stdout).toContain(`moneroo       ${demo.simulators.moneroo}/phones`);
  });

  it('lets one pay on the page of Wave, by DExchange, whose webhooks come on the payment’s own path', async () => {
    const body = {
      ...{ reference: 'WAVE-1', amount: '3000', currency: 'XOF', method: 'wave_sn' },
      customer: { phone: '+221770112233' },
      returnUrl: 'https://shop.example/thanks',
    };
    const { id } = await call('POST /v1/collections', { body });
    const { nextAction } = await until(id, 'pending');
    expect(nextAction).toEqual({ type: 'redirect', url: expect.stringContaining(`${demo.simulators.dexchange}/c/`) });
    await fetch(nextAction.url, { method: 'POST', body: new URLSearchParams({ action: 'pay' }), redirect: 'manual' });
    expect(await until(id, 'succeeded')).toMatchObject({ amount: '3000', provider: 'dexchange' });
    const { evidence } = await call(`POST /v1/transactions/${id}/verify`);
    expect(evidence.map(({ source, says }: any) => `${source} ${says}`)).toContain('callback succeeded');
    expect(gateway.stdout).toContain(`dexchange     ${demo.simulators.dexchange}/phones`);
  });

  it('gives the approver a key of another person, of the same merchant', async () => {
    expect((await call('GET /v1/transactions', { key: demo.approverKey })).status).toBe(200);
    expect((await call('POST /v1/collections', { key: demo.approverKey, body: {} })).status).toBe(403);
    const keys: { last4: string; principalId: string }[] = (await call('GET /v1/api-keys')).data;
    const principals = [demo.apiKey, demo.approverKey].map(
      (key) => keys.find(({ last4 }) => last4 === key.slice(-4))?.principalId,
    );
    expect(principals).toEqual([expect.stringMatching(/^prn_/), expect.stringMatching(/^prn_/)]);
    expect(principals[0]).not.toBe(principals[1]);
  });

  it('refuses a second process on the same data', async () => {
    const second = await runScript('start.mjs', { ...environment, PORT: String(await findFreePort()) });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`in use by another Malipo process (process ${gateway.pid})`);
    expect((await call('GET /v1/transactions')).status).toBe(200);
  });

  it('says what to do where its port is taken', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'malipo-first-run-'));
    const other = await runScript('start.mjs', { PORT: environment['PORT'] ?? '', MALIPO_DATA_DIR: elsewhere });
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/Port \d+ of 127\.0\.0\.1 is taken by another program\. .*PORT=\d+ npm start/);
    rmSync(elsewhere, { recursive: true, force: true });
  });

  // A plain client that sees no database: once is enough for half a minute.
  if (database === 'sqlite') {
    it('plays its demo, and every source agrees', async () => {
      const { code, stdout, stderr } = await runScript('demo.mjs', { MALIPO_DATA_DIR: dataDir });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Playing on ${demo.baseUrl}`);
      expect(stdout.match(/signature valid/g)).toHaveLength(8);
      // It leaves nothing behind that would go on asking a receiver that is gone.
      expect((await call('GET /v1/webhook-endpoints')).data).toEqual([]);
    });
  }

  it('starts again with the same keys and ports', async () => {
    const before = demo;
    expect((await gateway.end('SIGTERM')).code).toBe(0);
    await start();
    expect(demo).toEqual(before);
    expect((await call('GET /v1/provider-accounts')).data).toHaveLength(3);
  });

  it('goes on after a kill -9 in the middle of a payment, and so does the simulator with its book', async () => {
    const before = demo;
    const phone = `+2547112${randomInt(10_000, 99_999)}`; // Fresh: a second try may follow within two minutes.
    const id = await collect(phone);
    await until(id, 'pending');
    await gateway.end('SIGKILL');
    await start();
    expect(demo).toEqual(before);
    // Nobody answers: left alone the phone approves. Its one callback may come while we are still starting.
    await expectToEndRight(id, phone, expect.stringMatching(/^(agree|single_source)$/));
    expect(await countTransfers('+254711200001')).toBe(1);
  });

  it('finds another port for a simulator whose own is taken, and its account follows', async () => {
    const { mpesa } = demo.simulators;
    await gateway.end('SIGTERM');
    const squatter = createServer((socket) => socket.destroy()).listen(Number(new URL(mpesa).port), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      await start();
      expect(demo.simulators.mpesa).not.toBe(mpesa);
      const phone = '+254711200003';
      const id = await collect(phone);
      await answerPhone(phone, 'pin');
      await expectToEndRight(id, phone);
      expect(await countTransfers('+254711200001')).toBe(1);
    } finally {
      squatter.close();
    }
  });
});

describe('Ending npm start', () => {
  let dataDir: string;
  let program: ScriptProcess;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'malipo-npm-'));
  });
  afterEach(async () => {
    await program.end('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });

  const answers = (baseUrl: string): Promise<boolean> =>
    fetch(baseUrl, { signal: AbortSignal.timeout(5_000) }).then(
      () => true,
      () => false,
    );

  // Its output is theirs: that it is closed says that each process of ours is gone, unless one had an output of its own.
  it.each([
    ['by SIGTERM to npm', 'SIGTERM', 'startByNpm'],
    ['by SIGKILL to npm', 'SIGKILL', 'startByNpm'],
    ['by SIGTERM to the gateway', 'SIGTERM', 'itself'],
    ['by SIGKILL to the gateway', 'SIGKILL', 'itself'],
  ] as const)('%s ends everything that it began', async (_, signal, how) => {
    const environment = { MALIPO_DATA_DIR: dataDir, PORT: String(await findFreePort()) };
    program = how === 'startByNpm' ? startByNpm(dataDir, environment) : new ScriptProcess('start.mjs', environment);
    await program.untilItSays('Malipo is ready.');
    const { baseUrl, simulators } = readDemoFile(dataDir);
    const addresses = [baseUrl, ...Object.values(simulators)];
    for (const address of addresses) expect(await answers(address)).toBe(true);
    const { code, stdout } = await program.end(signal);
    // Whoever could still do so finished what was under way; only the gateway's own SIGKILL left no time.
    const isGraceful = !(how === 'itself' && signal === 'SIGKILL');
    expect(stdout.includes('SIGTERM: finishing what is under way.')).toBe(isGraceful);
    if (how === 'itself' && isGraceful) expect(code).toBe(0);
    for (const address of addresses) {
      // Simulators of a gateway that was killed notice by their channel, and end in a moment.
      for (let turn = 0; turn < 500 && (await answers(address)); turn++) await new Promise((go) => setTimeout(go, 20));
      expect(await answers(address)).toBe(false);
    }
  });
});

describe('In production npm start', () => {
  const folders: string[] = [];
  const makeFolder = (): string => {
    folders.push(mkdtempSync(join(tmpdir(), 'malipo-production-')));
    return folders.at(-1) ?? '';
  };

  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  it('brings neither simulators nor a demo merchant along', async () => {
    const dataDir = makeFolder();
    const gateway = new ScriptProcess('start.mjs', {
      NODE_ENV: 'production',
      MALIPO_DATA_DIR: dataDir,
      MALIPO_PUBLIC_URL: 'https://pay.example.com',
      MALIPO_SECRET_KEY: randomBytes(32).toString('base64'),
      HOST: '127.0.0.1',
      PORT: String(await findFreePort()),
    });
    await gateway.untilItSays('Listening.');
    const { code, stdout } = await gateway.end('SIGTERM');
    expect(code).toBe(0);
    expect(stdout).not.toContain('mlp_');
    expect(existsSync(join(dataDir, 'demo.json'))).toBe(false);
    expect(existsSync(join(dataDir, 'simulators'))).toBe(false);
  });

  it('names every setting that is missing', async () => {
    const { code, stderr } = await runScript('start.mjs', { NODE_ENV: 'production', MALIPO_DATA_DIR: makeFolder() });
    expect(code).toBe(1);
    expect(stderr).toMatch(/MALIPO_PUBLIC_URL is required[^]*MALIPO_SECRET_KEY is required/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('builds nothing where dist was not shipped', async () => {
    const script = join(makeFolder(), 'scripts', 'start.mjs');
    cpSync('scripts/start.mjs', script);
    const { code, stderr } = await runScript(script, { NODE_ENV: 'production' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/in production nothing is built/);
  });
});
