import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import type { Type } from '@nestjs/common';
import { createIdSource } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { ApiKeysService } from '../../src/api-keys/api-keys.service.js';
import { MERCHANT_SCOPES, type Scope } from '../../src/api-keys/scopes.js';
import { systemSeams, type Seams } from '../../src/config/config.module.js';
import { readSettings, type Settings } from '../../src/config/settings.js';
import { startGateway, type Gateway } from '../../src/gateway.js';
import { JOB_DRIVER, type JobDriver } from '../../src/jobs/job-driver.js';
import { Database } from '../../src/database/database.js';
import { RedisLink } from '../../src/redis/redis-link.js';
import { MerchantsService } from '../../src/merchants/merchants.service.js';
import { createTestDatabase, type DatabaseKind } from './databases.js';
import { findEventFaults } from './event-schemas.js';

export { describeOnBothDatabases, type DatabaseKind } from './databases.js';
import { makeDataFolder } from './data-folder.js';

/** What a test may choose; everything else is as on a fresh machine. */
export interface TestGatewayOptions {
  readonly database: DatabaseKind;
  /** In place of the machine's own. Ids follow the clock unless they are given too. */
  readonly seams?: Partial<Seams>;
  /** Settings over the usual ones of a test, such as `{ MALIPO_EGRESS_ALLOW: '' }`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Many processes instead of one: this is the API, and so many workers run the jobs, with Redis between them. */
  readonly cluster?: { readonly workers: number; readonly redisUrl: string };
}

/** One request to the gateway. */
export interface TestRequest {
  /** Sent as `Authorization: Bearer …`. */
  readonly key?: string;
  /** Sent as JSON. A string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One answer of the gateway. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Read as JSON; undefined where the answer has no body. */
  readonly body: any;
  /** The body as it came. */
  readonly text: string;
}

/** A merchant with a key that may do everything a merchant may. */
export interface TestMerchant {
  readonly id: string;
  readonly key: string;
  readonly principalId: string;
}

/**
 * A real gateway in this process, on real HTTP and an empty database of its own. A cluster's workers are applications of
 * their own beside it, on the same database, Redis and seams.
 */
export class TestGateway {
  private gateway!: Gateway;
  private readonly logLines: string[] = [];

  /** The workers of a cluster that run now. */
  readonly workers: Gateway[] = [];

  private constructor(
    readonly settings: Settings,
    private readonly seams: Seams,
    private readonly workerCount: number,
    private readonly cleanUp: () => Promise<void>,
  ) {}

  /** Ready when it resolves; call `close` in `afterAll`. */
  static async boot({ database, seams = {}, environment = {}, cluster }: TestGatewayOptions): Promise<TestGateway> {
    const dataDir = makeDataFolder('malipo-test-');
    const server = database === 'mysql' ? await createTestDatabase() : undefined;
    const cleanUp = async (): Promise<void> => {
      await server?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    };
    try {
      const settings = readSettings({
        PORT: String(await findFreePort()),
        MALIPO_DATA_DIR: dataDir,
        MALIPO_SECRET_KEY: randomBytes(32).toString('hex'),
        MALIPO_EGRESS_ALLOW: '127.0.0.0/8',
        MALIPO_SIMULATORS: 'off',
        DATABASE_POOL_SIZE: '8',
        LOG_LEVEL: 'debug',
        // Where time stands still, no window ever ends.
        MALIPO_RATE_LIMIT: '1000000',
        ...(server && { DATABASE_URL: server.url }),
        ...(cluster && { REDIS_URL: cluster.redisUrl, MALIPO_ROLE: 'api' }),
        ...environment,
      });
      const started = new TestGateway(settings, toSeams(seams), cluster?.workers ?? 0, cleanUp);
      await started.start();
      return started;
    } catch (error) {
      await cleanUp();
      throw error;
    }
  }

  get baseUrl(): string {
    return this.gateway.baseUrl;
  }

  /** Everything logged so far, as text. */
  get log(): string {
    return this.logLines.join('');
  }

  /** A service of the running gateway. */
  get<T>(token: { readonly prototype: T } | symbol): T {
    return this.gateway.app.get<T>(token as Type<T>, { strict: false });
  }

  /** A new merchant, and a key of its own that has every scope. */
  async createMerchant({ name = 'Duka', mode = 'test' }: { name?: string; mode?: Mode } = {}): Promise<TestMerchant> {
    const { id } = await this.get(MerchantsService).create({ name });
    return { id, ...(await this.createKey(id, { mode })) };
  }

  /** A further key: another principal, unless one is named. */
  async createKey(
    merchantId: string | null,
    { mode = 'test', scopes, principalId }: { mode?: Mode; scopes?: readonly Scope[]; principalId?: string } = {},
  ): Promise<{ key: string; keyId: string; principalId: string }> {
    const { key, secret } = await this.get(ApiKeysService).create({
      merchantId,
      mode,
      name: 'Test',
      scopes: scopes ?? (merchantId === null ? ['platform'] : MERCHANT_SCOPES),
      principalId,
    });
    return { key: secret, keyId: key.id, principalId: key.principalId };
  }

  /** Sends `POST /v1/…` and the like over real HTTP. Redirects are answers, not followed. */
  async request(route: string, { key, body, headers = {} }: TestRequest = {}): Promise<TestAnswer> {
    const [method = '', path = ''] = route.split(' ');
    const answer = await fetch(`${this.baseUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Stops and starts again on the same data, port and seams, as a deployment would. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops it, workers and all, and leaves its data; `start` brings it back. */
  async stop(): Promise<void> {
    await this.gateway.close();
    await Promise.all(this.workers.splice(0).map((worker) => worker.close()));
  }

  async start(): Promise<void> {
    this.gateway = await this.startOne({});
    for (let count = 0; count < this.workerCount; count++) await this.startWorker();
  }

  /** One more worker of the cluster, with seams of its own if the test says so. */
  async startWorker(seams: Partial<Seams> = {}): Promise<Gateway> {
    const worker = await this.startOne({ role: 'worker', port: 0 }, seams);
    this.workers.push(worker);
    return worker;
  }

  /** Waits until nothing that is due is on its way to any process or in one's hands. */
  async settled(): Promise<void> {
    const drivers = [this.gateway, ...this.workers].map(({ app }) => app.get<JobDriver>(JOB_DRIVER, { strict: false }));
    // They share one Redis: whoever reaches it tells what is on its way to any of them.
    const teller = drivers.find((driver) => driver.health().status === 'ok') ?? drivers[0];
    await teller?.settled(drivers.filter((driver) => driver !== teller));
  }

  private startOne(settings: Partial<Settings>, seams: Partial<Seams> = {}): Promise<Gateway> {
    return startGateway(
      { ...this.settings, ...settings },
      { ...this.seams, ...seams },
      {
        logTo: { write: (line) => void this.logLines.push(line) },
      },
    );
  }

  /** Stops it and removes its data. */
  async close(): Promise<void> {
    // Whatever a test was about: each event that merchants were told is one of the catalogue (docs/events.md).
    const faults = await findEventFaults(this.get(Database));
    await forgetIn(this.get(RedisLink));
    await this.stop();
    await this.destroy();
    if (faults.length > 0) throw new Error(`Events are not as documented:\n${faults.join('\n')}`);
  }

  /** Removes the data of a gateway that was stopped before. */
  destroy(): Promise<void> {
    return this.cleanUp();
  }
}

/** Boots a gateway for a suite: `const gateway = await createTestGateway({ database })`. */
export function createTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  return TestGateway.boot(options);
}

// Databases of tests are dropped, and their names may come again.
async function forgetIn(link: RedisLink): Promise<void> {
  await link.use(async (client, prefix) => {
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  });
}

function toSeams(given: Partial<Seams>): Seams {
  const system = systemSeams();
  const ids = given.ids ?? (given.clock ? createIdSource(given.clock) : system.ids);
  return { ...system, ...given, ids };
}

// The public URL names the port and is fixed before the gateway listens, so port 0 would not do.
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
