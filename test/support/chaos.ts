import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import type { OrderView, TransferView } from '#libs/simulators/mpesa';
import { createTestDatabase, type TestDatabase } from './databases.js';
import { makeDataFolder } from './data-folder.js';
import { createTestGateway } from './gateway.js';
import { findFreePort } from './gateway-process.js';
import { DEMO_ACCOUNT } from './payments.js';
import { TestRedisServer } from './redis-server.js';

const START_LIMIT_MS = 120_000;
// What nobody answered is asked again after ten minutes of the gateway's time.
const SETTLE_LIMIT_MS = 240_000;

export const CHAOS_ROLES = ['api', 'worker 1', 'worker 2'] as const;
export type ChaosRole = (typeof CHAOS_ROLES)[number];

/** Which way the money goes. */
export type ChaosKind = 'collection' | 'payout';

/** How a transaction ended, and how often its money moved by the provider's own book. */
export interface ChaosEnd {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly movements: number;
  /** The lines of the timeline, for a failure to tell. */
  readonly story: readonly string[];
}

/** One of the processes: it can be killed and started again, and everything else goes on. */
class Process {
  private child: ChildProcess | undefined;

  constructor(
    private readonly file: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly ipc: boolean,
  ) {}

  /** Resolves with the address where it listens. */
  async start(): Promise<string> {
    const child = fork(path.resolve(this.file), {
      env: { PATH: process.env.PATH, ...this.environment },
      execArgv: [],
      stdio: ['ignore', this.ipc ? 'inherit' : 'pipe', 'inherit', 'ipc'],
    });
    this.child = child;
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${this.file} ended instead of starting.`)));
    ended.catch(() => undefined);
    const late = sleep(START_LIMIT_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('It hangs.')));
    late.catch(() => undefined);
    // A gateway tells its parent, a simulator says it on its first line.
    const [said]: unknown[] = await Promise.race([
      once(this.ipc ? child : child.stdout!, this.ipc ? 'message' : 'data'),
      ended,
      late,
    ]);
    child.stdout?.resume();
    const ready = (this.ipc ? said : JSON.parse(String(said))) as { readonly baseUrl: string };
    return ready.baseUrl;
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/**
 * One API and two workers, each a process of its own, on MariaDB and Redis, and a simulated M-Pesa in a fourth one that is
 * never harmed: its book says what really happened.
 */
export class ChaosStage {
  private baseUrl = '';
  private mpesaUrl = '';

  private constructor(
    private readonly dataDir: string,
    private readonly server: TestDatabase,
    private readonly redis: TestRedisServer,
    private readonly mpesa: Process,
    private readonly processes: Readonly<Record<ChaosRole, Process>>,
    private readonly rows: Connection,
    private key: string,
  ) {}

  /**
   * Time runs `timeFactor` times as fast in all processes. Faster means that leases end sooner under a worker that was
   * killed, and under one that is only slow.
   */
  static async start({ timeFactor }: { readonly timeFactor: number }): Promise<ChaosStage> {
    const dataDir = makeDataFolder('malipo-chaos-');
    const server = await createTestDatabase();
    const redis = await TestRedisServer.start('--maxmemory-policy', 'noeviction');
    const port = String(await findFreePort());
    const shared = {
      MALIPO_DATA_DIR: dataDir,
      MALIPO_PUBLIC_URL: `http://127.0.0.1:${port}`,
      MALIPO_SECRET_KEY: randomBytes(32).toString('hex'),
      MALIPO_EGRESS_ALLOW: '127.0.0.0/8',
      MALIPO_SIMULATORS: 'off',
      MALIPO_RATE_LIMIT: '0',
      DATABASE_URL: server.url,
      DATABASE_POOL_SIZE: '8',
      REDIS_URL: redis.url,
      LOG_LEVEL: 'silent',
      TIME_BASE: String(Date.now()),
      TIME_FACTOR: String(timeFactor),
    };
    const gateway = async (role: string, at: string) =>
      new Process('test/support/crash-gateway.mjs', { ...shared, MALIPO_ROLE: role, PORT: at }, true);
    const processes = {
      api: await gateway('api', port),
      'worker 1': await gateway('worker', String(await findFreePort())),
      'worker 2': await gateway('worker', String(await findFreePort())),
    };
    const mpesa = new Process('dist/libs/simulators/mpesa/src/main.js', SIMULATED, false);
    const rows = await createConnection({ uri: server.url });
    const stage = new ChaosStage(dataDir, server, redis, mpesa, processes, rows, '');
    try {
      stage.mpesaUrl = await mpesa.start();
      stage.key = await seed(shared, stage.mpesaUrl);
      for (const role of CHAOS_ROLES) await stage.revive(role);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Ends a process as a power cut would. */
  kill(role: ChaosRole): Promise<void> {
    return this.processes[role].kill();
  }

  async revive(role: ChaosRole): Promise<void> {
    const baseUrl = await this.processes[role].start();
    if (role === 'api') this.baseUrl = baseUrl;
  }

  /** Redis forgets everything, as after a restart without a disk. */
  flushRedis(): Promise<void> {
    return this.redis.flush();
  }

  setFaults(faults: object): Promise<unknown> {
    return this.control('PUT', 'faults', faults);
  }

  /**
   * Asks for 150 shillings, or to pay them, until the request is acknowledged, with the same key each time: an answer may be lost with
   * the process that gave it. Answers the transaction's id.
   */
  async ask(kind: ChaosKind, reference: string, phone: string): Promise<string> {
    const party = kind === 'payout' ? { recipient: { phone }, purpose: 'salary' } : { customer: { phone } };
    const order = { reference, amount: 150, currency: 'KES', method: 'mpesa_ke', expiresInSeconds: 86_400 };
    const body = { ...order, ...party };
    const giveUpAt = performance.now() + START_LIMIT_MS;
    for (;;) {
      const answer = await this.request('POST', `/v1/${kind}s`, body, reference).catch(() => undefined);
      if (answer?.status === 201) return answer.body.id;
      // A gateway that is being killed may say 503; anything else would be wrong.
      if (answer && answer.status !== 503) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      if (performance.now() > giveUpAt) throw new Error('The API did not come back.');
      await sleep(50);
    }
  }

  /** Waits until nothing moves any more, and compares every transaction with the book. */
  async judge(): Promise<ChaosEnd[]> {
    const giveUpAt = performance.now() + SETTLE_LIMIT_MS;
    while ((await this.countOpen()) > 0 && performance.now() < giveUpAt) await sleep(100);
    const transfers: TransferView[] = await this.control('GET', 'transfers');
    const [rows] = await this.rows.query('SELECT id, status, phone, doubt FROM transactions ORDER BY id');
    const ends: ChaosEnd[] = [];
    for (const { id, status, phone, doubt } of rows as Row[]) {
      const movements = transfers.filter(({ party }) => `+${party}` === phone).length;
      const reason = typeof doubt === 'string' ? JSON.parse(doubt).reason : (doubt?.reason ?? null);
      ends.push({ id, status, reason, movements, story: await this.tell(id) });
    }
    return ends;
  }

  async close(): Promise<void> {
    for (const role of CHAOS_ROLES) await this.processes[role].kill();
    await this.mpesa.kill();
    await this.redis.stop();
    await this.rows.end();
    await this.server.drop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  // Doubt that can still be asked about is not over: a provider reference is known, word of one is being looked at, or it is
  // a payout that the provider has, and that our own id finds.
  private async countOpen(): Promise<number> {
    const [rows] = await this.rows.query(
      `SELECT COUNT(*) AS open FROM transactions
       WHERE status IN ('created', 'submitting', 'pending') OR (status = 'unconfirmed' AND provider_reference IS NOT NULL)
       UNION ALL SELECT COUNT(*) FROM jobs WHERE kind IN ('submit', 'apply_callback')`,
    );
    const open = (rows as { open: number | string }[]).reduce((sum, { open: count }) => sum + Number(count), 0);
    return open > 0 ? open : this.countFindable();
  }

  private async countFindable(): Promise<number> {
    const [rows] = await this.rows.query(
      "SELECT phone FROM transactions WHERE kind = 'payout' AND status = 'unconfirmed'",
    );
    const doubtful = new Set((rows as Pick<Row, 'phone'>[]).map(({ phone }) => phone));
    if (doubtful.size === 0) return 0;
    const orders: OrderView[] = await this.control('GET', 'orders');
    return orders.filter(({ api, msisdn }) => api === 'b2c' && doubtful.has(`+${msisdn}`)).length;
  }

  private async tell(id: string): Promise<string[]> {
    const [rows] = await this.rows.query(
      'SELECT reported, from_status AS `from`, to_status AS `to`, evidence FROM events WHERE subject_id = ? ORDER BY id',
      [id],
    );
    return (rows as Record<string, unknown>[]).map(
      ({ reported, from, to, evidence }) =>
        `${String(reported)}: ${String(from)} → ${String(to)} ${JSON.stringify(evidence)}`,
    );
  }

  private async request(method: string, route: string, body: object, idempotencyKey: string): Promise<any> {
    const answer = await fetch(this.baseUrl + route, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: answer.status, body: await answer.json() };
  }

  private async control(method: string, name: string, body?: object): Promise<any> {
    const answer = await fetch(`${this.mpesaUrl}/_control/${name}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

interface Row {
  readonly id: string;
  readonly status: string;
  readonly phone: string;
  readonly doubt: string | { readonly reason: string } | null;
}

const SIMULATED = {
  ACCEPT_LOOPBACK_CALLBACKS: 'true',
  PROMPT_DELAY_MS: '20',
  ANSWER_DELAY_MS: '50',
  PROCESSING_DELAY_MS: '20',
  CALLBACK_DELAY_MS: '20',
  ORDER_DELAY_MS: '50',
  SAME_AMOUNT_WINDOW_MS: '0',
  UNFINISHED_PROMPT_LIMIT: '0',
};

/** Makes a merchant with an account at the simulator, on the data that the processes will use. */
async function seed(environment: Readonly<Record<string, string>>, baseUrl: string): Promise<string> {
  const { REDIS_URL: _, TIME_BASE: __, TIME_FACTOR: ___, ...settings } = environment;
  const gateway = await createTestGateway({ database: 'sqlite', environment: settings });
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

/** mulberry32: numbers in [0, 1) that are the same for the same seed, on every machine. */
export function createDraws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
