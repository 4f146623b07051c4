import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ManualTime } from '#libs/primitives';
import { answering, hanging, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import { EgressGuard, systemResolver, type NameResolver } from '../egress/egress-guard.js';
import { Metrics } from '../metrics/metrics.js';
import { ATTEMPT_TIMEOUT_MS, WebhookSender, type OutgoingMessage } from './webhook-sender.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

function messageTo(url: string): OutgoingMessage {
  return { url, headers: { 'content-type': 'application/json', 'webhook-id': 'evt_1' }, body: '{"type":"test.ping"}' };
}

/** Lets undici see that a socket is idle again. */
async function breathe(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('The webhook sender', () => {
  let time: ManualTime;
  let receiver: WebhookReceiver;
  let sender: WebhookSender;
  const rawServers: Server[] = [];

  const createSender = (egressAllow: readonly string[], resolve: NameResolver = systemResolver): WebhookSender =>
    new WebhookSender(new EgressGuard({ egressAllow }, time, resolve), time, time, new Metrics());

  /** A server that speaks bytes, not HTTP. */
  async function listenRaw(onSocket: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    rawServers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  beforeEach(async () => {
    time = new ManualTime(Date.now());
    receiver = await WebhookReceiver.start();
    sender = createSender(['127.0.0.0/8']);
  });
  afterEach(async () => {
    await sender.onApplicationShutdown();
    await receiver.close();
    for (const server of rawServers.splice(0)) server.close();
    expect(time.nextTimerAt()).toBeUndefined();
  });

  it('posts headers and body as they are, and keeps the answer', async () => {
    const result = await sender.send(messageTo(receiver.url('/hooks?shop=7')));
    expect(result).toEqual({
      at: time.now(),
      statusCode: 200,
      answer: 'answer 200',
      durationMs: 0,
      retryAfter: undefined,
    });
    expect(receiver.messages).toMatchObject([
      { path: '/hooks?shop=7', headers: { 'webhook-id': 'evt_1' }, body: '{"type":"test.ping"}' },
    ]);
  });

  it('sends one after the other over one connection', async () => {
    for (let count = 0; count < 5; count++) {
      await sender.send(messageTo(receiver.url()));
      await breathe();
    }
    expect(receiver.messages).toHaveLength(5);
    expect(receiver.connections).toBe(1);
  });

  it.each([204, 299, 400, 404, 410, 500, 503])('takes %d for an answer', async (status) => {
    receiver.behaviour = answering(status);
    expect(await sender.send(messageTo(receiver.url()))).toMatchObject({ statusCode: status });
    expect(receiver.messages).toHaveLength(1);
  });

  it('hands on what Retry-After says', async () => {
    receiver.behaviour = answering(429, { 'retry-after': '120' });
    expect(await sender.send(messageTo(receiver.url()))).toMatchObject({ statusCode: 429, retryAfter: '120' });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %d', async (status) => {
    const elsewhere = await WebhookReceiver.start();
    receiver.behaviour = answering(status, { location: elsewhere.url() });
    expect(await sender.send(messageTo(receiver.url()))).toMatchObject({ statusCode: status });
    expect(elsewhere.connections).toBe(0);
    await elsewhere.close();
  });

  it('waits fifteen seconds for an answer and no longer', async () => {
    receiver.behaviour = hanging;
    const sent = sender.send(messageTo(receiver.url()));
    await until(() => receiver.messages.length === 1);
    time.advance(ATTEMPT_TIMEOUT_MS - 1);
    expect(time.nextTimerAt()).toBe(time.now() + 1);
    time.advance(1);
    expect(await sent).toMatchObject({
      statusCode: null,
      answer: 'No answer came within 15 seconds.',
      durationMs: 15_000,
    });
  });

  it('waits no longer for a name that never resolves, and sends nothing if it does later', async () => {
    let answerLate: (() => void) | undefined;
    const slow = createSender(['127.0.0.0/8'], (_hostname, _options, callback) => {
      answerLate = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    });
    const sent = slow.send(messageTo(`http://slow.example:${receiver.port}/`));
    await until(() => answerLate !== undefined);
    time.advance(ATTEMPT_TIMEOUT_MS);
    expect(await sent).toMatchObject({ statusCode: null, answer: 'No answer came within 15 seconds.' });
    answerLate?.();
    await until(() => receiver.connections === 1);
    // One message more over the same pool shows that the first one is not waiting in it.
    await sender.send(messageTo(receiver.url('/second')));
    expect(receiver.messages.map(({ path }) => path)).toEqual(['/second']);
    await slow.onApplicationShutdown();
  });

  it('counts the status line where the body never ends', async () => {
    let closed = false;
    receiver.behaviour = (_message, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(4_096, 'x');
      const pour = (): void => {
        if (!response.destroyed && response.write(chunk)) setImmediate(pour);
      };
      response.on('drain', pour).on('close', () => (closed = true));
      pour();
    };
    const { statusCode, answer } = await sender.send(messageTo(receiver.url()));
    expect({ statusCode, answer }).toEqual({ statusCode: 200, answer: 'x'.repeat(16_384) });
    await until(() => closed);
  });

  it('counts the status line where the body stops in the middle, at the latest after fifteen seconds', async () => {
    let arrived = false;
    const onChunk = (): void => void (arrived = true);
    subscribe('undici:request:bodyChunkReceived', onChunk);
    receiver.behaviour = (_message, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
    };
    const sent = sender.send(messageTo(receiver.url()));
    await until(() => arrived);
    unsubscribe('undici:request:bodyChunkReceived', onChunk);
    await breathe();
    time.advance(ATTEMPT_TIMEOUT_MS);
    expect(await sent).toMatchObject({ statusCode: 200, answer: 'half' });
  });

  it('counts the status line where the body breaks', async () => {
    receiver.behaviour = (_message, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    expect(await sender.send(messageTo(receiver.url()))).toMatchObject({ statusCode: 200, answer: 'half' });
  });

  it.each([
    ['nothing listens', 'close', 'The connection was refused.'],
    ['the answer is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'The answer is no HTTP.'],
    ['the answer ends before it begins', '', 'The connection was closed before an answer came.'],
  ])('says why there is no answer: %s', async (_name, speech, answer) => {
    const url = await listenRaw((socket) => socket.once('data', () => socket.end(speech)));
    if (speech === 'close') await new Promise((resolve) => rawServers.pop()?.close(resolve));
    expect(await sender.send(messageTo(url))).toMatchObject({ statusCode: null, answer });
  });

  it('takes a word in advance for no answer', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n';
    const url = await listenRaw((socket) => socket.once('data', () => socket.write(`${early}${OK}`)));
    expect(await sender.send(messageTo(url))).toMatchObject({ statusCode: 200, answer: 'ok' });
  });

  it('says so where a name does not resolve', async () => {
    const lost = createSender([], (hostname, _options, callback) => {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), []);
    });
    expect(await lost.send(messageTo('http://gone.example/'))).toMatchObject({
      statusCode: null,
      answer: 'The name of the host does not resolve.',
    });
    await lost.onApplicationShutdown();
  });

  it.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', (socket: Socket) => socket.end()],
  ])('tries again at once where the receiver %s a connection it had kept', async (_name, leave) => {
    const requestsByConnection: number[] = [];
    const url = await listenRaw((socket) => {
      const index = requestsByConnection.push(0) - 1;
      socket.on('data', () => {
        const count = (requestsByConnection[index] ?? 0) + 1;
        requestsByConnection[index] = count;
        if (count === 1) socket.write(OK);
        else leave(socket);
      });
    });
    expect(await sender.send(messageTo(url))).toMatchObject({ statusCode: 200 });
    await breathe();
    expect(await sender.send(messageTo(url))).toMatchObject({ statusCode: 200, answer: 'ok' });
    expect(requestsByConnection).toEqual([2, 1]);
  });

  it('does not try again at once where a new connection is reset', async () => {
    let connections = 0;
    const url = await listenRaw((socket) => {
      connections++;
      socket.once('data', () => socket.resetAndDestroy());
    });
    expect(await sender.send(messageTo(url))).toMatchObject({
      statusCode: null,
      answer: 'The connection was reset before an answer came.',
    });
    expect(connections).toBe(1);
  });

  it.each([
    ['stops within the status line', 'HTTP/1.1 200 O', 'The connection was closed before an answer came.'],
    ['stops within the headers', 'HTTP/1.1 200 OK\r\ncontent-le', 'The connection was closed before an answer came.'],
    ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'The answer is no HTTP.'],
    [
      'has headers without end',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}\r\n`,
      'The headers of the answer are larger than we read.',
    ],
    [
      'changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      'The answer is none to a POST (100 or 101).',
    ],
    [
      'has two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok',
      'The answer contradicts itself about its length.',
    ],
  ])('sends once where the answer on a new connection %s', async (_name, speech, answer) => {
    let connections = 0;
    const url = await listenRaw((socket) => {
      connections++;
      socket.once('data', () => socket.end(speech));
    });
    expect(await sender.send(messageTo(url))).toMatchObject({ statusCode: null, answer });
    expect(connections).toBe(1);
  });

  it('never opens a connection to an address that the guard refuses', async () => {
    const strict = createSender([]);
    for (const host of ['127.0.0.1', '127.1', '2130706433', 'localhost', '[::ffff:127.0.0.1]']) {
      const { statusCode, answer } = await strict.send(messageTo(`http://${host}:${receiver.port}/`));
      expect(statusCode).toBeNull();
      expect(answer).toMatch(/^Not sent: .* private, loopback or reserved address/);
    }
    expect(receiver.connections).toBe(0);
    await strict.onApplicationShutdown();
  });

  it('never opens a connection to a name that was public a moment ago', async () => {
    const answers = ['93.184.215.14', '127.0.0.1'];
    const guard = new EgressGuard({ egressAllow: [] }, time, (_hostname, _options, callback) => {
      callback(null, [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]);
    });
    const url = `http://rebinding.example:${receiver.port}/`;
    expect(await guard.findObjection(url)).toBeUndefined();
    const rebound = new WebhookSender(guard, time, time, new Metrics());
    expect(await rebound.send(messageTo(url))).toMatchObject({
      statusCode: null,
      answer: 'Not sent: the name leads to a private, loopback or reserved address.',
    });
    expect(receiver.connections).toBe(0);
    await rebound.onApplicationShutdown();
  });
});
