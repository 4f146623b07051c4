import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RunningSimulator } from '../stage.js';

/** The account that the simulator knows. */
export const ACME_KEYS = { key: 'acme-key-0001', secret: 'acme-secret-0001', webhookSecret: 'acme-hook-0001' };

interface Payment {
  readonly kind: string;
  readonly id: string;
  readonly reference: string;
  readonly amount: string;
  readonly phone: string;
  readonly undoes?: string;
  state: string;
  code?: string;
}

/**
 * A provider that does not exist, so that the suite can be tried on something small that does everything: tokens,
 * keys of the caller's choice, a one-time code, its own page, a balance, a catalogue, and signed callbacks. Payouts
 * refuse duplicates and are announced on the account's URL without the caller's id; what became of a reversal is told
 * by callback alone.
 */
export async function startAcme({ webhookUrl }: { readonly webhookUrl: string }): Promise<RunningSimulator> {
  const payments = new Map<string, Payment>();
  const tokens = new Set<string>();
  const sockets = new Set<Socket>();
  let state = 'PAID';
  let count = 0;

  const server = createServer((request, response) => {
    void readJson(request).then((body) => {
      const { status, answer } = respond(request, body);
      send(response, status, answer);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  interface Answer {
    readonly status: number;
    readonly answer: unknown;
  }

  function respond(request: IncomingMessage, body: Record<string, string>): Answer {
    const path = request.url ?? '';
    if (path === '/_control/reset') {
      payments.clear();
      state = 'PAID';
      return { status: 200, answer: {} };
    }
    if (path === '/_control/idle') return { status: 200, answer: { idle: true } };
    if (path === '/_control/transfers') return { status: 200, answer: [...payments.values()].map(toBookLine) };
    if (path === '/_control/faults') {
      state = body['state'] ?? state;
      return { status: 200, answer: {} };
    }
    if (path === '/token') return giveToken(body);
    if (!tokens.has(request.headers.authorization?.slice('Bearer '.length) ?? '')) {
      return { status: 401, answer: { code: 'TOKEN_INVALID' } };
    }
    return route(request.method ?? '', path, body);
  }

  function giveToken({ key, secret }: Record<string, string>): Answer {
    if (key !== ACME_KEYS.key || secret !== ACME_KEYS.secret)
      return { status: 401, answer: { code: 'BAD_CREDENTIALS' } };
    const token = randomBytes(16).toString('hex');
    tokens.add(token);
    return { status: 200, answer: { token, expiresIn: 3_600 } };
  }

  function route(method: string, path: string, body: Record<string, string>): Answer {
    const [, resource = '', id = '', action] = path.split('/');
    if (resource === 'balance') return { status: 200, answer: [{ name: 'float', amount: '1000', currency: 'KES' }] };
    if (resource === 'methods') return { status: 200, answer: ['acme'] };
    if (method === 'POST' && action === 'otp')
      return { status: 200, answer: { state: 'ACCEPTED', reference: payments.get(id)?.reference } };
    if (method === 'POST' && id === 'questions') return announce(body);
    if (method === 'POST') return create(resource, body);
    const payment = payments.get(id) ?? [...payments.values()].find(({ reference }) => reference === id);
    return payment ? { status: 200, answer: payment } : { status: 404, answer: { code: 'NOT_FOUND' } };
  }

  function create(resource: string, body: Record<string, string>): Answer {
    const { id = '', amount = '', phone = '', undoes, callbackUrl } = body;
    if (phone.endsWith('0001')) return { status: 422, answer: { code: 'NO_FUNDS', message: 'Not enough money' } };
    if (resource === 'payouts' && payments.has(id)) return { status: 409, answer: { code: 'DUPLICATE' } };
    const fresh = { kind: resource, id, reference: `ref-${++count}`, amount, phone, undoes, state };
    const payment = payments.get(id) ?? fresh;
    payments.set(id, payment);
    if (callbackUrl) setImmediate(() => void notify(callbackUrl, payment));
    if (resource === 'payouts') setImmediate(() => void notify(webhookUrl, { ...payment, id: undefined }));
    const url = resource === 'links' ? { url: `https://pay.acme.example/${payment.reference}` } : {};
    return { status: 201, answer: { state: 'ACCEPTED', reference: payment.reference, ...url } };
  }

  /** The answer comes on the URL of the question. */
  function announce({ id = '', answerUrl = '' }: Record<string, string>): Answer {
    const payment = payments.get(id);
    if (!payment) return { status: 404, answer: { code: 'NOT_FOUND' } };
    setImmediate(() => void notify(answerUrl, payment));
    return { status: 202, answer: { state: 'ASKED' } };
  }

  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The header that proves a callback. */
export function signAcme(body: string): string {
  return createHmac('sha256', ACME_KEYS.webhookSecret).update(body).digest('hex');
}

function toBookLine({ kind, id, phone, amount, state }: Payment) {
  const direction = kind === 'payouts' || kind === 'reversals' ? 'out' : 'in';
  return { id, direction, party: phone, amount, currency: 'KES', reference: id, status: state, at: '' };
}

async function notify(url: string, payment: object): Promise<void> {
  const body = JSON.stringify(payment);
  const headers = { 'content-type': 'application/json', 'x-acme-signature': signAcme(body) };
  // Whoever asked may be gone by now.
  await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

async function readJson(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
}
