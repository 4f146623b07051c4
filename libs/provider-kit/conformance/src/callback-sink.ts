import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RawCallback } from '#libs/provider-kit';

/** Where the simulator's callbacks arrive: every path is a purpose, and everything is kept as it came. */
export interface CallbackSink {
  readonly baseUrl: string;
  /** Hands out a fresh path for a purpose, as unguessable as the gateway's. */
  urlFor(purpose: string): string;
  /** The first message that came, or comes in time, on one of the URLs and that `isMeant` takes. */
  next(urls: readonly string[], isMeant: (raw: RawCallback) => Promise<boolean>): Promise<RawCallback>;
  /** Forgets every message that came so far. */
  reset(): void;
  close(): Promise<void>;
}

export async function startCallbackSink(randomHex: () => string, messageTimeoutMs: number): Promise<CallbackSink> {
  const purposes = new Map<string, string>();
  const arrived: { path: string; raw: RawCallback }[] = [];
  const waiting = new Set<() => void>();
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
      arrived.push({ path, raw });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ResultCode":0,"ResultDesc":"Accepted"}');
      for (const wake of waiting) wake();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const untilArrival = (waitMs: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      waiting.add(done);
    });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    baseUrl,
    urlFor(purpose) {
      const path = `/callbacks/${randomHex()}`;
      purposes.set(path, purpose);
      return baseUrl + path;
    },
    async next(urls, isMeant) {
      const paths = urls.map((url) => url.slice(baseUrl.length));
      const deadline = Date.now() + messageTimeoutMs;
      for (let seen = 0; Date.now() < deadline;) {
        const message = arrived[seen];
        if (!message) {
          await untilArrival(deadline - Date.now());
          continue;
        }
        seen++;
        if (paths.includes(message.path) && (await isMeant(message.raw))) return message.raw;
      }
      throw new Error(`no such message within ${messageTimeoutMs} ms`);
    },
    reset() {
      arrived.length = 0;
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
