import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/**
 * A receiver that costs next to nothing: it reads where a request ends, answers 200, and counts. On `/dead` it takes
 * requests and says nothing, for ever. Plain sockets: on two cores an HTTP server would take as much as the sender.
 */
export class Sink {
  count = 0;
  /** How long each message was on its way from its event on (ms), where it says when that was. */
  readonly latenciesMs: number[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.serve(socket));
  }

  /** Listens when it resolves. */
  static start(): Promise<Sink> {
    const server = createServer();
    const sink = new Sink(server);
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(sink)));
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  reset(): void {
    this.count = 0;
    this.latenciesMs.length = 0;
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    socket.setNoDelay(true).setEncoding('latin1');
    let received = '';
    socket.on('data', (chunk: string) => {
      received += chunk;
      for (let size = findSize(received); size !== undefined && received.length >= size; size = findSize(received)) {
        this.take(socket, received.slice(0, size));
        received = received.slice(size);
      }
    });
  }

  private take(socket: Socket, request: string): void {
    if (request.startsWith('POST /dead')) return;
    this.count++;
    const [, sentAt] = /"sentAt":"(\d+)"/.exec(request) ?? [];
    if (sentAt !== undefined) this.latenciesMs.push(Date.now() - Number(sentAt));
    socket.write(OK);
  }
}

/** How many characters the request at the start of the text has, once its header is there. */
function findSize(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end)) ?? [];
  return end + 4 + Number(length);
}
