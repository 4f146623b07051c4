import { Database } from '../../src/database/database.js';
import { createTestGateway, describeOnBothDatabases } from '../support/gateway.js';
import { PaymentStage } from '../support/payments.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

type Figures = (line: string) => number | undefined;

describeOnBothDatabases('What an operator sees', (database) => {
  let stage: PaymentStage;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    // Each process counts what it did itself.
    stage = await PaymentStage.start({ database, alone: true });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });

  /** The figures by their line in Prometheus' format: name and labels. */
  async function scrape(): Promise<Figures> {
    const answer = await fetch(`${stage.gateway.baseUrl}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    expect(text).not.toMatch(/mer_|key_|\+254|(?<!\d)2547\d{8}/);
    const values = new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
    return (line) => values.get(line);
  }

  const lines = (): any[] =>
    stage.gateway.log
      .split('\n')
      .filter((line) => line.includes('"msg":"Answered."'))
      .map((line) => JSON.parse(line));

  it('counts a payment from the request to its end, and what it took', async () => {
    await stage.gateway.request('POST /v1/webhook-endpoints', {
      key: stage.merchant.key,
      body: { url: receiver.url(), events: ['collection.succeeded'] },
    });
    const { body } = await stage.collect();
    await stage.until(body.id, ['succeeded']);
    for (let turn = 0; turn < 200 && receiver.messages.length === 0; turn++) await stage.pass(1_000);

    const figures = await scrape();
    const of = 'kind="collection",method="mpesa_ke",mode="test"';
    expect(figures(`malipo_transactions_accepted_total{${of}}`)).toBe(1);
    const final = 'kind="collection",status="succeeded",provider="mpesa",mode="test"';
    expect(figures(`malipo_transactions_final_total{${final}}`)).toBe(1);
    const submit = 'provider="mpesa",operation="collections.submit",outcome="accepted"';
    expect(figures(`malipo_provider_call_duration_seconds_count{${submit}}`)).toBe(1);
    expect(figures('malipo_webhook_attempt_duration_seconds_count{outcome="delivered"}')).toBe(1);
    const created = 'method="POST",route="/v1/collections",status="201"';
    expect(figures(`malipo_http_request_duration_seconds_count{${created}}`)).toBe(1);
    expect(figures('malipo_commit_size_count{writer="accept"}')).toBe(1);
    expect(figures('malipo_transactions_open{status="unconfirmed"}')).toBe(0);
    expect(figures('malipo_waiting_clients')).toBe(0);
    expect(figures('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  });

  it('sees what is in doubt, and jobs that wait', async () => {
    stage.mpesa.setFaults({ pushAnswerLost: true, callbackDrop: true });
    const { body } = await stage.collect();
    await stage.until(body.id, ['unconfirmed']);
    stage.mpesa.clearFaults();
    const job = { id: 'job_1', kind: 'unheard_of', subjectId: 'x', runAt: stage.time.now() - 90_000 };
    await stage.gateway
      .get(Database)
      .write((tx) =>
        tx.manager.query(
          'INSERT INTO jobs (id, kind, subject_id, run_at, attempts, created_at) VALUES (?, ?, ?, ?, 0, 0)',
          Object.values(job),
        ),
      );
    const figures = await scrape();
    expect(figures('malipo_transactions_open{status="unconfirmed"}')).toBe(1);
    expect(figures('malipo_jobs_due{kind="unheard_of"}')).toBe(1);
    expect(figures('malipo_job_lag_seconds{kind="unheard_of"}')).toBe(90);
    const unknown = 'provider="mpesa",operation="collections.submit",outcome="unknown"';
    expect(figures(`malipo_provider_call_duration_seconds_count{${unknown}}`)).toBe(1);
  });

  it('reads one line for each request: route, status, time and key, and nothing the client wrote', async () => {
    const { key, keyId } = await stage.gateway.createKey(stage.merchant.id);
    const phone = stage.freshPhone();
    const answer = await stage.gateway.request(`GET /v1/transactions?phone=%2B${phone.slice(1)}`, { key });
    await stage.gateway.request(`GET /v1/nowhere/${phone}`, { key });
    await stage.gateway.request('GET /v1/merchant', { key: 'mlp_test_nonsense' });

    const requestId = answer.headers.get('request-id');
    for (let turn = 0; turn < 500 && lines().length < 3; turn++) await stage.pass(0);
    const own = lines().filter((line) => line.requestId === requestId);
    expect(own).toEqual([
      expect.objectContaining({ level: 'info', method: 'GET', route: '/v1/transactions', status: 200, keyId }),
    ]);
    expect(own[0].ms).toBeGreaterThan(0);
    expect(lines()).toContainEqual(expect.objectContaining({ route: 'unmatched', status: 404 }));
    expect(lines()).toContainEqual(expect.objectContaining({ route: '/v1/merchant', status: 401 }));
    expect(stage.gateway.log).not.toContain(phone.slice(4));
  });

  it('needs the token where there is one', async () => {
    const token = 'a-token-for-the-scraper';
    const guarded = await createTestGateway({ database, environment: { METRICS_TOKEN: token } });
    const get = (authorization?: string) =>
      fetch(`${guarded.baseUrl}/metrics`, { headers: authorization === undefined ? {} : { authorization } });
    for (const wrong of [undefined, 'Bearer nonsense', token, `Basic ${token}`, `Bearer ${token}x`]) {
      const answer = await get(wrong);
      expect([answer.status, ((await answer.json()) as any).code]).toEqual([401, 'unauthenticated']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="metrics"');
    }
    const { key } = await guarded.createMerchant();
    expect((await get(`Bearer ${key}`)).status).toBe(401);
    expect((await get(`Bearer ${token}`)).status).toBe(200);
    await guarded.close();
  });
});
