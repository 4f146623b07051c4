import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as the provider would see it. */
export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body, or undefined where it is no JSON. */
  readonly json: unknown;
}

/** A request that came, and the connection that it came on. */
export interface RecordedRequest extends WireRequest {
  /** Counts connections from 1. */
  readonly connection: number;
}

/** An answer; a string body goes out as it is, anything else as JSON. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What happens to a request instead of reaching the provider and being answered. */
export type Fault =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'hang' } //     Received, never answered.
  | { readonly kind: 'drip' } //     The answer begins and never ends.
  | { readonly kind: 'reset' } //    Received, then the connection is reset.
  | { readonly kind: 'lose' } //     Taken by the provider, but its answer is lost.
  | { readonly kind: 'break' } //    Taken, the connection breaks half-way through the answer.
  | { readonly kind: 'cut' }; //     Taken, the answer ends half-way as if it were whole.

export interface Rule {
  readonly match: (request: WireRequest) => boolean;
  readonly fault: Fault;
  /** How often it applies; always, where it is absent. */
  readonly times?: number;
}

/** A proxy between adapter and simulator that records what goes by and does to it what the network might. */
export interface FaultProxy {
  readonly baseUrl: string;
  readonly requests: readonly RecordedRequest[];
  apply(rule: Rule): void;
  /** From now on resets every new connection before it is read; those that stand go on. */
  resetConnections(): void;
  /** Whether a request would meet silence; the client need not wait long for it then. */
  isSilentFor(request: WireRequest): boolean;
  reset(): void;
  close(): Promise<void>;
}

export async function startFaultProxy(targetUrl: string): Promise<FaultProxy> {
  const requests: RecordedRequest[] = [];
  let rules: { rule: Rule; left: number }[] = [];
  const connections = new Map<Socket, number>();
  let connectionCount = 0;
  let resetting = false;

  const findRule = (request: WireRequest) => rules.find(({ rule, left }) => left > 0 && rule.match(request));

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const text = (await readAll(incoming)).toString('utf8');
    const request: RecordedRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: toPlain(incoming.headers),
      text,
      json: parseJson(text),
      connection: connections.get(incoming.socket) ?? 0,
    };
    requests.push(request);
    const found = findRule(request);
    if (found) found.left--;
    await answer(request, outgoing, found?.rule.fault);
  }

  async function answer(request: RecordedRequest, outgoing: ServerResponse, fault: Fault | undefined): Promise<void> {
    switch (fault?.kind) {
      case 'hang':
        return;
      case 'drip':
        outgoing.writeHead(200, { 'content-type': 'application/json' }).write('{');
        return;
      case 'reset':
        outgoing.socket?.resetAndDestroy();
        return;
      case 'reply':
        sendReply(outgoing, fault.reply);
        return;
      case 'lose':
      case 'break':
      case 'cut':
      case undefined: {
        const { status, headers, body } = await forward(targetUrl, request);
        pass(outgoing, status, headers, body, fault?.kind);
      }
    }
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.socket?.resetAndDestroy());
  });
  server.on('connection', (socket) => {
    if (resetting) socket.resetAndDestroy();
    connections.set(socket, ++connectionCount);
    socket.on('error', () => undefined).on('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    apply: (rule) => rules.push({ rule, left: rule.times ?? Infinity }),
    resetConnections: () => (resetting = true),
    isSilentFor: (request) => ['hang', 'drip'].includes(findRule(request)?.rule.fault.kind ?? ''),
    reset() {
      rules = [];
      resetting = false;
      requests.length = 0;
    },
    async close() {
      for (const socket of connections.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(
  outgoing: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: Buffer,
  fault: 'lose' | 'break' | 'cut' | undefined,
): void {
  const half = body.subarray(0, Math.floor(body.length / 2));
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...kept } = headers;
  switch (fault) {
    case 'lose':
      outgoing.socket?.resetAndDestroy();
      return;
    case 'break':
      outgoing.writeHead(status, { ...kept, 'content-length': String(body.length + 1) });
      outgoing.write(half, () => outgoing.socket?.destroy());
      return;
    case 'cut':
      outgoing.writeHead(status, { ...kept, 'content-length': String(half.length) }).end(half);
      return;
    case undefined:
      outgoing.writeHead(status, { ...kept, 'content-length': String(body.length) }).end(body);
  }
}

function sendReply(outgoing: ServerResponse, { status, body, headers }: Reply): void {
  const isText = typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  const type = isText ? (text.startsWith('<') ? 'text/html' : 'text/plain') : 'application/json';
  outgoing.writeHead(status, { ...(text === '' ? {} : { 'content-type': type }), ...headers }).end(text);
}

interface Forwarded {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function forward(targetUrl: string, request: WireRequest): Promise<Forwarded> {
  const { host: _, connection: __, ...headers } = request.headers;
  return new Promise((resolve, reject) => {
    const options = { method: request.method, headers: { ...headers, 'accept-encoding': 'identity' }, agent: false };
    httpRequest(targetUrl + request.path, options, (response) => {
      readAll(response)
        .then((body) => resolve({ status: response.statusCode ?? 0, headers: toPlain(response.headers), body }))
        .catch(reject);
    })
      .on('error', reject)
      .end(request.text);
  });
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function toPlain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
