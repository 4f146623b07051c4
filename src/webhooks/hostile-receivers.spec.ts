// What receivers do to a sender, end to end: from the event to the delivery's row, which must say what happened and go on.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlainServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { describeWithProgram, runProgram } from '../../test/support/programs.js';
import { answering, WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';

let place: StagePlace;
let stage: WebhookStage;
let merchant: StageMerchant;
const servers: Server[] = [];

/** A server that speaks bytes, not HTTP. Answers its port. */
async function listen(onSocket: (socket: Socket) => void, make = createPlainServer): Promise<number> {
  const server = make((socket: Socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Lets an event go there and answers the delivery after its first attempt. */
async function attempt(url: string, meanwhile: () => void = () => undefined): Promise<any> {
  await stage.createEndpoint(merchant, url);
  await stage.announce(stage.toEvent(merchant, 'collection.succeeded'));
  await stage.until('the attempt is recorded', async () => {
    meanwhile();
    return (await stage.deliveries(merchant))[0]?.attemptCount === 1;
  });
  return (await stage.deliveries(merchant))[0];
}

async function open(database: 'sqlite' | 'mysql'): Promise<void> {
  place = await createStagePlace(database);
  stage = await WebhookStage.start(place);
}

async function close(): Promise<void> {
  await stage.close();
  await place.cleanUp();
}

describeOnBothDatabases('Deliveries to hostile receivers', (database) => {
  let receiver: WebhookReceiver;

  beforeAll(() => open(database));
  afterAll(close);
  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    merchant = await stage.createMerchant();
  });
  afterEach(async () => {
    await receiver.close();
    for (const server of servers.splice(0)) server.close();
  });

  it.each([
    ['a metadata address', 'http://169.254.169.254/latest/meta-data/'],
    ['itself', '/webhooks'],
    ['a file', 'file:///etc/passwd'],
    ['nothing at all', ''],
  ])('do not follow a redirect to %s', async (_name, location) => {
    receiver.behaviour = answering(307, { location });
    const delivery = await attempt(receiver.url());
    expect(delivery).toMatchObject({ status: 'pending', attempts: [{ statusCode: 307 }] });
    expect(receiver.messages).toHaveLength(1);
  });

  it('count the status line where the answer breaks after it', async () => {
    const port = await listen((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\nbroken'));
    });
    const delivery = await attempt(`http://127.0.0.1:${port}/`);
    expect(delivery).toMatchObject({ status: 'delivered', attempts: [{ statusCode: 200, answer: 'broken' }] });
  });

  it('keep 16 kB of an answer without end', async () => {
    receiver.behaviour = (_message, response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(8_192)));
      };
      response.on('drain', pour);
      pour();
    };
    const delivery = await attempt(receiver.url());
    expect(delivery.status).toBe('delivered');
    expect(delivery.attempts[0].answer).toBe('x'.repeat(16_384));
  });

  it('wait fifteen seconds in all for headers that come byte by byte', async () => {
    let sockets = 0;
    const port = await listen((socket) => {
      sockets++;
      let sent = 0;
      socket.once('data', () => {
        const drip = setInterval(() => socket.write('HTTP/1.1 200 OK\r\nx-slow: '[sent++] ?? 'x'), 5);
        socket.once('close', () => clearInterval(drip));
      });
    });
    // Time goes on only once the bytes flow.
    const delivery = await attempt(`http://127.0.0.1:${port}/`, () => {
      if (sockets > 0) stage.time.advance(500);
    });
    const [{ statusCode, answer, durationMs }] = delivery.attempts;
    expect([statusCode, answer]).toEqual([null, 'No answer came within 15 seconds.']);
    expect(durationMs).toBeLessThan(16_000);
  });

  it('give up on headers without end', async () => {
    const port = await listen((socket) => {
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nx-large: ${'x'.repeat(200_000)}\r\n\r\n`));
    });
    const delivery = await attempt(`http://127.0.0.1:${port}/`);
    expect(delivery).toMatchObject({ status: 'pending', attempts: [{ statusCode: null }] });
    expect(delivery.attempts[0].answer).toMatch(/headers of the answer are larger|no HTTP/);
  });

  it('say when the answer is no HTTP, or when nobody is there', async () => {
    const port = await listen((socket) => void socket.once('data', () => socket.end('* OK IMAP4 ready\r\n')));
    expect((await attempt(`http://127.0.0.1:${port}/`)).attempts[0].answer).toBe('The answer is no HTTP.');
    merchant = await stage.createMerchant();
    const gone = await WebhookReceiver.start();
    const url = gone.url();
    await gone.close();
    expect((await attempt(url)).attempts[0].answer).toBe('The connection was refused.');
  });
});

describeWithProgram('openssl', 'Deliveries over TLS', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'malipo-tls-'));
    await open('sqlite');
  });
  afterAll(async () => {
    for (const server of servers.splice(0)) server.close();
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    merchant = await stage.createMerchant();
  });

  /** A certificate of our own making, for this address. */
  function makeCertificate(): { key: Buffer; cert: Buffer } {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const what = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    runProgram('openssl', ['req', '-x509', ...what, '-days', '2', '-keyout', key, '-out', cert], '');
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  it('send nothing to a server whose certificate nobody vouches for', async () => {
    let heard = '';
    const certificate = makeCertificate();
    const port = await listen((socket) => void socket.on('data', (chunk: Buffer) => (heard += chunk.toString())), ((
      onSocket: (socket: Socket) => void,
    ) => createTlsServer(certificate, onSocket)) as unknown as typeof createPlainServer);
    const delivery = await attempt(`https://127.0.0.1:${port}/`);
    expect(delivery).toMatchObject({
      status: 'pending',
      attempts: [{ statusCode: null, answer: 'The certificate of the host is signed by itself.' }],
    });
    expect(heard).toBe('');
  });

  it('send nothing to a server that speaks no TLS', async () => {
    let heard = '';
    const port = await listen((socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const delivery = await attempt(`https://127.0.0.1:${port}/`);
    expect(delivery).toMatchObject({ status: 'pending', attempts: [{ statusCode: null }] });
    expect(heard).not.toContain('collection.succeeded');
  });
});
