import { Database } from '../../src/database/database.js';
import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';
import { DEMO_ACCOUNT, PaymentStage } from '../support/payments.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

// Values that occur nowhere else. Each must be in the database or on the wire, and in no log.
const NAME = 'Wanjiku Canary-Kamau';
const EMAIL = 'wanjiku.canary@example.com';
const NATIONAL = '712998877';

describeOnBothDatabases('The log of a whole payment, at its most talkative', (database) => {
  let stage: PaymentStage;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database, environment: { LOG_LEVEL: 'trace' } });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });

  const customer = {
    phone: `+254${NATIONAL}`,
    name: NAME,
    email: EMAIL,
    address: 'Canary Lane 7',
    city: 'Canaryville',
  };

  it('names no person, number, key, token or secret, also when things break', async () => {
    const secrets = [NAME, 'Canary', EMAIL, NATIONAL, stage.merchant.key, stage.merchant.key.slice(9, 30)];
    secrets.push(...Object.values(DEMO_ACCOUNT.credentials), 'canary-admin-secret');

    const endpoint = await call('POST /v1/webhook-endpoints', { url: `${receiver.url()}?token=canary-admin-secret` });
    secrets.push(endpoint.body.secret, endpoint.body.secret.slice('whsec_'.length));
    const minted = await call('POST /v1/api-keys', { name: 'Till', scopes: ['read'] });
    secrets.push(minted.body.secret);

    // A payment that ends well, and one whose answer and token are lost on the way.
    await pay('OK-1');
    stage.mpesa.setFaults({ pushAnswerLost: true, callbackExtraDelayMs: 100 });
    await pay('LOST-1');
    stage.mpesa.setFaults({ tokenRejected: 1 });
    await pay('TOKEN-1');
    stage.mpesa.clearFaults();
    secrets.push(
      ...stage.mpesa.prompts().map(({ callbackUrl }) => new URL(callbackUrl).pathname.split('/').at(-1) ?? ''),
    );

    // Requests that are refused, with secrets in the wrong places.
    await call(`GET /v1/transactions?phone=%2B254${NATIONAL}`);
    await call('POST /v1/collections', { customer, nope: NAME });
    await call('POST /v1/provider-accounts', {
      provider: 'mpesa',
      credentials: { consumerKey: 'canary-admin-secret' },
    });
    await stage.gateway.request('GET /v1/merchant', { key: minted.body.secret.slice(0, -1) });
    await stage.gateway.request(`GET /v1/nothing/${stage.merchant.key}?key=${stage.merchant.key}`);

    // The database gives way under an insert that holds all of it.
    await stage.gateway
      .get(Database)
      .write((tx) => tx.manager.query('ALTER TABLE transactions RENAME TO transactions_away'));
    const broken = await collect('BROKEN-1');
    expect([broken.status, broken.body.code]).toEqual([500, 'internal_error']);
    expect(broken.text).not.toMatch(/transactions|SQL|Canary|\bat \//);

    const jobs = JSON.stringify(await stage.gateway.get(Database).read.query('SELECT * FROM jobs'));
    expect(secrets.filter((secret) => jobs.includes(secret))).toEqual([]);

    const { log } = stage.gateway;
    expect(log).toContain('"level":"error"');
    expect(log).toContain(broken.body.requestId);
    expect(secrets.filter((secret) => secret.length < 6)).toEqual([]);
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    await stage.gateway
      .get(Database)
      .write((tx) => tx.manager.query('ALTER TABLE transactions_away RENAME TO transactions'));
  });

  async function call(route: string, body?: object, headers: Record<string, string> = {}): Promise<TestAnswer> {
    return stage.gateway.request(route, { key: stage.merchant.key, headers, ...(body && { body }) });
  }

  function collect(reference: string): Promise<TestAnswer> {
    const body = { reference, amount: 100, currency: 'KES', method: 'mpesa_ke', customer, metadata: { note: NAME } };
    return call('POST /v1/collections', body, { 'idempotency-key': reference });
  }

  async function pay(reference: string): Promise<void> {
    const { status, body } = await collect(reference);
    expect([reference, status]).toEqual([reference, 201]);
    await stage.until(body.id, ['succeeded'], { stepMs: 5_000, limitMs: 1_000_000 });
    // The phone is free for the next: the guards of one prompt and one amount have run out.
    await stage.pass(600_000);
  }
});
