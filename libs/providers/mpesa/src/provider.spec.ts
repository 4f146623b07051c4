import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualTime, Money, Msisdn } from '#libs/primitives';
import {
  createHttpClient,
  createTokenCache,
  type ClosableHttpClient,
  type Instruction,
  type Provider,
  type SentAttempt,
} from '#libs/provider-kit';
import { mpesa } from './index.js';

const NOW = Date.UTC(2026, 2, 14, 12, 30, 21);
const CHECKOUT = 'ws_CO_140320261530211700000123';
const OAUTH = '/oauth/v1/generate?grant_type=client_credentials';
const PUSH = '/mpesa/stkpush/v1/processrequest';
const QUERY = '/mpesa/stkpushquery/v1/query';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}
type Reply = { status: number; body?: unknown } | 'cut';

let server: Server;
let http: ClosableHttpClient;
let time: ManualTime;
let provider: Provider;
let seen: Seen[];
/** What the next calls of a path are answered with; then its usual answer. */
let replies: Map<string, Reply[]>;
let tokensMade: number;

const accepted = { ResponseCode: '0', CheckoutRequestID: CHECKOUT, MerchantRequestID: 'a1b2' };
const inFlight = { ResponseCode: '0', CheckoutRequestID: CHECKOUT, ResultCode: '4999' };

beforeEach(async () => {
  seen = [];
  replies = new Map();
  tokensMade = 0;
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  time = new ManualTime(NOW);
  http = createHttpClient({ clock: time });
  provider = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
});

afterEach(async () => {
  http.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('submit', () => {
  it('fetches a token, pushes with it and answers the ids', async () => {
    expect(await submit()).toMatchObject({
      kind: 'accepted',
      references: { providerReference: CHECKOUT, others: { MerchantRequestID: 'a1b2' } },
      nextAction: { type: 'approve_on_phone' },
    });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([`GET ${OAUTH}`, `POST ${PUSH}`]);
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('the-key:the-secret').toString('base64')}`);
    expect(seen[1]?.headers).toMatchObject({ authorization: 'Bearer token-1', 'content-type': 'application/json' });
    expect(seen[1]?.body).toMatchObject({ Timestamp: '20260314153021', Amount: '150', PhoneNumber: '254700000123' });
  });

  it('shares one token and opens a connection for each push', async () => {
    await submit();
    await submit();
    expect(calls(OAUTH)).toHaveLength(1);
    expect(calls(PUSH).map(({ headers }) => headers.connection)).toEqual(['close', 'close']);
  });

  it('sent twice carries the same amount, party, callback path and reference', async () => {
    await submit();
    time.advance(60_000);
    await submit();
    const [first, second] = calls(PUSH).map(({ body }) => body as Record<string, string>);
    expect(second).toEqual({ ...first, Timestamp: '20260314153121', Password: expect.any(String) });
  });

  it.each<[string, Reply]>([
    ['404.001.03', envelope(404, '404.001.03', 'Invalid Access Token')],
    ['400.003.01', envelope(400, '400.003.01', 'Invalid Access Token')],
    ['401.002.01', envelope(401, '401.002.01', 'Error Occurred - Invalid Access Token - token-1')],
    ['401.001', envelope(401, '401.001', 'Invalid Access Token')],
    ['401.003.01', envelope(401, '401.003.01', 'Invalid Access Token')],
    ['nothing but 401', { status: 401 }],
    ['new code, known words', envelope(400, '400.999.99', 'Invalid Access Token')],
    ['no product', { status: 401, body: { ResponseDescription: noProduct() } }],
  ])('tries once more with a new token when the old one is refused: %s', async (_, refusal) => {
    replies.set(PUSH, [refusal]);
    expect((await submit()).kind).toBe('accepted');
    expect(calls(PUSH).map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    const [first, second] = calls(PUSH).map(({ body }) => body);
    expect(second).toEqual(first);
  });

  it('gives up for now when the new token is refused too', async () => {
    const refusal = envelope(404, '404.001.03', 'Invalid Access Token');
    replies.set(PUSH, [refusal, refusal, refusal]);
    expect((await submit()).kind).toBe('deferred');
    expect(calls(PUSH)).toHaveLength(2);
  });

  it('says no when the new token has no right to the product either', async () => {
    const refusal = { status: 401, body: { ResponseDescription: noProduct() } };
    replies.set(PUSH, [refusal, refusal, refusal]);
    expect(await submit()).toMatchObject({ kind: 'rejected', reason: 'provider_misconfigured' });
    expect(calls(PUSH)).toHaveLength(2);
  });

  it.each<[string, Reply, string]>([
    ['wrong keys', { status: 400 }, 'rejected'],
    ['keys refused in words', envelope(400, '400.008.01', 'Invalid Authentication passed'), 'rejected'],
    ['the firewall', { status: 403, body: '<html>' }, 'deferred'],
    ['a spike arrest', envelope(500, '500.003.02', 'Error Occurred: Spike Arrest Violation'), 'deferred'],
    ['an outage', { status: 503 }, 'deferred'],
    ['silence', 'cut', 'deferred'],
  ])('pushes nothing without a token: %s', async (_, reply, kind) => {
    replies.set(OAUTH, [reply]);
    expect((await submit()).kind).toBe(kind);
    expect(calls(PUSH)).toHaveLength(0);
  });

  it('does not know what became of a push that was answered by silence', async () => {
    replies.set(PUSH, ['cut']);
    expect((await submit()).kind).toBe('unknown');
    expect(calls(PUSH)).toHaveLength(1);
  });

  it('sends nothing after its time', async () => {
    expect((await submit({ sendBefore: NOW })).kind).toBe('deferred');
    expect(calls(PUSH)).toHaveLength(0);
  });

  it('sends no cents, and asks for no token to do so', async () => {
    expect(await submit({ amount: money('150.50') })).toMatchObject({ kind: 'rejected', reason: 'provider_rejected' });
    expect(seen).toHaveLength(0);
  });
});

describe('inquire', () => {
  it('asks by the id of the push, with fresh fields', async () => {
    time.advance(12_000);
    expect((await inquire()).kind).toBe('pending');
    expect(calls(QUERY).map(({ body }) => body)).toEqual([
      {
        BusinessShortCode: '174379',
        Password: Buffer.from('174379the-passkey20260314153033').toString('base64'),
        Timestamp: '20260314153033',
        CheckoutRequestID: CHECKOUT,
      },
    ]);
  });

  it('cannot ask without one', async () => {
    expect(await inquire({ references: {} })).toEqual({ kind: 'unknown', cause: 'no_lookup_possible' });
    expect(seen).toHaveLength(0);
  });

  it('knows nothing from silence, and nothing without a token', async () => {
    replies.set(QUERY, ['cut']);
    expect((await inquire()).kind).toBe('unknown');
    replies.set(QUERY, [{ status: 401 }, { status: 401 }]);
    expect((await inquire()).kind).toBe('unknown');
    replies.set(OAUTH, [{ status: 400 }]);
    expect((await inquire()).kind).toBe('unknown');
  });

  it('tries once more with a new token', async () => {
    replies.set(QUERY, [envelope(404, '404.001.03', 'Invalid Access Token')]);
    expect((await inquire()).kind).toBe('pending');
    expect(calls(QUERY)).toHaveLength(2);
  });
});

describe('check', () => {
  it('always asks anew, and leaves the new token for everyone', async () => {
    await submit();
    expect(await provider.check()).toEqual({ kind: 'ok' });
    expect(await provider.check()).toEqual({ kind: 'ok' });
    await submit();
    expect(calls(OAUTH)).toHaveLength(3);
    expect(calls(PUSH).map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-3']);
  });

  it.each<[string, Reply, string]>([
    ['wrong keys', { status: 400 }, 'refused'],
    ['an outage', { status: 503 }, 'unreachable'],
    ['silence', 'cut', 'unreachable'],
  ])('%s, with and without a token in use', async (_, reply, kind) => {
    replies.set(OAUTH, [reply]);
    expect((await provider.check()).kind).toBe(kind);
    await submit();
    replies.set(OAUTH, [reply]);
    expect((await provider.check()).kind).toBe(kind);
  });

  it('is not fooled by a token that outlives an outage', async () => {
    await submit();
    time.advance(3_590_000); // Due for renewal, but not over.
    replies.set(OAUTH, [{ status: 503 }]);
    expect((await provider.check()).kind).toBe('unreachable');
  });

  it('shows no credentials', async () => {
    replies.set(OAUTH, [envelope(400, '400.008.01', 'the-key:the-secret')]);
    expect(JSON.stringify(await provider.check())).not.toMatch(/the-(key|secret)/);
  });
});

describe('facts', () => {
  it('hosts differ by mode', () => {
    expect(mpesa.hosts).toEqual({
      test: 'https://sandbox.safaricom.co.ke',
      live: 'https://api.safaricom.co.ke',
    });
  });

  it('asks ever more rarely, first when a quick customer may have answered', () => {
    const schedule = mpesa.operations.collections?.inquirySchedule ?? [];
    expect(schedule[0]).toBe(12_000);
    expect(schedule.at(-1)).toBe(24 * 60 * 60 * 1000);
    const gaps = schedule.map((at, index) => at - (schedule[index - 1] ?? 0));
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
  });

  it('names each source address once', () => {
    expect(new Set(mpesa.sourceAddresses).size).toBe(14);
    expect(mpesa.sourceAddresses).toHaveLength(14);
    expect(mpesa.sourceAddresses).toEqual(
      expect.arrayContaining(['196.201.214.200', '196.201.213.114', '196.201.212.69']),
    );
  });
});

function connect(baseUrl: string): Provider {
  const credentials = { consumerKey: 'the-key', consumerSecret: 'the-secret', passkey: 'the-passkey' };
  const settings = { type: 'paybill' as const, shortcode: '174379' };
  const account = { id: 'pac_1', mode: 'test' as const, credentials, settings, baseUrl };
  return mpesa.connect(account, { http, clock: time, tokens: createTokenCache({ clock: time }) });
}

async function submit(change: Partial<Instruction> = {}) {
  const outcome = await provider.collections?.submit({
    ...parts(),
    amount: money('150'),
    reference: 'ORDER-7781',
    callbackUrls: { result: 'https://pay.example.co.ke/callbacks/9f2c' },
    sendBefore: time.now() + 60_000,
    ...change,
  });
  if (!outcome) throw new TypeError('No collections');
  return outcome;
}

async function inquire(change: Partial<SentAttempt> = {}) {
  const report = await provider.collections?.inquire({
    ...parts(),
    amount: money('150'),
    references: { providerReference: CHECKOUT },
    sentAt: NOW,
    callbackUrls: {},
    ...change,
  });
  if (!report) throw new TypeError('No collections');
  return report;
}

function parts() {
  const phone = Msisdn.parse('+254700000123');
  const [method] = mpesa.methods;
  if (!phone || !method) throw new TypeError('No phone or method');
  return { attemptId: 'att_01KABCDEFGHJKMNPFVS1B2C3D4E5', party: { phone }, method };
}

function money(amount: string): Money {
  const parsed = Money.parse(amount, 'KES');
  if (typeof parsed === 'string') throw new TypeError(parsed);
  return parsed;
}

function calls(url: string): Seen[] {
  return seen.filter((request) => request.url === url);
}

function noProduct(): string {
  return 'Invalid Access Token - Invalid API call as no apiproduct match found';
}

function envelope(status: number, errorCode: string, errorMessage: string): Reply {
  return { status, body: { requestId: 'a1b2', errorCode, errorMessage } };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const { method = '', url = '', headers } = request;
  seen.push({ method, url, headers, body: text === '' ? undefined : JSON.parse(text) });
  const reply = replies.get(url)?.shift() ?? usual(url);
  if (reply === 'cut') {
    request.socket.destroy();
    return;
  }
  response.writeHead(reply.status, { 'content-type': 'application/json' });
  response.end(typeof reply.body === 'string' ? reply.body : reply.body && JSON.stringify(reply.body));
}

function usual(url: string): Reply {
  if (url === OAUTH)
    return { status: 200, body: { access_token: `token-${String(++tokensMade)}`, expires_in: '3599' } };
  if (url === PUSH) return { status: 200, body: accepted };
  return url === QUERY ? { status: 200, body: inFlight } : { status: 404 };
}
