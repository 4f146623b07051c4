import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RawCallback } from '#libs/provider-kit';

/** Where the simulator's callbacks arrive: every path is a purpose, and everything is kept as it came. */
export interface CallbackSink {
  readonly baseUrl: string;
  /** Hands out a fresh path for a purpose, as unguessable as the gateway's. */
  urlFor(purpose: string): string;
  /** The first message that came, or comes, on the URL. */
  next(url: string, timeoutMs: number): Promise<RawCallback>;
  close(): Promise<void>;
}

export async function startCallbackSink(randomHex: () => string): Promise<CallbackSink> {
  const purposes = new Map<string, string>();
  const arrived = new Map<string, RawCallback>();
  const waiting = new Map<string, (raw: RawCallback) => void>();
  const sockets = new Set<Socket>();

  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const path = request.url ?? '';
      const raw: RawCallback = {
        method: request.method ?? '',
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        body,
        sourceAddress: request.socket.remoteAddress ?? '',
        purpose: purposes.get(path) ?? '',
      };
      if (!arrived.has(path)) arrived.set(path, raw);
      waiting.get(path)?.(raw);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ResultCode":0,"ResultDesc":"Accepted"}');
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    baseUrl,
    urlFor(purpose) {
      const path = `/callbacks/${randomHex()}`;
      purposes.set(path, purpose);
      return baseUrl + path;
    },
    next(url, timeoutMs) {
      const path = url.slice(baseUrl.length);
      const here = arrived.get(path);
      if (here) return Promise.resolve(here);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no callback within ${timeoutMs} ms`)), timeoutMs);
        waiting.set(path, (raw) => {
          clearTimeout(timer);
          resolve(raw);
        });
      });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}
