import { readFileSync } from 'node:fs';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { PROBLEMS } from '../../src/http/problem.js';
import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../support/gateway.js';
import { toLinkRequest } from '../support/link-stage.js';
import { ApiContract, findDocumentFaults, findSchemaFaults, type Json } from '../support/openapi.js';
import { DEMO_ACCOUNT, PaymentStage } from '../support/payments.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

describe('The OpenAPI document', () => {
  let gateway: TestGateway;
  let contract: ApiContract;
  let document: Json;

  beforeAll(async () => {
    gateway = await createTestGateway({
      database: 'sqlite',
      environment: { MALIPO_PUBLIC_URL: 'https://pay.example/malipo' },
    });
    contract = await ApiContract.of(gateway);
    document = contract.document;
  });
  afterAll(() => gateway.close());

  it('is what the OpenAPI Initiative’s schema of 3.1 says, and its schemas are JSON Schema 2020-12', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(findDocumentFaults(document)).toEqual([]);
    expect(findDocumentFaults({ ...document, info: undefined })).not.toEqual([]);
    expect(findSchemaFaults(document)).toEqual([]);
  });

  it('speaks of this gateway: its public address and the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(document.servers).toEqual([{ url: 'https://pay.example/malipo', description: 'This gateway' }]);
    expect(document.info.version).toBe(version);
  });

  it('has every route that runs, and none that does not', () => {
    const fastify = gateway.get(HttpAdapterHost).httpAdapter.getInstance() as FastifyInstance;
    const running = listRoutes(fastify.printRoutes({ commonPrefix: false }));
    const open = [
      /^\/callbacks\//,
      /^\/unsubscribe\//,
      /^\/return\//,
      /^\/l\//,
      /^\/health\//,
      /^\/metrics$/,
      /^\/docs([/*]|$)/,
      /^\/openapi\.json$/,
      /^\/$/,
    ];
    const documented = contract.operations.map(({ method, path }) => `${method} ${path}`);
    const expected = running.filter((route) => !open.some((pattern) => pattern.test(route.split(' ')[1] ?? '')));

    expect(expected.length).toBeGreaterThan(25);
    expect(documented.sort()).toEqual(expected.sort());
  });

  it('says of every operation what it does, who may, and what can go wrong', () => {
    const tags = document.tags.map(({ name }: Json) => name);
    const lacking = contract.operations.filter(({ operation }) => {
      const { summary, description, tags: own, security, responses } = operation;
      const scopes = security?.flatMap((requirement: Json) => requirement.bearer) ?? [];
      return !(
        summary &&
        description &&
        own?.length === 1 &&
        tags.includes(own[0]) &&
        scopes.length > 0 &&
        ['400', '401', '403', '429', '500', '503'].every((status) => responses[status]) &&
        Object.keys(responses).some((status) => status.startsWith('2') || status === '101')
      );
    });
    expect(lacking.map(({ name }) => name)).toEqual([]);
    expect(
      tags.filter((tag: string) => !contract.operations.some(({ operation }) => operation.tags.includes(tag))),
    ).toEqual([]);
    expect(document.tags.filter((tag: Json) => !tag.description)).toEqual([]);
  });

  it('has operation ids that make good names in a client', () => {
    const ids = contract.operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)+$/.test(id))).toEqual([]);
    expect(ids).toEqual(
      expect.arrayContaining(['createCollection', 'listTransactionEvents', 'getApiKey', 'rollApiKey']),
    );
  });

  it('has no reference that leads nowhere and no schema that nothing refers to', () => {
    const references = new Set(JSON.stringify(document).match(/(?<="\$ref":")[^"]+/g));
    const targets = Object.entries<Json>(document.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, parts]) => Object.keys(parts).map((name) => `#/components/${kind}/${name}`));
    expect([...references].sort()).toEqual(targets.sort());
  });

  it('has the dialect of 3.1: null is a type, one value is a constant', () => {
    const { Transaction } = document.components.schemas;
    expect(JSON.stringify(document)).not.toContain('"nullable"');
    expect(Transaction.properties.object).toEqual({ type: 'string', const: 'transaction' });
    expect(Transaction.properties.receipt.type).toEqual(['string', 'null']);
    expect(Transaction.properties.failure.anyOf).toEqual([{ $ref: '#/components/schemas/Failure' }, { type: 'null' }]);
  });

  it('lists every problem, with its status and title, and each where it can come', () => {
    const { Problem } = document.components.schemas;
    expect(Problem.properties.code.enum).toEqual(Object.keys(PROBLEMS));
    expect(Problem['x-problems']).toEqual(PROBLEMS);
    const { responses } = contract.find('POST', '/v1/collections').operation;
    const codesOf = (status: number): string[] =>
      responses[status].content['application/problem+json'].schema.allOf[1].properties.code.enum;
    expect(codesOf(400)).toContain('idempotency_key_required');
    expect(codesOf(409)).toContain('reference_taken');
    expect(codesOf(422)).toContain('amount_out_of_range');
  });

  it('closes request bodies, at every depth', () => {
    const { CreateCollectionRequest, CustomerRequest, Customer } = document.components.schemas;
    expect(CreateCollectionRequest.additionalProperties).toBe(false);
    expect(CustomerRequest.additionalProperties).toBe(false);
    expect(Customer.additionalProperties).toBeUndefined();
  });

  it('is read without a key, also by pages of other origins', async () => {
    const { status, headers } = await gateway.request('GET /openapi.json');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('access-control-allow-origin')).toBe('*');
  });
});

describeOnBothDatabases('Answers as documented', (database) => {
  let stage: PaymentStage;
  let contract: ApiContract;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    contract = await ApiContract.of(stage.gateway);
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });

  const call = (route: string, body?: object, headers: Record<string, string> = {}, key = stage.merchant.key) =>
    contract.request(stage.gateway, route, { key, body, headers });

  it('the life of a payment link, and the messages about it', async () => {
    const linkReceiver = await WebhookReceiver.start();
    await call('POST /v1/webhook-endpoints', { url: linkReceiver.url(), events: ['payment_link.*'] });
    const created = await call(
      'POST /v1/payment-links',
      toLinkRequest({ reference: 'L-1', customer: { name: 'Achieng O.' } }),
      { 'idempotency-key': 'l1' },
    );
    expect(created.status).toBe(201);
    expect((await call('POST /v1/payment-links', toLinkRequest({ reference: 'L-1' }))).status).toBe(409);
    const { id } = created.body;
    await call(`GET /v1/payment-links/${id}`);
    expect((await call('GET /v1/payment-links?reference=L-1&limit=1')).body.data).toHaveLength(1);
    expect((await call(`POST /v1/payment-links/${id}/cancel`)).status).toBe(200);
    expect((await call(`POST /v1/payment-links/${id}/cancel`)).status).toBe(409);
    await call('GET /v1/signing-secret');
    await call('POST /v1/signing-secret/rotate', {});
    const { messages } = linkReceiver;
    for (let turn = 0; turn < 200 && messages.length < 2; turn++) await stage.pass(1_000);
    await linkReceiver.close();
    const faults = messages.flatMap(({ body }) => contract.findMessageFaults('payment_link', JSON.parse(body)));
    expect([messages.length, faults]).toEqual([2, []]);
    expect((await call(`GET /v1/webhook-deliveries?linkId=${id}`)).body.data).toEqual([]);
  });

  it('the life of a collection, and the messages about it', async () => {
    await call('POST /v1/webhook-endpoints', { url: receiver.url(), events: ['collection.*'] });
    const body = {
      reference: 'INV-1',
      amount: 150,
      currency: 'KES',
      method: 'mpesa_ke',
      customer: { phone: '0712345678', name: 'Achieng O.', email: 'achieng@example.com', country: 'KE' },
      description: 'Order 1',
      metadata: { orderId: '1' },
    };
    const created = await call('POST /v1/collections', body, { 'idempotency-key': 'k1' });
    expect(created.status).toBe(201);
    const { id } = created.body;
    await stage.until(id, ['succeeded']);

    const transaction = await call(`GET /v1/transactions/${id}`);
    expect(transaction.body).toMatchObject({ status: 'succeeded', receipt: expect.any(String) });
    const replayed = await call('POST /v1/collections', body, { 'idempotency-key': 'k1' });
    expect([replayed.status, replayed.body, replayed.headers.get('idempotent-replayed')]).toEqual([
      201,
      created.body,
      'true',
    ]);
    expect((await call('POST /v1/collections', { ...body, amount: 151 }, { 'idempotency-key': 'k1' })).status).toBe(
      422,
    );
    expect((await call('POST /v1/collections', body, { 'idempotency-key': 'k2' })).status).toBe(409);
    expect((await call('POST /v1/collections', body)).status).toBe(400);

    expect((await call(`GET /v1/transactions/${id}/events?limit=2`)).body.nextCursor).toEqual(expect.any(String));
    expect((await call(`GET /v1/transactions?reference=INV-1&status=succeeded&limit=1`)).body.data).toHaveLength(1);
    expect((await call(`POST /v1/transactions/${id}/verify`)).body.evidence.length).toBeGreaterThan(1);
    expect((await call(`POST /v1/transactions/${id}/cancel`)).status).toBe(409);

    for (let turn = 0; turn < 200 && !receiver.messages.some(isAbout('succeeded')); turn++) await stage.pass(1_000);
    const messages = receiver.messages.map((message) => JSON.parse(message.body));
    expect(messages.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['collection.created', 'collection.succeeded']),
    );
    expect(messages.flatMap((message) => contract.findMessageFaults('collection', message))).toEqual([]);
    const { body: deliveries } = await call('GET /v1/webhook-deliveries?limit=1');
    const [delivery] = deliveries.data;
    await call(`GET /v1/webhook-deliveries/${delivery.id}`);
    expect((await call(`POST /v1/webhook-deliveries/${delivery.id}/redeliver`)).status).toBe(202);

    const { body: events } = await call(`GET /v1/events?type=collection.*&transactionId=${id}&limit=2`);
    expect(events.data.map(({ type }: Json) => type)[0]).toBe('collection.created');
    await call(`GET /v1/events?after=${events.nextCursor}`);
    await call(`GET /v1/events/${events.data[0].id}`);
    expect((await call('GET /v1/events?after=evt_1')).status).toBe(400);
    const since = new Date(stage.time.now() - 60_000).toISOString();
    const recovery = await call(`POST /v1/webhook-endpoints/${delivery.endpointId}/recover`, { since });
    expect(recovery.status).toBe(202);
    const filter = { endpointId: delivery.endpointId, createdFrom: since };
    const again = await call('POST /v1/webhook-deliveries/redeliver', filter);
    expect([again.status, again.body.recoveryId]).toEqual([409, recovery.body.id]);
    await call(`GET /v1/webhook-recoveries/${recovery.body.id}`);
  });

  it('a collection that is cancelled in time', async () => {
    stage.mpesa.setFaults({ spikeArrest: true, gatewayScope: 'push' });
    const { body } = await stage.collect();
    while (!(await stage.timeline(body.id)).some(({ event }) => event === 'deferred')) await stage.pass(0);
    expect((await call(`POST /v1/transactions/${body.id}/cancel`)).body.status).toBe('cancelled');
    await call(`GET /v1/transactions/${body.id}`);
    await call(`GET /v1/transactions/${body.id}/events`);
    stage.mpesa.clearFaults();
  });

  it('a collection in doubt, and one that failed', async () => {
    stage.mpesa.setFaults({ pushAnswerLost: true, callbackDrop: true });
    const { body: doubtful } = await stage.collect();
    await stage.until(doubtful.id, ['unconfirmed']);
    expect((await call(`GET /v1/transactions/${doubtful.id}`)).body.doubt).not.toBeNull();
    stage.mpesa.clearFaults();

    const { body: provider } = await call('GET /v1/provider-accounts');
    const settings = { ...provider.data[0].settings, shortcode: '999999' };
    await call(`PATCH /v1/provider-accounts/${provider.data[0].id}`, { settings });
    const { body: failing } = await stage.collect();
    await stage.until(failing.id, ['failed']);
    expect((await call(`GET /v1/transactions/${failing.id}`)).body.failure).not.toBeNull();
    await call(`POST /v1/transactions/${failing.id}/verify`);
  });

  it('webhook endpoints', async () => {
    const { body } = await call('POST /v1/webhook-endpoints', { url: receiver.url('/more'), description: 'More' });
    const route = `/v1/webhook-endpoints/${body.id}`;
    await call(`GET ${route}`);
    await call(`PATCH ${route}`, { enabled: false, description: null });
    await call('GET /v1/webhook-endpoints?limit=1');
    expect((await call('POST /v1/webhook-endpoints', { url: 'http://10.0.0.1/' })).status).toBe(422);
    expect((await call(`DELETE ${route}`)).status).toBe(204);
    expect((await call(`GET ${route}`)).status).toBe(404);
  });

  it('provider accounts', async () => {
    await call('GET /v1/providers');
    const settings = { ...DEMO_ACCOUNT.settings, baseUrl: stage.mpesa.baseUrl };
    const { body } = await call('POST /v1/provider-accounts', { ...DEMO_ACCOUNT, settings, enabled: false });
    const route = `/v1/provider-accounts/${body.id}`;
    await call(`GET ${route}`);
    await call(`PATCH ${route}`, { priority: 7 });
    expect((await call(`POST ${route}/check`)).body.status).toBe('ok');
    await call('GET /v1/provider-accounts');
    expect((await call('POST /v1/provider-accounts', { provider: 'nobody', credentials: {} })).status).toBe(422);
    expect((await call('POST /v1/provider-accounts', { ...DEMO_ACCOUNT, credentials: {} })).status).toBe(422);
  });

  it('API keys and merchants', async () => {
    const { body } = await call('POST /v1/api-keys', { name: 'Shop', scopes: ['read'] });
    await call(`GET /v1/api-keys/${body.id}`);
    await call('GET /v1/api-keys');
    expect((await call(`POST /v1/api-keys/${body.id}/roll`, { overlapHours: 1 })).status).toBe(201);
    expect((await call(`POST /v1/api-keys/${body.id}/roll`)).status).toBe(409);
    expect((await call(`DELETE /v1/api-keys/${body.id}`)).status).toBe(204);
    expect((await call('POST /v1/api-keys', { name: 'Shop', scopes: ['read'] }, {}, 'mlp_test_no')).status).toBe(401);
    expect((await call('POST /v1/collections', {}, {}, body.secret)).status).toBe(401);
    await call('GET /v1/methods');
    expect((await call('POST /v1/methods/predict', { phone: '0712345678', country: 'KE' })).status).toBe(200);
    expect((await call('POST /v1/methods/predict', { phone: '12345' })).status).toBe(422);
    await call('GET /v1/merchant');
    await call('PATCH /v1/merchant', { colour: '#0a7d5a', supportUrl: null });

    const { key: platform } = await stage.gateway.createKey(null);
    const { body: merchant } = await call('POST /v1/merchants', { name: 'Duka' }, {}, platform);
    await call(`GET /v1/merchants/${merchant.id}`, undefined, {}, platform);
    await call(`PATCH /v1/merchants/${merchant.id}`, { status: 'suspended' }, {}, platform);
    await call('GET /v1/merchants', undefined, {}, platform);
    const scoped = { name: 'Till', scopes: ['read'], merchantId: merchant.id, mode: 'test' };
    const { body: suspended } = await call('POST /v1/api-keys', scoped, {}, platform);
    expect((await call('GET /v1/merchant', undefined, {}, suspended.secret)).status).toBe(403);
    expect((await call('GET /v1/merchants')).status).toBe(403);
  });
});

function isAbout(event: string): (message: { readonly body: string }) => boolean {
  return ({ body }) => JSON.parse(body).type === `collection.${event}`;
}

/** Reads the routes out of the router's own drawing of its tree: `POST /v1/collections`. */
function listRoutes(drawing: string): string[] {
  const prefixes: string[] = [];
  return drawing.split('\n').flatMap((line) => {
    const [, indent = '', part = '', verbs = ''] = /^([│ ]*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / 4;
    prefixes.length = depth;
    prefixes[depth] = part;
    const path = prefixes.join('').replaceAll(/:(\w+)/g, '{$1}');
    return verbs
      .split(', ')
      .filter((verb) => verb !== '' && verb !== 'HEAD')
      .map((verb) => `${verb} ${path}`);
  });
}
