import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Problem } from '../http/problem.js';

/** Answers a request that wanted a WebSocket with a problem document, and hangs up. */
export function refuseUpgrade(
  socket: Duplex,
  problem: Problem,
  { requestId, headers }: { readonly requestId: string; readonly headers: Readonly<Record<string, string>> },
): void {
  const body = JSON.stringify(problem.toBody(requestId));
  const all = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'request-id': requestId,
    connection: 'close',
    ...headers,
    ...problem.extras.headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${String(problem.status)} ${STATUS_CODES[problem.status] ?? 'Refused'}`;
  socket.end([status, ...lines, '', body].join('\r\n'));
  // A client that was refused and does not hang up is hung up on.
  if (socket instanceof Socket) socket.destroySoon();
}

/**
 * Hands a request back to the server as if it had asked for no upgrade, which is what HTTP says of one that a server does not
 * want (RFC 9110, §7.8): with a listener Node gives us all of them, and some clients offer HTTP/2 with every first request.
 */
export function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]];
    if (!/^(upgrade|http2-settings|connection)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  // Node reads headers as latin1: written the same way they are the bytes that came.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
