import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail as it came over the wire. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** By lower-case name, unfolded and decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly raw: string;
  /** The plain text and the HTML, decoded. */
  readonly text: string;
  readonly html: string;
}

/** What the server says to one command instead of yes; undefined for yes. */
type Refusal = string | undefined;

/** A real mail server on loopback that behaves as the test says. */
export class MailServer {
  /** Everything it took. */
  readonly mails: ReceivedMail[] = [];
  /** What it says to a recipient, such as `550 5.1.1 No such user`. */
  onRecipient: (address: string) => Refusal = () => undefined;
  /** What it says to a whole message. */
  onMessage: (raw: string) => Refusal = () => undefined;
  /** Whether it hangs up in the middle of the next message. */
  diesInData = false;

  private server = this.create();
  private readonly sockets = new Set<Socket>();
  private port = 0;

  static async start(): Promise<MailServer> {
    const started = new MailServer();
    await started.listen();
    return started;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Those that went to the address, oldest first. */
  mailsTo(address: string): ReceivedMail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  /** Gone, until `listen` brings it back on the same port. */
  async close(): Promise<void> {
    this.hangUp();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  async listen(): Promise<void> {
    this.server = this.create();
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', () => resolve()));
    this.port = (this.server.server.address() as AddressInfo).port;
    this.server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  private hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private create(): SMTPServer {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onRcptTo: ({ address }, _, done) => done(toError(this.onRecipient(address))),
      onData: (stream, session, done) => {
        if (this.diesInData) {
          this.diesInData = false;
          stream.once('data', () => this.hangUp());
          stream.resume();
          return;
        }
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8');
          const refusal = toError(this.onMessage(raw));
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          if (!refusal)
            this.mails.push(
              toMail(
                raw,
                from,
                rcptTo.map(({ address }) => address),
              ),
            );
          done(refusal);
        });
      },
    });
    // Clients that are cut off in the middle are what some tests are about.
    server.on('error', () => undefined);
    return server;
  }
}

function toError(refusal: Refusal): Error | null {
  if (refusal === undefined) return null;
  return Object.assign(new Error(refusal.slice(4)), { responseCode: Number(refusal.slice(0, 3)) });
}

function toMail(raw: string, from: string, to: readonly string[]): ReceivedMail {
  const headers = new Map<string, string>();
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  for (const line of head.split('\r\n')) {
    const at = line.indexOf(':');
    headers.set(line.slice(0, at).toLowerCase(), decodeWords(line.slice(at + 1).trim()));
  }
  return { from, to, headers, raw, text: findPart(raw, 'text/plain'), html: findPart(raw, 'text/html') };
}

/** RFC 2047. */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, encoding: string, word: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeQuoted(word.replaceAll('_', ' ')),
    );
}

function decodeQuoted(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function findPart(raw: string, type: string): string {
  const boundary = /boundary="([^"]+)"/.exec(raw)?.[1] ?? '';
  const part = raw
    .split(`--${boundary}`)
    .find((candidate) => candidate.toLowerCase().includes(`content-type: ${type}`));
  if (part === undefined) return '';
  const body = part.slice(part.indexOf('\r\n\r\n') + 4);
  if (/content-transfer-encoding: base64/i.test(part)) return Buffer.from(body, 'base64').toString('utf8');
  return /content-transfer-encoding: quoted-printable/i.test(part) ? decodeQuoted(body) : body;
}
