import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type AgentOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ManualTime, systemClock } from '#libs/primitives';
import { createHttpClient, type ClosableHttpClient, type ExchangeRecord } from './axios-http-client.js';
import type { HttpExchange, HttpRequest } from './http-client.js';
import { secretsOf } from './redact.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: Server | TcpServer): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (handler: Handler) => listen(createServer(handler)).then((host) => `http://${host}`);

function makeClient(options: Partial<Parameters<typeof createHttpClient>[0]> = {}): ClosableHttpClient {
  const client = createHttpClient({ clock: systemClock, ...options });
  closers.push(() => client.close());
  return client;
}

const send = (request: Partial<HttpRequest> & { url: string }, options = {}): Promise<HttpExchange> =>
  makeClient(options).send({ method: 'POST', json: { amount: 1 }, ...request });

/** A port that refuses: nobody has listened on it since it was given back. */
async function closedPort(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('an answer', () => {
  it('comes with status, lower-case headers, text and parsed body', async () => {
    const url = await serve((request, response) => {
      response.writeHead(201, { 'X-Request-Id': 'abc', 'Content-Type': 'application/json' });
      request.on('data', (bytes: Buffer) => response.write(bytes)).on('end', () => response.end());
    });
    const exchange = await send({ url: `${url}/pay`, json: { amount: '150', name: 'Élodie' } });
    expect(exchange).toMatchObject({
      kind: 'response',
      status: 201,
      headers: { 'x-request-id': 'abc' },
      text: '{"amount":"150","name":"Élodie"}',
      body: { amount: '150', name: 'Élodie' },
    });
  });

  it.each([400, 404, 500, 503])('with status %i is a response like any other', async (status) => {
    const url = await serve((_, response) => response.writeHead(status).end('{"errorCode":"x"}'));
    expect(await send({ url })).toMatchObject({ kind: 'response', status, body: { errorCode: 'x' } });
  });

  it.each([
    ['HTML', '<html>oops</html>', '<html>oops</html>'],
    ['nothing', '', ''],
    ['cut JSON', '{"a":', '{"a":'],
    ['broken UTF-8', Buffer.from([0x7b, 0xff, 0xfe]), '{\uFFFD\uFFFD'],
  ])('of %s has a text but no body', async (_, bytes, text) => {
    const url = await serve((__, response) => response.end(bytes));
    expect(await send({ url })).toMatchObject({ kind: 'response', text, body: undefined });
  });

  it('is read past a byte order mark', async () => {
    const url = await serve((_, response) => response.end('\uFEFF{"a":1}'));
    expect(await send({ url })).toMatchObject({ body: { a: 1 } });
  });

  it('that redirects is not followed', async () => {
    let followed = 0;
    const target = await serve((_, response) => response.end(String(++followed)));
    const url = await serve((_, response) => response.writeHead(302, { location: target }).end());
    expect(await send({ url })).toMatchObject({ kind: 'response', status: 302, headers: { location: target } });
    expect(followed).toBe(0);
  });

  it('is unpacked', async () => {
    const packed = gzipSync('{"a":1}');
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed));
    expect(await send({ url })).toMatchObject({ body: { a: 1 } });
  });
});

describe('nothing left us (notSent)', () => {
  it('where the connection is refused', async () => {
    expect(await send({ url: await closedPort() })).toEqual({
      kind: 'notSent',
      cause: 'connection refused (ECONNREFUSED)',
    });
  });

  it('where the name does not resolve', async () => {
    expect(await send({ url: 'http://nobody.invalid/' })).toMatchObject({ kind: 'notSent' });
  });

  it.each(['', 'nonsense', 'ftp://127.0.0.1/', 'file:///etc/hosts', 'data:,x', 'http://user:pass@127.0.0.1/'])(
    'for the URL %p',
    async (url) => {
      expect(await send({ url })).toEqual({ kind: 'notSent', cause: 'the URL is not valid' });
    },
  );

  it('where TLS is not agreed before the connection breaks', async () => {
    const bytes: Buffer[] = [];
    const host = await listen(
      createTcpServer((socket) => {
        socket.once('data', (data: Buffer) => {
          bytes.push(data);
          socket.destroy();
        });
      }),
    );
    const exchange = await send({ url: `https://${host}/`, headers: { authorization: 'Bearer very-secret-token' } });
    expect(exchange).toMatchObject({ kind: 'notSent' });
    expect(Buffer.concat(bytes).toString('latin1')).not.toContain('very-secret-token');
  });

  it('where the other side does not speak TLS', async () => {
    const url = (await serve((_, response) => response.end())).replace('http:', 'https:');
    expect(await send({ url })).toMatchObject({ kind: 'notSent' });
  });

  it('where no connection comes about in time, and the half-open socket is given up', async () => {
    const closed: Promise<void>[] = [];
    // TLS that never answers: connected at TCP level, but nothing of the request can have left.
    const host = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined).resume();
        closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
      }),
    );
    expect(await send({ url: `https://${host}/`, timeoutMs: 100 })).toEqual({
      kind: 'notSent',
      cause: 'no connection within 100 ms',
    });
    expect(closed).toHaveLength(1);
    await Promise.all(closed);
  });

  it('where the name is still being resolved when the time is up', async () => {
    const guard = { assertUrl: () => undefined, lookup: () => undefined };
    expect(await send({ url: 'http://slow.test/', timeoutMs: 50 }, { guard })).toMatchObject({ kind: 'notSent' });
  });

  it('where the time to send had passed at the start', async () => {
    const time = new ManualTime(1_000);
    expect(await send({ url: await closedPort(), sendBefore: 1_000 }, { clock: time })).toEqual({
      kind: 'notSent',
      cause: 'the time to send had passed',
    });
  });

  it('where the time to send passes while the connection is made', async () => {
    const time = new ManualTime(1_000);
    let received = 0;
    const port = Number((await serve((_, response) => response.end(String(++received)))).split(':')[2]);
    const guard = {
      assertUrl: () => undefined,
      lookup: (_: string, options: { all?: boolean }, done: (...answer: unknown[]) => void) => {
        time.advance(5_000); // The lease ends while we resolve the name.
        if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
        else done(null, '127.0.0.1', 4);
      },
    };
    const exchange = await send({ url: `http://provider.test:${port}/`, sendBefore: 2_000 }, { clock: time, guard });
    expect(exchange).toEqual({ kind: 'notSent', cause: 'the time to send had passed' });
    expect(received).toBe(0);
  });

  it('where the time to send passes before a kept connection is used again', async () => {
    let now = 1_000;
    const clock = { now: () => now };
    let received = 0;
    const url = await serve((_, response) => response.end(String(++received)));
    const client = makeClient({ clock });
    expect(await client.send({ method: 'GET', url })).toMatchObject({ kind: 'response' });
    const late = client.send({ method: 'GET', url, sendBefore: 2_000 });
    now = 3_000; // After the first check, before the socket is handed over.
    expect(await late).toMatchObject({ kind: 'notSent' });
    expect(received).toBe(1);
  });

  it('where the guard refuses the URL or the address', async () => {
    let received = 0;
    const url = await serve((_, response) => response.end(String(++received)));
    const refuse = { assertUrl: () => 'private address', lookup: () => undefined };
    expect(await send({ url }, { guard: refuse })).toEqual({ kind: 'notSent', cause: 'private address' });
    const guard = {
      assertUrl: () => undefined,
      lookup: (_: string, __: unknown, done: (error: Error) => void) =>
        done(Object.assign(new Error('leads to 10.0.0.7'), { code: 'EGRESS_REFUSED' })),
    };
    expect(await send({ url: 'http://inside.test/' }, { guard })).toEqual({
      kind: 'notSent',
      cause: 'connection fault (EGRESS_REFUSED)',
    });
    expect(received).toBe(0);
  });

  it('where a header or the body cannot be written', async () => {
    let received = 0;
    const url = await serve((_, response) => response.end(String(++received)));
    expect(await send({ url, json: { amount: 1n } })).toMatchObject({ kind: 'notSent' });
    expect(received).toBe(0);
  });
});

describe('silence after the request may have left (noResponse)', () => {
  it('where the connection is reset after the request', async () => {
    const url = await serve((request) => request.socket.resetAndDestroy());
    expect(await send({ url })).toMatchObject({ kind: 'noResponse', cause: 'connection reset (ECONNRESET)' });
  });

  it('where the connection is reset as soon as it is open', async () => {
    const host = await listen(
      createTcpServer((socket) => socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy())),
    );
    expect(await send({ url: `http://${host}/` })).toMatchObject({ kind: 'noResponse' });
  });

  it('where nobody answers in time', async () => {
    const url = await serve(() => undefined);
    expect(await send({ url, timeoutMs: 100 })).toMatchObject({ kind: 'noResponse', cause: 'no answer within 100 ms' });
  });

  it('where the answer never ends in time', async () => {
    const url = await serve((_, response) => response.writeHead(200).write('{"a":'));
    expect(await send({ url, timeoutMs: 100 })).toMatchObject({ kind: 'noResponse', cause: 'no answer within 100 ms' });
  });

  it('where the answer breaks off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"a":1}', () => response.socket?.destroy());
    });
    expect(await send({ url })).toMatchObject({ kind: 'noResponse' });
  });

  it('where the answer is no HTTP', async () => {
    const host = await listen(createTcpServer((socket) => socket.once('data', () => socket.end('hello\r\n\r\n'))));
    expect(await send({ url: `http://${host}/` })).toMatchObject({ kind: 'noResponse' });
  });

  it.each([
    ['plain', 'x'.repeat(2_000), {}],
    ['packed', gzipSync('x'.repeat(2_000)), { 'content-encoding': 'gzip' }],
  ])('where the answer is too large (%s)', async (_, bytes, headers) => {
    const url = await serve((__, response) => response.writeHead(200, headers).end(bytes));
    expect(await send({ url }, { maxResponseBytes: 1_000 })).toMatchObject({ kind: 'noResponse' });
  });

  it('where the client is closed meanwhile', async () => {
    const client = makeClient();
    const url = await serve(() => client.close());
    expect(await client.send({ method: 'GET', url })).toMatchObject({ kind: 'noResponse' });
  });
});

describe('TLS', () => {
  // Pre-shared keys are real TLS without a certificate to keep in the repository.
  const key = Buffer.from('a key for this test alone');
  const pskOptions = (psk: Buffer): AgentOptions => ({
    ciphers: 'PSK',
    maxVersion: 'TLSv1.2',
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  });

  async function serveTls(): Promise<{ url: string; connections: Set<Socket>; requests: () => number }> {
    const connections = new Set<Socket>();
    let requests = 0;
    const options = { ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => key } as const;
    const server = createTlsServer(options, (request, response) => {
      requests++;
      connections.add(request.socket);
      response.end('{"over":"tls"}');
    });
    server.on('tlsClientError', () => undefined);
    return { url: `https://${await listen(server)}/`, connections, requests: () => requests };
  }

  it('carries exchanges, and keeps its connection', async () => {
    const { url, connections } = await serveTls();
    const client = makeClient({ agentOptions: pskOptions(key) });
    for (let i = 0; i < 2; i++) {
      expect(await client.send({ method: 'GET', url })).toMatchObject({ kind: 'response', body: { over: 'tls' } });
    }
    expect(connections.size).toBe(1);
    await client.send({ method: 'GET', url, freshConnection: true });
    expect(connections.size).toBe(2);
  });

  it('that one side refuses proves that nothing was sent', async () => {
    const { url, requests } = await serveTls();
    const agentOptions = pskOptions(Buffer.from('another key'));
    expect(await send({ url }, { agentOptions })).toMatchObject({ kind: 'notSent' });
    expect(requests()).toBe(0);
  });
});

describe('connections', () => {
  async function countConnections(freshConnection: boolean): Promise<number> {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    const client = makeClient();
    for (let i = 0; i < 3; i++) await client.send({ method: 'GET', url, freshConnection });
    return ports.size;
  }

  it('are fresh for each submit', async () => expect(await countConnections(true)).toBe(3));

  it('are kept for everything else', async () => expect(await countConnections(false)).toBe(1));

  it('ignore proxies named in the environment', async () => {
    let proxied = 0;
    const proxy = await serve((_, response) => response.end(String(++proxied)));
    const url = await serve((_, response) => response.end('"direct"'));
    const before = { ...process.env };
    Object.assign(process.env, { http_proxy: proxy, HTTP_PROXY: proxy, all_proxy: proxy, no_proxy: '' });
    try {
      expect(await send({ url })).toMatchObject({ body: 'direct' });
    } finally {
      process.env = before;
    }
    expect(proxied).toBe(0);
  });
});

describe('what logs may know', () => {
  it('is the route, not the ids, the query, or the phone number in it', async () => {
    const records: ExchangeRecord[] = [];
    const url = await serve((_, response) => response.end('{}'));
    await send(
      {
        url: `${url}/v1/payments/py_123456789abcdef0/phone/254708374149?token=secret1`,
        headers: { 'x-api-key': 'secret2' },
      },
      { onExchange: (record: ExchangeRecord) => records.push(record) },
    );
    await send({ url: await closedPort() }, { onExchange: (record: ExchangeRecord) => records.push(record) });
    expect(records).toEqual([
      {
        method: 'POST',
        host: url.slice('http://'.length),
        path: '/v1/payments/:id/phone/:id',
        kind: 'response',
        status: 200,
        durationMs: expect.any(Number),
      },
      expect.objectContaining({ kind: 'notSent', cause: 'connection refused (ECONNREFUSED)', path: '/' }),
    ]);
  });

  it('does not disturb the exchange when it cannot be recorded', async () => {
    const url = await serve((_, response) => response.end('{}'));
    const onExchange = () => {
      throw new Error('metrics are down');
    };
    const warnings: unknown[] = [];
    const { emitWarning } = process;
    process.emitWarning = (warning: unknown) => void warnings.push(warning);
    try {
      expect(await send({ url }, { onExchange })).toMatchObject({ kind: 'response' });
    } finally {
      process.emitWarning = emitWarning;
    }
    expect(warnings).toEqual([expect.stringContaining('metrics are down')]);
  });

  it('is told from the secrets of the request', async () => {
    const url = await serve((_, response) => response.end('{}'));
    const authorization = `Basic ${Buffer.from('consumer:s3cret-pass').toString('base64')}`;
    const exchange = await send({
      url: `${url}/?access_token=in-the-query`,
      headers: { Authorization: authorization },
      json: { Password: 'cGFzc3dvcmQ=', Amount: '1' },
    });
    expect(secretsOf(exchange)).toEqual(
      expect.arrayContaining(['consumer', 's3cret-pass', 'cGFzc3dvcmQ=', 'in-the-query']),
    );
    expect(secretsOf(exchange)).not.toContain('1');
    expect(JSON.stringify(exchange)).not.toContain('s3cret-pass');
  });
});
