import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemSeams } from '../../src/config/config.module.js';
import { readSettings } from '../../src/config/settings.js';
import { Database } from '../../src/database/database.js';
import { EventRecord, toNoticeRow } from '../../src/events/event.entity.js';
import { EventSequencer } from '../../src/events/event-sequencer.js';
import { startGateway, type Gateway } from '../../src/gateway.js';
import { JOB_DRIVER, type JobDriver } from '../../src/jobs/job-driver.js';
import { Job } from '../../src/jobs/job.entity.js';
import { MerchantsService } from '../../src/merchants/merchants.service.js';
import { WebhookEndpointsService } from '../../src/webhooks/webhook-endpoints.service.js';
import { WebhookFanout } from '../../src/webhooks/webhook-fanout.js';
import { findFreePort } from '../servers/gateway.js';
import { nextId } from '../servers/rows.js';
import { POOL_SIZE } from '../servers/server.js';
import type { Deliverer, DelivererPlace } from './deliverer.js';
import { toData, TYPES, typeOf } from './messages.js';

const MADE_AT_ONCE = 500;
const LOOK_EVERY_MS = 20;

/**
 * The gateway itself, whole, in one process, with a merchant that has ten endpoints. Events are announced as the engine
 * announces them; what is measured is the way of their messages: claimed, signed, sent, acknowledged durably.
 */
export async function startGatewayDeliverer({ sinkUrl, database }: DelivererPlace): Promise<Deliverer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'malipo-bench-'));
  const settings = readSettings({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    MALIPO_PUBLIC_URL: 'https://gateway.example',
    PORT: String(await findFreePort()),
    MALIPO_DATA_DIR: dataDir,
    MALIPO_SECRET_KEY: randomBytes(32).toString('hex'),
    MALIPO_SIMULATORS: 'off',
    MALIPO_EGRESS_ALLOW: '127.0.0.0/8',
    LOG_LEVEL: 'warn',
    DATABASE_POOL_SIZE: String(POOL_SIZE),
    DATABASE_URL: database.startsWith('mysql:') ? database : `sqlite:${join(dataDir, 'bench.db')}`,
  });
  const gateway = await startGateway(settings, systemSeams());
  const bench = new BenchDeliverer(gateway, sinkUrl);
  await bench.prepare();
  return {
    load: (count) => bench.load(count),
    drain: () => bench.drain(),
    announce: (count) => bench.announce(0, count),
    killOne: () => bench.killOne(),
    run: () => void bench.driver.start(),
    close: async () => {
      await gateway.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

class BenchDeliverer {
  private merchantId = '';
  private readonly endpointIds: string[] = [];

  constructor(
    private readonly gateway: Gateway,
    private readonly sinkUrl: string,
  ) {}

  get driver(): JobDriver {
    return this.gateway.app.get<JobDriver>(JOB_DRIVER, { strict: false });
  }

  private get database(): Database {
    return this.gateway.app.get(Database, { strict: false });
  }

  async prepare(): Promise<void> {
    await this.driver.stop();
    ({ id: this.merchantId } = await this.gateway.app
      .get(MerchantsService, { strict: false })
      .create({ name: 'Bench' }));
    const endpoints = this.gateway.app.get(WebhookEndpointsService, { strict: false });
    for (const type of TYPES) {
      const { endpoint } = await endpoints.create(this.owner, { url: `${this.sinkUrl}/hooks`, events: [type] });
      this.endpointIds.push(endpoint.id);
    }
  }

  async load(count: number): Promise<void> {
    for (let first = 0; first < count; first += MADE_AT_ONCE) {
      await this.announce(first, Math.min(MADE_AT_ONCE, count - first));
    }
    // Numbering them is work of its own, done beside.
    await this.gateway.app.get(EventSequencer, { strict: false }).settled();
  }

  async drain(): Promise<void> {
    await this.driver.start();
    // A job goes with the commit that acknowledges its delivery. What was put off is nobody's business for a while.
    for (;;) {
      await this.driver.settled();
      if (!(await this.database.read.existsBy(Job, { kind: 'deliver_webhook' }))) break;
      await sleep(LOOK_EVERY_MS);
    }
    await this.driver.stop();
  }

  async announce(first: number, count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, index) => this.toEvent(first + index));
    await this.database.write(async (tx) => {
      await tx.insert(EventRecord, events);
      await this.gateway.app.get(WebhookFanout, { strict: false }).announce(tx, events);
    });
  }

  async killOne(): Promise<void> {
    const [id = ''] = this.endpointIds;
    const endpoints = this.gateway.app.get(WebhookEndpointsService, { strict: false });
    await endpoints.update(this.owner, id, { url: `${this.sinkUrl}/dead` });
  }

  private get owner() {
    return { merchantId: this.merchantId, mode: 'test' } as const;
  }

  private toEvent(number: number): EventRecord {
    const now = Date.now();
    const subjectId = `txn_${String(number).padStart(26, '0')}`;
    const notice = { ...this.owner, subjectId, type: typeOf(number), data: toData(number, now) };
    return toNoticeRow(notice, { id: nextId('evt'), createdAt: now });
  }
}
