import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gate does with the requests whose path contains a text: keep them back, or let them through and keep the answer. */
export interface Hold {
  readonly path: string;
  readonly keep: 'request' | 'answer';
}

/** Stands before a provider, and holds requests or answers back until the test opens it. */
export class Gate {
  private hold: Hold | undefined;
  private release: () => void = () => undefined;
  private opened = Promise.resolve();
  /** How many were held back so far. */
  held = 0;

  private constructor(
    private readonly target: string,
    private readonly server: Server,
  ) {
    server.on('request', (incoming, answer) => void this.pass(incoming, answer));
  }

  static async before(target: string): Promise<Gate> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Gate(target, server);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  close(hold: Hold): void {
    this.hold = hold;
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  open(): void {
    this.hold = undefined;
    this.release();
  }

  async end(): Promise<void> {
    this.open();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { hold } = this;
    const isHeld = hold !== undefined && (incoming.url ?? '').includes(hold.path);
    if (isHeld && hold.keep === 'request') await this.wait();
    const outgoing = request(
      `${this.target}${incoming.url ?? '/'}`,
      { method: incoming.method, headers: incoming.headers, agent: false },
      (given) => {
        const hand = () => {
          answer.writeHead(given.statusCode ?? 502, given.headers);
          given.pipe(answer);
        };
        if (isHeld && hold.keep === 'answer') void this.wait().then(hand);
        else hand();
      },
    );
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  }

  private wait(): Promise<void> {
    this.held++;
    return this.opened;
  }
}
