import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMpesaSimulator, type MpesaSimulator } from '#libs/simulators/mpesa';
import { createTestDatabase, type DatabaseKind, type TestDatabase } from './databases.js';
import { makeDataFolder } from './data-folder.js';
import { createTestGateway } from './gateway.js';
import { DEMO_ACCOUNT } from './payments.js';

/** Which way the money goes. */
export type KilledKind = 'collection' | 'payout';

/** On which side of its commit a process dies. */
export type KillSide = 'before' | 'after';

// A lease of a minute ends after two real seconds.
const TIME_FACTOR = 30;

/** A gateway process that can be killed at an exact write and started again, beside a simulated M-Pesa that lives on. */
export class KillStage {
  private process: ChildProcess | undefined;
  private baseUrl = '';

  private constructor(
    readonly mpesa: MpesaSimulator,
    private readonly key: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly dataDir: string,
    private readonly server: TestDatabase | undefined,
  ) {}

  static async start(database: DatabaseKind): Promise<KillStage> {
    const dataDir = makeDataFolder('malipo-kill-');
    const server = database === 'mysql' ? await createTestDatabase() : undefined;
    const mpesa = await startMpesaSimulator({
      settings: {
        acceptLoopbackCallbacks: true,
        promptDelayMs: 1,
        answerDelayMs: 1,
        processingDelayMs: 1,
        callbackDelayMs: 20,
        callbackRetryDelayMs: 1_000,
        orderDelayMs: 1,
        sameAmountWindowMs: 0,
        unfinishedPromptLimit: 0,
      },
    });
    const environment = {
      ...process.env,
      PORT: String(await findFreePort()),
      MALIPO_DATA_DIR: dataDir,
      MALIPO_SECRET_KEY: randomBytes(32).toString('hex'),
      MALIPO_EGRESS_ALLOW: '127.0.0.0/8',
      MALIPO_SIMULATORS: 'off',
      MALIPO_RATE_LIMIT: '0',
      LOG_LEVEL: 'error',
      TIME_BASE: String(Date.now()),
      TIME_FACTOR: String(TIME_FACTOR),
      ...(server && { DATABASE_URL: server.url }),
    };
    const key = await seed(environment, mpesa.baseUrl);
    const stage = new KillStage(mpesa, key, environment, dataDir, server);
    await stage.startProcess();
    return stage;
  }

  /** From now on the writes are counted, and the process kills itself at that one. */
  async arm(at: number, side: KillSide): Promise<void> {
    await this.ask({ kind: 'arm', at, side }, 'armed');
  }

  /** Writes since the process was armed. */
  async countWrites(): Promise<number> {
    return Number((await this.ask({ kind: 'count' }, 'counted')).writes);
  }

  get isAlive(): boolean {
    return this.process?.exitCode === null && this.process.signalCode === null;
  }

  /** Waits until the process has killed itself. False where it did not in time. */
  async waitForDeath(limitMs: number): Promise<boolean> {
    for (let waited = 0; this.isAlive && waited < limitMs; waited += 10) await sleep(10);
    return !this.isAlive;
  }

  /** From here on nothing is killed any more; what was killed is started again. */
  async revive(): Promise<void> {
    if (this.isAlive) await this.arm(Number.MAX_SAFE_INTEGER, 'after').catch(() => undefined);
    if (!this.isAlive) await this.startProcess();
  }

  async startProcess(): Promise<void> {
    const file = path.resolve('test/support/crash-gateway.mjs');
    this.process = fork(file, { env: this.environment, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ready: unknown[] = await Promise.race([once(this.process, 'message'), once(this.process, 'exit')]);
    const message = ready[0] as { kind?: string; baseUrl?: string } | null;
    if (message?.kind !== 'ready') throw new Error('The gateway process did not start.');
    this.baseUrl = String(message.baseUrl);
  }

  /** Asks for 150 KES, or pays them. Undefined where the process died before it answered. */
  async request(
    kind: KilledKind,
    phone: string,
    reference: string,
  ): Promise<{ status: number; body: any } | undefined> {
    const party = kind === 'payout' ? { recipient: { phone }, purpose: 'salary' } : { customer: { phone } };
    try {
      const answer = await fetch(`${this.baseUrl}/v1/${kind}s`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.key}`,
          'content-type': 'application/json',
          'idempotency-key': reference,
        },
        body: JSON.stringify({ reference, amount: '150', currency: 'KES', method: 'mpesa_ke', ...party }),
      });
      return { status: answer.status, body: await answer.json() };
    } catch {
      return undefined;
    }
  }

  /** How often the provider took the instruction for this phone. */
  countTaken(kind: KilledKind, phone: string): number {
    const parties =
      kind === 'payout'
        ? this.mpesa.orders().flatMap(({ msisdn }) => msisdn ?? [])
        : this.mpesa.prompts().map(({ msisdn }) => msisdn);
    return parties.filter((msisdn) => `+${msisdn}` === phone).length;
  }

  /** Ends the process at this instant, as a power cut would. */
  async kill(): Promise<void> {
    this.process?.kill('SIGKILL');
    while (this.isAlive) await sleep(2);
  }

  async create(route: string, body: object): Promise<any> {
    const headers = { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${this.baseUrl}${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.json();
  }

  async read(route: string): Promise<any> {
    const answer = await fetch(`${this.baseUrl}${route}`, { headers: { authorization: `Bearer ${this.key}` } });
    return answer.json();
  }

  async close(): Promise<void> {
    await this.kill();
    await this.mpesa.close();
    await this.server?.drop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async ask(message: object, kind: string): Promise<Record<string, unknown>> {
    const { process: child } = this;
    if (!child) throw new Error('There is no process.');
    child.send(message);
    const [answer] = (await once(child, 'message')) as [Record<string, unknown>];
    if (answer.kind !== kind) throw new Error(`Expected ${kind}, got ${JSON.stringify(answer)}`);
    return answer;
  }
}

/** Makes a merchant with an account at the simulator, on the data that the process will use. */
async function seed(environment: Readonly<Record<string, string | undefined>>, baseUrl: string): Promise<string> {
  const gateway = await createTestGateway({ database: 'sqlite', environment: pickSettings(environment) });
  try {
    const merchant = await gateway.createMerchant();
    const answer = await gateway.request('POST /v1/provider-accounts', {
      key: merchant.key,
      body: { ...DEMO_ACCOUNT, settings: { ...DEMO_ACCOUNT.settings, baseUrl } },
    });
    if (answer.status !== 201) throw new Error(`The account was refused: ${answer.text}`);
    return merchant.key;
  } finally {
    await gateway.close();
  }
}

function pickSettings(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = ['PORT', 'MALIPO_DATA_DIR', 'MALIPO_SECRET_KEY', 'MALIPO_EGRESS_ALLOW', 'DATABASE_URL'];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
