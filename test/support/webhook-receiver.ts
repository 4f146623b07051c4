import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came over the wire. */
export interface ReceivedMessage {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver does with a message; `response` is its to use or to leave hanging. */
export type ReceiverBehaviour = (message: ReceivedMessage, response: ServerResponse) => void;

/** Answers with this status, a small body, and these headers. */
export function answering(status: number, headers: Readonly<Record<string, string>> = {}): ReceiverBehaviour {
  return (_message, response) => void response.writeHead(status, headers).end(`answer ${status}`);
}

/** Takes the message and says nothing, for ever. */
export const hanging: ReceiverBehaviour = () => undefined;

/** A merchant's web server on loopback, over real HTTP. */
export class WebhookReceiver {
  readonly messages: ReceivedMessage[] = [];
  /** How many sockets were opened to it. */
  connections = 0;

  private constructor(
    private readonly server: Server,
    /** May be replaced at any time. */
    public behaviour: ReceiverBehaviour,
  ) {
    server.on('connection', () => this.connections++);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const message = { path: request.url ?? '', headers: request.headers, body };
        this.messages.push(message);
        this.behaviour(message, response);
      });
    });
  }

  /** Listens when it resolves; call `close` at the end. */
  static start(behaviour: ReceiverBehaviour = answering(200)): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server, behaviour);
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(receiver)));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/webhooks'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Ends every connection, as a server that is restarted does. */
  hangUp(): void {
    this.server.closeAllConnections();
  }

  /** Ends every connection, hanging ones too. */
  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
