import { connect, type AddressInfo, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { createIdSource, systemClock } from '#libs/primitives';
import { createFastifyAdapter } from './fastify.js';

const PATIENCE = { headersMs: 150, requestMs: 300, checkMs: 25 };

describe('The HTTP server', () => {
  let fastify: FastifyInstance;
  let port: number;
  let reached: string[];
  let finish: () => void;

  beforeAll(async () => {
    const adapter = createFastifyAdapter(createIdSource(systemClock), PATIENCE);
    fastify = adapter.getInstance();
    fastify.post('/echo', (request) => {
      reached.push('echo');
      return { body: request.body ?? null };
    });
    fastify.get('/slow', async () => {
      reached.push('slow');
      await new Promise<void>((resolve) => (finish = resolve));
      return { done: true };
    });
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    port = (fastify.server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    reached = [];
  });
  afterAll(() => fastify.close());

  /** Opens a socket, and answers all that it said when the server has hung up. */
  function open(): { socket: Socket; heard: Promise<string> } {
    const socket = connect({ port, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    return {
      socket,
      heard: new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(chunks).toString()))),
    };
  }

  it.each([
    ['says nothing', ''],
    ['begins and does not go on', 'POST /echo HTT'],
    ['never ends its headers', 'POST /echo HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n'],
    [
      'promises a body and sends a part',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a"',
    ],
    [
      'never ends its chunks',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
    ],
  ])('hangs up on a client that %s', async (_, bytes) => {
    const { socket, heard } = open();
    socket.write(bytes);
    const answer = await heard;
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toMatch(/\r\nRequest-Id: (req_\w+)\r\n[^]*"requestId":"\1"/);
    expect(reached).toEqual([]);
  });

  it('hangs up on a client that drips its headers, however lively it looks', async () => {
    const { socket, heard } = open();
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => socket.write('X-More: 1\r\n'), 20);
    expect(await heard).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
    expect(reached).toEqual([]);
  });

  it('answers the request, not the garbage that came behind it', async () => {
    const { socket, heard } = open();
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n\0garbage\r\n\r\n');
    while (reached.length === 0) await new Promise(setImmediate);
    finish();
    const answer = await heard;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('{"done":true}');
    expect(answer).not.toContain('malformed_request');
  });

  it('hangs up on a client that was told of its mistake and stays', async () => {
    const { socket, heard } = open();
    socket.write('no HTTP at all\r\n\r\n');
    const alive = setInterval(() => socket.write('still here\r\n'), 50);
    expect(await heard).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    clearInterval(alive);
  });

  it('takes a client at its word that waits for 100-continue', async () => {
    const { socket, heard } = open();
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n',
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('{"a":1}');
    expect(await heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\{"body":\{"a":1\}\}/);
  });

  it('gives each request an id of its own, and takes none from outside', async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const url = `http://127.0.0.1:${port}/echo`;
        const answer = await fetch(url, { method: 'POST', headers: { 'request-id': 'mine', 'x-request-id': 'mine' } });
        return answer.headers.get('request-id');
      }),
    );
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^req_[0-9A-Z]{26}$/.test(id ?? ''))).toBe(true);
  });
});
