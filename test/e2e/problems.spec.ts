import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDexchangeSimulator } from '#libs/simulators/dexchange';
import { Database } from '../../src/database/database.js';
import { PROBLEMS, type ProblemCode } from '../../src/http/problem.js';
import { listDefinitions } from '../../src/providers/registry.js';
import { DEXCHANGE_ACCOUNT } from '../support/dexchange.js';
import type { TestAnswer, TestRequest } from '../support/gateway.js';
import { DEMO_ACCOUNT, PaymentStage } from '../support/payments.js';
import { talk } from '../support/raw-http.js';

/** What a problem must be, however it reached the client. */
interface Refusal {
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
  readonly body: any;
}

const NOBODY = 'txn_01ARZ3NDEKTSV4RRFFQ69G5FAV';
// Where the client can only wait, it must be told how long.
const PASSING: readonly ProblemCode[] = [
  'phone_busy',
  'repeat_amount_too_soon',
  'phone_blocked',
  'too_many_requests',
  'provider_unavailable',
  'unavailable',
];

// Every code that the documentation lists, provoked as a client would. The type makes a new code need a line here.
describe('Every problem', () => {
  let stage: PaymentStage;
  let tooSlow: Promise<string>;
  let stopped = false;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database: 'sqlite' });
    stage.mpesa.setSettings({ promptLifeMs: 60_000 });
    // Takes ten seconds, so it begins first.
    tooSlow = talk(stage.gateway.baseUrl, 'POST /v1/collections HTTP/1.1\r\nHost: x\r\n', { hangUp: false });
  });
  afterAll(async () => {
    await tooSlow;
    if (stopped) await stage.gateway.start();
    await stage.close();
  });

  const call = (route: string, options: TestRequest = {}): Promise<TestAnswer> =>
    stage.gateway.request(route, { key: stage.merchant.key, ...options });
  const post = (body: unknown, headers: Record<string, string> = { 'idempotency-key': 'k' }) =>
    call('POST /v1/collections', { body, headers });

  /** Asks for money on a phone on which nobody answers. */
  async function ring(phone: string, amount: string): Promise<string> {
    stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'ignore' } });
    return (await stage.collect({ amount, customer: { phone } })).body.id;
  }

  /** A payout that waits for somebody else. */
  async function holdPayout(): Promise<string> {
    const rules = (amounts: object[]) =>
      call('PUT /v1/approval-rules', { body: { amounts, firstPaymentToNewNumber: null } });
    await rules([{ currency: 'KES', amount: '1', approvals: 1 }]);
    const { body } = await stage.pay();
    await rules([]);
    return body.id;
  }

  async function exhaust(route: string, options: TestRequest): Promise<TestAnswer> {
    for (let turn = 0; turn < 200; turn++) {
      const answer = await stage.gateway.request(route, options);
      if (answer.status === 429) return answer;
    }
    throw new Error('It never was too much.');
  }

  const PROVOCATIONS: Readonly<Record<ProblemCode, () => Promise<Refusal>>> = {
    malformed_json: () => post('{"amount":'),
    malformed_request: () => call('GET /v1/transactions?phone=%zz'),
    invalid_request: () => call('GET /v1/transactions?limit=0'),
    unknown_field: () => call('GET /v1/transactions?colour=red'),
    amount_not_exact: () => stage.collect({ amount: 1.5 }),
    invalid_cursor: () => call('GET /v1/transactions?cursor=abc'),
    idempotency_key_required: () => post({}, {}),
    invalid_idempotency_key: () => post({}, { 'idempotency-key': '"open' }),
    unauthenticated: () => call('GET /v1/merchant', { key: 'mlp_test_nonsense' }),
    forbidden: () => call('GET /v1/merchants'),
    merchant_suspended: async () => {
      const { key: platform } = await stage.gateway.createKey(null);
      const { id, key } = await stage.gateway.createMerchant();
      await call(`PATCH /v1/merchants/${id}`, { key: platform, body: { status: 'suspended' } });
      return call('GET /v1/merchant', { key });
    },
    not_found: () => call(`GET /v1/transactions/${NOBODY}`),
    request_timeout: async () => toRefusal(await tooSlow),
    reference_taken: async () => {
      await stage.collect({ reference: 'TAKEN' });
      return stage.collect({ reference: 'TAKEN' });
    },
    phone_busy: async () => {
      const phone = stage.freshPhone();
      await ring(phone, '10');
      return stage.collect({ amount: '11', customer: { phone } });
    },
    repeat_amount_too_soon: async () => {
      const phone = stage.freshPhone();
      const { body } = await stage.collect({ customer: { phone } });
      await stage.until(body.id, ['succeeded']);
      return stage.collect({ customer: { phone } });
    },
    phone_blocked: async () => {
      const phone = stage.freshPhone();
      stage.mpesa.setSettings({ promptLifeMs: 5 });
      stage.mpesa.setFaults({ outcomeByPhone: { [phone.slice(1)]: 'unreachable' } });
      for (let time = 1; time <= 5; time++) {
        const { body } = await stage.collect({ customer: { phone }, amount: String(200 + time) });
        await stage.until(body.id, ['expired'], { stepMs: 10_000, limitMs: 200_000 });
      }
      stage.mpesa.setSettings({ promptLifeMs: 60_000 });
      return stage.collect({ customer: { phone }, amount: '300' });
    },
    otp_not_expected: async () => {
      const { body } = await stage.collect();
      return call(`POST /v1/transactions/${body.id}/otp`, { body: { otp: '482913' } });
    },
    not_in_review: async () => {
      const { body } = await stage.collect();
      return call(`POST /v1/transactions/${body.id}/ruling`, { body: { outcome: 'failed', note: 'Never paid.' } });
    },
    ruling_disputed: async () => {
      stage.mpesa.setFaults({ queryContradiction: '1032' });
      const { body } = await stage.collect();
      await stage.until(body.id, ['review'], { stepMs: 10_000, limitMs: 400_000 });
      stage.mpesa.clearFaults();
      const { key: another } = await stage.gateway.createKey(stage.merchant.id);
      const route = `POST /v1/transactions/${body.id}/ruling`;
      await call(route, { body: { outcome: 'succeeded', note: 'It is on the statement.' } });
      return call(route, { key: another, body: { outcome: 'failed', note: 'It is not.' } });
    },
    not_cancellable: async () => {
      const { body } = await stage.collect();
      await stage.until(body.id, ['succeeded']);
      return call(`POST /v1/transactions/${body.id}/cancel`);
    },
    own_payout: async () => call(`POST /v1/transactions/${await holdPayout()}/approve`),
    not_awaiting_approval: async () => {
      const { key: another } = await stage.gateway.createKey(stage.merchant.id);
      const { body } = await stage.collect();
      return call(`POST /v1/transactions/${body.id}/approve`, { key: another });
    },
    not_refundable: async () => call('POST /v1/refunds', toRefund((await stage.collect()).body.id)),
    refund_exceeds_payment: async () => {
      const { body } = await stage.collect();
      await stage.until(body.id, ['succeeded']);
      return call('POST /v1/refunds', toRefund(body.id, { amount: '151' }));
    },
    payouts_stopped: async () => {
      await call('POST /v1/payouts/stop', { body: { reason: 'A key leaked' } });
      const answer = await stage.pay();
      await call('POST /v1/payouts/start');
      return answer;
    },
    limit_exceeded: async () => {
      await call('PATCH /v1/limits', { body: { currency: 'KES', perPayout: '149.99' } });
      const answer = await stage.pay();
      await call('PATCH /v1/limits', { body: { currency: 'KES', perPayout: null } });
      return answer;
    },
    limit_above_maximum: async () => {
      const { key: platform } = await stage.gateway.createKey(null);
      const body = { currency: 'UGX', perDay: '1' };
      await call(`PATCH /v1/merchants/${stage.merchant.id}/limits`, { key: platform, body });
      return call('PATCH /v1/limits', { body: { currency: 'UGX', perDay: '2' } });
    },
    conflict: async () => {
      const { body } = await call('POST /v1/api-keys', { body: { name: 'Shop', scopes: ['read'] } });
      await call(`POST /v1/api-keys/${body.id}/roll`, { body: { overlapHours: 1 } });
      return call(`POST /v1/api-keys/${body.id}/roll`);
    },
    body_too_large: () => post({ reference: 'x'.repeat(300_000) }),
    uri_too_long: () => call(`GET /v1/transactions/${'x'.repeat(400)}`),
    unsupported_media_type: () =>
      call('POST /v1/collections', {
        body: '<xml/>',
        headers: { 'content-type': 'application/xml', 'idempotency-key': 'k' },
      }),
    idempotency_key_reused: async () => {
      await stage.collect({}, { idempotencyKey: 'reused' });
      return stage.collect({ amount: '7' }, { idempotencyKey: 'reused' });
    },
    amount_out_of_range: () => stage.collect({ amount: '250001' }),
    amount_granularity: () => stage.collect({ amount: '150.50' }),
    currency_mismatch: () => stage.collect({ amount: '150', currency: 'UGX' }),
    recipient_invalid: () => stage.collect({ customer: { phone: '+22997000000' } }),
    upgrade_required: () => call('GET /v1/realtime'),
    otp_refused: async () => {
      const dexchange = await startDexchangeSimulator();
      try {
        const account = { ...DEXCHANGE_ACCOUNT, settings: { baseUrl: dexchange.baseUrl } };
        await call('POST /v1/provider-accounts', { body: account });
        const wizall = { method: 'wizall_sn', currency: 'XOF', amount: '7500', customer: { phone: '+221770000042' } };
        const { body } = await stage.collect(wizall);
        await stage.until(body.id, ['pending']);
        return await call(`POST /v1/transactions/${body.id}/otp`, { body: { otp: '0000000' } });
      } finally {
        await dexchange.close();
      }
    },
    method_unavailable: () => stage.collect({ method: 'mtn_bj' }),
    // What a method needs is a fact of its provider; whichever providers are installed, here it needs one field more.
    required_field_missing: async () => {
      const facts = listDefinitions().flatMap(({ methods }) => methods.filter(({ code }) => code === 'mpesa_ke'));
      const lists = facts.map(({ requiredFields }) => requiredFields as string[]);
      for (const list of lists) list.push('postalCode');
      const answer = await stage.collect();
      for (const list of lists) list.pop();
      return answer;
    },
    unknown_provider: () => call('POST /v1/provider-accounts', { body: { provider: 'nobody', credentials: {} } }),
    invalid_credentials: () => call('POST /v1/provider-accounts', { body: { ...DEMO_ACCOUNT, credentials: {} } }),
    url_not_allowed: () => call('POST /v1/webhook-endpoints', { body: { url: 'http://10.0.0.1/' } }),
    headers_too_large: () => call('GET /v1/merchant', { headers: { 'x-much': 'x'.repeat(20_000) } }),
    too_many_requests: () => exhaust('GET /v1/merchant', { key: 'mlp_test_nonsense' }),
    internal_error: async () => {
      const database = stage.gateway.get(Database);
      const rename = (from: string, to: string) =>
        database.write((tx) => tx.manager.query(`ALTER TABLE ${from} RENAME TO ${to}`));
      await rename('merchants', 'merchants_away');
      const answer = await call('GET /v1/merchant');
      await rename('merchants_away', 'merchants');
      return answer;
    },
    provider_unavailable: async () => {
      stage.mpesa.setFaults({ gatewayScope: 'push', maintenance: true });
      for (let count = 1; count <= 3; count++) await stage.collect();
      for (let turn = 0; turn < 20; turn++) {
        await stage.pass(2_000);
        const answer = await stage.collect();
        if (answer.status === 503) return answer;
      }
      throw new Error('It never was unavailable.');
    },
    unavailable: async () => {
      const socket = await openRequest(stage.gateway.baseUrl);
      const stopping = stage.gateway.stop();
      stopped = true;
      await untilRefused(stage.gateway.baseUrl);
      const answer = await finish(socket, '\r\n');
      await stopping;
      return toRefusal(answer);
    },
  };

  it('that is documented is provoked here', () => {
    expect(Object.keys(PROVOCATIONS).sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it.each(Object.keys(PROVOCATIONS) as ProblemCode[])('%s comes over HTTP as documented', async (code) => {
    const { status, headers, body } = await PROVOCATIONS[code]();
    expect(body).toMatchObject({
      code,
      ...PROBLEMS[code],
      type: `https://malipo.dev/problems/${code.replaceAll('_', '-')}`,
      requestId: expect.stringMatching(/^req_[0-9A-HJKMNP-TV-Z]{26}$/),
    });
    expect(status).toBe(PROBLEMS[code].status);
    expect(headers.get('request-id')).toBe(body.requestId);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(body.detail).toMatch(/^\w.*[.?)]$/s);
    expect(JSON.stringify(body)).not.toMatch(/\bat .*\.[jt]s|SELECT |SQLITE|node_modules/);
    expect(headers.get('retry-after')).toEqual(PASSING.includes(code) ? expect.stringMatching(/^[1-9]\d*$/) : null);
  });
});

/** A request of which the gateway has read the beginning: it came in one piece with another one, which was answered. */
async function openRequest(baseUrl: string): Promise<Socket> {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/merchant HTTP/1.1\r\nHost: x\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(bytes.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  return socket;
}

async function untilRefused(baseUrl: string): Promise<void> {
  const { hostname, port } = new URL(baseUrl);
  for (let turn = 0; turn < 2_000; turn++) {
    const probe = connect({ host: hostname, port: Number(port) });
    const refused = await once(probe, 'connect').then(
      () => false,
      () => true,
    );
    probe.destroy();
    if (refused) return;
    await sleep(15);
  }
  throw new Error('It goes on taking connections.');
}

function finish(socket: Socket, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(bytes);
  });
}

/** Reads one answer as it came over the wire. */
function toRefusal(wire: string): Refusal {
  const [head = '', text = ''] = wire.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = new Headers(
    fields.map(
      (field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).trim()] as [string, string],
    ),
  );
  return { status: Number(line.split(' ')[1]), headers, body: JSON.parse(text) };
}

function toRefund(transactionId: string, body: object = {}) {
  return {
    headers: { 'idempotency-key': `refund-${transactionId}` },
    body: { reference: `REFUND-${transactionId}`, transactionId, ...body },
  };
}
