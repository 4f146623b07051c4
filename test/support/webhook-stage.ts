import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createIdSource, ManualTime, systemRandom, type IdSource } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { ApiKeyAuthenticator } from '../../src/api-keys/api-key-authenticator.js';
import { makeApiKeySecret } from '../../src/api-keys/api-key-secret.js';
import { ApiKey } from '../../src/api-keys/api-key.entity.js';
import { ApiKeyGuard } from '../../src/api-keys/api-key.guard.js';
import type { Scope } from '../../src/api-keys/scopes.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { readSettings, type Settings } from '../../src/config/settings.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { Database } from '../../src/database/database.js';
import { NAME_RESOLVER, systemResolver, type NameResolver } from '../../src/egress/egress-guard.js';
import { EgressModule } from '../../src/egress/egress.module.js';
import { AWAITS_POSITION, EventRecord } from '../../src/events/event.entity.js';
import { HealthModule } from '../../src/health/health.module.js';
import { createFastifyAdapter } from '../../src/http/fastify.js';
import { ProblemFilter } from '../../src/http/problem.filter.js';
import { createValidationPipe } from '../../src/http/validation.pipe.js';
import { JOB_DRIVER, type JobDriver } from '../../src/jobs/job-driver.js';
import { JobsModule } from '../../src/jobs/jobs.module.js';
import { MetricsModule } from '../../src/metrics/metrics.module.js';
import { RateLimitsModule } from '../../src/rate-limits/rate-limits.module.js';
import { RedisModule } from '../../src/redis/redis.module.js';
import { Merchant } from '../../src/merchants/merchant.entity.js';
import { hashOf } from '../../src/secrets/hash.js';
import { SecretsModule } from '../../src/secrets/secrets.module.js';
import { WebhookFanout } from '../../src/webhooks/webhook-fanout.js';
import { WebhooksModule } from '../../src/webhooks/webhooks.module.js';
import { createTestDatabase, type DatabaseKind } from './databases.js';
import { makeDataFolder } from './data-folder.js';

/** A merchant with a key in one mode. */
export interface StageMerchant {
  readonly id: string;
  readonly mode: Mode;
  readonly key: string;
}

/** One answer of the API. */
export interface StageAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

/** Jitter draws four bytes; the middle of their range means the plan itself. Everything else stays random. */
const randomWithoutJitter = (size: number): Buffer => (size === 4 ? Buffer.from([0x80, 0, 0, 0]) : systemRandom(size));

/** Database and folder that several processes on the stage share. */
export interface StagePlace {
  readonly settings: Settings;
  cleanUp(): Promise<void>;
}

/** An empty database of its own. */
export async function createStagePlace(database: DatabaseKind, egressAllow = '127.0.0.0/8'): Promise<StagePlace> {
  const dataDir = makeDataFolder('malipo-webhooks-');
  const server = database === 'mysql' ? await createTestDatabase() : undefined;
  const settings = readSettings({
    MALIPO_RATE_LIMIT: '1000000',
    PORT: '3000',
    MALIPO_DATA_DIR: dataDir,
    MALIPO_SECRET_KEY: randomBytes(32).toString('hex'),
    MALIPO_EGRESS_ALLOW: egressAllow,
    MALIPO_SIMULATORS: 'off',
    DATABASE_POOL_SIZE: '8',
    ...(server && { DATABASE_URL: server.url }),
  });
  return {
    settings,
    cleanUp: async () => {
      await server?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * The part of the gateway that webhooks need, over real HTTP and a real database, with time that only the test moves.
 */
export class WebhookStage {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly time: ManualTime,
    private readonly ids: IdSource,
    private readonly baseUrl: string,
  ) {}

  /** Time starts at `startAt`, else now, so that verifiers with a clock of their own agree. */
  static async start(
    { settings }: StagePlace,
    { resolve = systemResolver, startAt = Date.now() }: { resolve?: NameResolver; startAt?: number } = {},
  ): Promise<WebhookStage> {
    const time = new ManualTime(startAt);
    const ids = createIdSource(time);
    const seams = { clock: time, scheduler: time, ids, random: randomWithoutJitter };
    const module = await Test.createTestingModule({
      imports: [
        ConfigModule.with(settings, seams),
        SecretsModule,
        DatabaseModule,
        EgressModule,
        HealthModule,
        RedisModule,
        MetricsModule,
        RateLimitsModule,
        JobsModule.with(settings),
        WebhooksModule,
      ],
      providers: [
        ApiKeyAuthenticator,
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    })
      .overrideProvider(NAME_RESOLVER)
      .useValue(resolve)
      .compile();
    const app = module.createNestApplication<NestFastifyApplication>(createFastifyAdapter(ids), {
      bodyParser: false,
      logger: false,
    });
    await app.listen(0, '127.0.0.1');
    return new WebhookStage(app, time, ids, await app.getUrl());
  }

  get database(): Database {
    return this.app.get(Database);
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  /** A merchant with a key that has these scopes. */
  async createMerchant(mode: Mode = 'test', scopes: Scope[] = ['read', 'webhooks:write']): Promise<StageMerchant> {
    const now = this.time.now();
    const id = this.ids.next('mer');
    const merchant: Merchant = {
      id,
      name: 'Duka la Achieng',
      locale: 'en',
      status: 'active',
      colour: null,
      logoUrl: null,
      notificationEmail: null,
      supportUrl: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.database.write((tx) => tx.insert(Merchant, [merchant]));
    return this.createKey(id, mode, scopes);
  }

  /** One more key for a merchant. */
  async createKey(
    merchantId: string,
    mode: Mode,
    scopes: Scope[] = ['read', 'webhooks:write'],
  ): Promise<StageMerchant> {
    const now = this.time.now();
    const key = makeApiKeySecret(mode, systemRandom);
    const row: ApiKey = {
      id: this.ids.next('key'),
      keyHash: hashOf('api key', key),
      last4: key.slice(-4),
      merchantId,
      mode,
      principalId: this.ids.next('prn'),
      name: 'test',
      scopes,
      createdAt: now,
      // Noted already, so that no write of "last used" comes between the statements of a test.
      lastUsedAt: now + 1e12,
      endsAt: null,
    };
    await this.database.write((tx) => tx.insert(ApiKey, [row]));
    return { id: merchantId, mode, key };
  }

  /** Sends `POST /v1/…` and the like over real HTTP. */
  async request(route: string, caller: Pick<StageMerchant, 'key'>, body?: unknown): Promise<StageAnswer> {
    const [method = '', path = ''] = route.split(' ');
    const answer = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${caller.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Adds an endpoint and answers it as the API showed it, secret included. */
  async createEndpoint(merchant: StageMerchant, url: string, events?: readonly string[]): Promise<any> {
    const { status, body } = await this.request('POST /v1/webhook-endpoints', merchant, { url, events });
    if (status !== 201) throw new Error(`No endpoint: ${JSON.stringify(body)}`);
    return body;
  }

  /** An event row, as the engine writes them. */
  toEvent(merchant: StageMerchant, type: string | null, data: object = { id: 'txn_1' }): EventRecord {
    return {
      id: this.ids.next('evt'),
      merchantId: merchant.id,
      mode: merchant.mode,
      position: type === null ? null : AWAITS_POSITION,
      subjectId: 'txn_1',
      type,
      data: type === null ? null : data,
      reported: null,
      fromStatus: null,
      toStatus: null,
      version: null,
      attemptId: null,
      evidence: null,
      createdAt: this.time.now(),
    };
  }

  /** Stores events and announces them, in one transaction. */
  async announce(...events: readonly EventRecord[]): Promise<void> {
    await this.database.write(async (tx) => {
      await tx.insert(EventRecord, events);
      await this.app.get(WebhookFanout, { strict: false }).announce(tx, events);
    });
  }

  /** The deliveries of a merchant as the API shows them, newest first. */
  async deliveries(merchant: StageMerchant, query = ''): Promise<any[]> {
    return (await this.request(`GET /v1/webhook-deliveries${query}`, merchant)).body.data;
  }

  /**
   * Moves time once everything that is due has been done, and stops at each timer of the last moments, so that what falls
   * due at the end is run at that very millisecond. Not for attempts that hang: they are never done.
   */
  async advance(durationMs: number): Promise<void> {
    const driver = this.app.get<JobDriver>(JOB_DRIVER, { strict: false });
    const end = this.time.now() + durationMs;
    await driver.settled();
    this.time.advance(Math.max(durationMs - 100, 0));
    while (this.time.now() < end) {
      await driver.settled();
      this.time.advance(Math.min(this.time.nextTimerAt() ?? end, end) - this.time.now());
    }
  }

  /** Waits, without moving time, until something holds; what falls due right now is run. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const giveUpAt = performance.now() + 15_000;
    while (!(await holds())) {
      if (performance.now() > giveUpAt) throw new Error(`It never came to pass: ${what}`);
      this.time.advance(0);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
