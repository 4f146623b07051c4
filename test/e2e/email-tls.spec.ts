// Mail servers behind TLS, as a process of ours meets them: which authorities count is decided when it starts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { SMTPServer } from 'smtp-server';
import { describeWithProgram, runProgram } from '../support/programs.js';

import.meta.jest.setTimeout(180_000);

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// One attempt at each server, one after another; prints what became of them.
const SENDER = `
  import { buildWhenStale } from './scripts/build-when-stale.mjs';
  buildWhenStale();
  const { EmailSender } = await import('./dist/src/emails/email-sender.js');
  const { systemScheduler } = await import('./dist/libs/primitives/src/index.js');
  const { readSmtp } = await import('./dist/src/config/mail-settings.js');
  const outcomes = [];
  for (const url of process.argv.slice(1)) {
    const smtp = { ...readSmtp({ url, from: 'no-reply@pay.example' }, true, []), requireTls: url.startsWith('smtp:') };
    const sender = new EmailSender({ smtp, publicUrl: 'https://pay.example' }, systemScheduler);
    const mail = { to: 'ama@example.com', senderName: 'Duka', replyTo: null, messageKey: 'eml_1.1', subject: 'Hi' };
    outcomes.push(await sender.send({ ...mail, html: '<p>Hi</p>', text: 'Hi', unsubscribeUrl: undefined }));
    sender.onApplicationShutdown();
  }
  console.log(JSON.stringify(outcomes));
  process.exit(0);
`;

describeWithProgram('openssl', 'E-mails over TLS', () => {
  let folder: string;
  let authority: string;
  const servers: SMTPServer[] = [];
  /** What each server took, by its name, and whether it came encrypted. */
  const taken: { server: string; secure: boolean }[] = [];

  const openssl = (...words: string[]): string => runProgram('openssl', words, '');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

  /** A certificate of our own authority for a name; a negative number of days makes one that is over. */
  function certify(name: string, altName: string, days = 2): { key: Buffer; cert: Buffer } {
    const path = (ending: string): string => join(folder, `${name}.${ending}`);
    openssl('req', '-new', ...newKey, '-keyout', path('key'), '-out', path('csr'), '-subj', `/CN=${name}`);
    writeFileSync(path('ext'), `subjectAltName=${altName}\n`);
    const signing = ['-CA', authority, '-CAkey', join(folder, 'ca.key'), '-CAcreateserial', '-extfile', path('ext')];
    openssl('x509', '-req', '-in', path('csr'), ...signing, '-days', String(days), '-out', path('pem'));
    return { key: readFileSync(path('key')), cert: readFileSync(path('pem')) };
  }

  /** Answers its address. */
  async function serve(name: string, secure: boolean, certificate: { key: Buffer; cert: Buffer }): Promise<string> {
    const server = new SMTPServer({
      ...certificate,
      secure,
      authOptional: true,
      disabledCommands: ['AUTH'],
      onData: (stream, session, done) => {
        taken.push({ server: name, secure: session.secure });
        stream.on('end', done);
        stream.resume();
      },
    });
    // Clients that do not believe us hang up.
    server.on('error', () => undefined);
    servers.push(server);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()));
    const { port } = server.server.address() as AddressInfo;
    return `${secure ? 'smtps' : 'smtp'}://127.0.0.1:${String(port)}`;
  }

  async function sendTo(urls: readonly string[], environment: Record<string, string>): Promise<unknown[]> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SENDER, ...urls], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(await text(child.stdout)) as unknown[];
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'malipo-mail-tls-'));
    authority = join(folder, 'ca.pem');
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      join(folder, 'ca.key'),
      '-out',
      authority,
      '-subj',
      '/CN=CA',
      '-days',
      '2',
    );
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise<void>((done) => server.close(() => done()))));
    taken.length = 0;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['by STARTTLS', false],
    ['from the first byte', true],
  ])('go out %s to a server that is proven, and to no other; those wait and are tried again', async (_, secure) => {
    const urls = [
      await serve('good', secure, certify('good', 'IP:127.0.0.1')),
      await serve('expired', secure, certify('expired', 'IP:127.0.0.1', -1)),
      await serve('another', secure, certify('another', 'DNS:mail.another.example')),
    ];
    expect(await sendTo(urls, { NODE_EXTRA_CA_CERTS: authority })).toEqual([
      { kind: 'sent', answer: expect.stringMatching(/^250/) },
      { kind: 'later', answer: 'The certificate of the mail server has expired.' },
      { kind: 'later', answer: 'The certificate of the mail server is for another name.' },
    ]);
    expect(taken).toEqual([{ server: 'good', secure: true }]);

    const unknown = {
      kind: 'later',
      answer: 'The certificate of the mail server is vouched for by nobody that we know (NODE_EXTRA_CA_CERTS).',
    };
    expect(await sendTo(urls.slice(0, 1), {})).toEqual([unknown]);
    expect(taken).toHaveLength(1);
  });
});
