import { request } from 'node:http';
import { connect } from 'node:net';
import type { TestAnswer } from './gateway.js';

/** A request that no well-behaved client would send. */
export interface RawRequest {
  readonly method: string;
  /** Sent as it is, percent signs and dots included. */
  readonly path: string;
  /** A list of values sends the header once for each. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/** Sends what `fetch` would mend or refuse, on a connection of its own. Rejects where no answer comes. */
export function sendRaw(baseUrl: string, { method, path, headers = {}, body }: RawRequest): Promise<TestAnswer> {
  const { hostname, port } = new URL(baseUrl);
  // Node frames the bodies of some methods only.
  const length =
    body === undefined || headers['transfer-encoding'] ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, headers: { ...length, ...headers }, agent: false };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const answered = new Headers();
        for (const [name, value] of Object.entries(incoming.headers)) answered.set(name, [value].flat().join(', '));
        resolve({
          status: incoming.statusCode ?? 0,
          headers: answered,
          text,
          body: text !== '' && isJson(answered) ? JSON.parse(text) : undefined,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/**
 * Writes bytes to a socket and answers everything that came back when the other side has hung up. With `hangUp` this side
 * says that it will send no more; without it the other side must lose patience.
 */
export function talk(baseUrl: string, bytes: string | Buffer, { hangUp = true } = {}): Promise<string> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      socket.write(bytes);
      if (hangUp) socket.end();
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset is an end too.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

function isJson(headers: Headers): boolean {
  return /^application\/(?:[\w.]+\+)?json/.test(headers.get('content-type') ?? '');
}
