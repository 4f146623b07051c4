import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKeysService } from '../../src/api-keys/api-keys.service.js';
import { MERCHANT_SCOPES } from '../../src/api-keys/scopes.js';
import { readSettings } from '../../src/config/settings.js';
import { systemSeams } from '../../src/config/config.module.js';
import { startGateway } from '../../src/gateway.js';
import { JOB_DRIVER, type JobDriver } from '../../src/jobs/job-driver.js';
import { MerchantsService } from '../../src/merchants/merchants.service.js';
import { ProviderAccountsService } from '../../src/provider-accounts/provider-accounts.service.js';
import { POOL_SIZE, type BenchDatabase, type BenchServer } from './server.js';

/**
 * The gateway itself, whole, with a merchant that has a provider account. Nothing is switched off on the way of a request;
 * only the workers rest, as they would in a process of the role `api`: what they do is another measure.
 */
export async function startBenchGateway(database: BenchDatabase): Promise<BenchServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'malipo-bench-'));
  const settings = readSettings({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    MALIPO_PUBLIC_URL: 'https://gateway.example',
    PORT: String(await findFreePort()),
    MALIPO_DATA_DIR: dataDir,
    MALIPO_SECRET_KEY: randomBytes(32).toString('hex'),
    MALIPO_SIMULATORS: 'off',
    // The counting is part of what a request costs; the limit itself would only stop the load.
    MALIPO_RATE_LIMIT: '1000000',
    MALIPO_EGRESS_ALLOW: '127.0.0.0/8',
    LOG_LEVEL: 'warn',
    DATABASE_POOL_SIZE: String(POOL_SIZE),
    DATABASE_URL: database.kind === 'mysql' ? database.url : `sqlite:${database.file}`,
  });
  const gateway = await startGateway(settings, systemSeams());
  const { app } = gateway;
  await app.get<JobDriver>(JOB_DRIVER, { strict: false }).stop();
  const merchant = await app.get(MerchantsService, { strict: false }).create({ name: 'Bench' });
  const { key, secret } = await app
    .get(ApiKeysService, { strict: false })
    .create({ merchantId: merchant.id, mode: 'test', name: 'Bench', scopes: MERCHANT_SCOPES });
  await app.get(ProviderAccountsService, { strict: false }).create(
    { keyId: key.id, merchantId: merchant.id, mode: 'test', principalId: key.principalId, scopes: MERCHANT_SCOPES },
    {
      provider: 'mpesa',
      credentials: { consumerKey: 'bench', consumerSecret: 'bench', passkey: 'bench' },
      // Nobody listens there, and nobody is called.
      settings: { shortcode: '174379', type: 'paybill', baseUrl: 'http://127.0.0.1:40009' },
      priority: 100,
      enabled: true,
    },
  );
  return {
    baseUrl: gateway.baseUrl,
    apiKey: secret,
    close: async () => {
      await gateway.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

// The public URL names the port and is fixed before the gateway listens, so port 0 would not do.
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
