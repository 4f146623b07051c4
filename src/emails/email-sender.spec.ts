import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { ManualTime } from '#libs/primitives';
import { MailServer } from '../../test/support/mail-server.js';
import type { SmtpSettings } from '../config/mail-settings.js';
import { ATTEMPT_TIMEOUT_MS, EmailSender, type OutgoingEmail } from './email-sender.js';

const MAIL: OutgoingEmail = {
  to: 'customer@example.com',
  senderName: 'Duka, "la" <Achieng>',
  replyTo: null,
  messageKey: 'eml_1.1',
  subject: 'Reçu',
  html: '<p>Merci</p>',
  text: 'Merci',
  unsubscribeUrl: undefined,
};

describe('The sender of mails', () => {
  const time = new ManualTime(1_795_334_400_000);
  let server: MailServer;
  let senders: EmailSender[] = [];

  beforeAll(async () => {
    server = await MailServer.start();
  });
  afterEach(() => {
    for (const sender of senders) sender.onApplicationShutdown();
    senders = [];
  });
  afterAll(() => server.close());

  function openSender(url: string, change: Partial<SmtpSettings> = {}): EmailSender {
    const { hostname: host, port } = new URL(url);
    const account = { user: undefined, password: undefined, from: 'no-reply@pay.example' };
    const smtp = { host, port: Number(port), secure: false, requireTls: false, ...account, ...change };
    const sender = new EmailSender({ smtp, publicUrl: 'https://pay.example/malipo' }, time);
    senders.push(sender);
    return sender;
  }

  it('hands over what it is given, under the id it is given, and answers what the server said', async () => {
    const outcome = await openSender(server.url).send(MAIL);
    expect(outcome).toEqual({ kind: 'sent', answer: expect.stringMatching(/^250/) });
    const mail = server.mailsTo(MAIL.to).at(-1);
    expect(mail?.headers.get('message-id')).toBe('<eml_1.1@pay.example>');
    expect(mail?.headers.get('from')).toMatch(/no-reply@pay\.example>$/);
    expect([mail?.from, mail?.text.trim(), mail?.html.trim()]).toEqual([
      'no-reply@pay.example',
      'Merci',
      '<p>Merci</p>',
    ]);
  });

  it('says nothing to a server without TLS where TLS is demanded', async () => {
    const before = server.mails.length;
    const outcome = await openSender(server.url, { requireTls: true }).send(MAIL);
    expect(outcome).toEqual({ kind: 'later', answer: expect.any(String) });
    expect(server.mails.length).toBe(before);
  });

  it('gives up on a server that takes the connection and never says a word', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    const port = await listen(silent);
    const sending = openSender(`smtp://127.0.0.1:${port}`).send(MAIL);
    while (sockets.length === 0) await turn();
    time.advance(ATTEMPT_TIMEOUT_MS);
    expect(await sending).toEqual({ kind: 'later', answer: 'The mail server took too long.' });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it.each([
    ['nobody listens', (socket: Socket) => socket.destroy()],
    ['what listens speaks something else', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['the server is closing', (socket: Socket) => socket.end('421 4.3.2 Closing\r\n')],
    ['the server lets nobody in', (socket: Socket) => socket.end('554 5.3.2 Go away\r\n')],
  ])('tries later where %s', async (_, answer) => {
    const odd = createServer(answer);
    const port = await listen(odd);
    expect((await openSender(`smtp://127.0.0.1:${port}`).send(MAIL)).kind).toBe('later');
    odd.close();
  });

  it('refuses nothing and sends nothing where there is no server at all', async () => {
    const sender = new EmailSender({ smtp: undefined, publicUrl: 'http://127.0.0.1:3000' }, time);
    expect([sender.isOn, (await sender.send(MAIL)).kind]).toEqual([false, 'later']);
  });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
