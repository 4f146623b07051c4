// Merchants choose where webhooks go, so every road inside must be shut: when an address is saved, and at each connection.
// Which addresses are inside is the guard's own table (egress-guard.spec); here it is asked through the API and the wire.
import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookReceiver } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';
import type { NameResolver } from '../egress/egress-guard.js';

/** What names lead to; tests change their minds. */
const names = new Map<string, readonly string[]>();
const resolve: NameResolver = (hostname, _options, callback) => {
  const addresses = names.get(hostname);
  if (!addresses) return callback(Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }), []);
  const toAddress = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 });
  callback(null, addresses.map(toAddress));
};

const LITERALS = {
  'loopback in all spellings': [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.0.0.1.',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
  ],
  'loopback in mixed and odd parts': ['0x7f.1', '127.0x0.0.1', '017700000001', '0', '0.0.0.0', '127.65535'],
  'loopback in other digits': ['１２７.０.０.１', '①②⑦.⓪.⓪.①', '127。0。0。1', '%31%32%37.0.0.1'],
  'metadata services': [
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '[fd00:ec2::254]',
    '100.100.100.200',
    '168.63.129.16',
  ],
  'private networks': ['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '[fc00::1]', '[fe80::1]', '[fec0::1]'],
  'IPv4 in IPv6': ['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]'],
  'translations and tunnels': ['[64:ff9b::7f00:1]', '[64:ff9b:1::127.0.0.1]', '[2002:7f00:1::]', '[2001:0:1::1]'],
  'broadcast, multicast and the rest': [
    '255.255.255.255',
    '224.0.0.1',
    '[ff02::1]',
    '192.0.2.1',
    '198.18.0.1',
    '240.0.0.1',
  ],
  'names that lead inside': [
    'inside.example',
    'both.example',
    'mapped.example',
    'localhost.example',
    'xn--bcher-kva.example',
  ],
};

const URLS = {
  'a user before the host': 'https://shop.example@127.0.0.1/',
  'a password for a public host': 'https://user:secret@shop.example/',
  'a backslash before a false host': 'https://127.0.0.1\\@shop.example/',
  'a port of another service': 'https://shop.example:6379/',
  'mail behind a public name': 'http://shop.example:25/',
};

const MALFORMED = [
  'https://[fe80::1%25eth0]/',
  'https://256.256.256.256/',
  'file:///etc/passwd',
  'gopher://8.8.8.8/',
  '//x',
];

const rows = Object.entries(LITERALS).flatMap(([kind, hosts]) => hosts.map((host) => [kind, host] as const));

let place: StagePlace;
let stage: WebhookStage;
let merchant: StageMerchant;

async function open(egressAllow: string): Promise<void> {
  place = await createStagePlace('sqlite', egressAllow);
  stage = await WebhookStage.start(place, { resolve });
  merchant = await stage.createMerchant();
}

async function close(): Promise<void> {
  await stage.close();
  await place.cleanUp();
}

beforeEach(() => {
  names.clear();
  names.set('shop.example', ['93.184.215.14']);
  names.set('inside.example', ['10.0.0.7']);
  names.set('both.example', ['93.184.215.14', '127.0.0.1']);
  names.set('mapped.example', ['::ffff:169.254.169.254']);
  names.set('localhost.example', ['::1']);
  names.set('xn--bcher-kva.example', ['192.168.0.9']);
});

/** Announces an event and answers the delivery after its first attempt. */
async function attempt(): Promise<any> {
  await stage.announce(stage.toEvent(merchant, 'collection.succeeded'));
  await stage.until('the attempt is recorded', async () => (await stage.deliveries(merchant))[0]?.attemptCount === 1);
  return (await stage.deliveries(merchant))[0];
}

describe('An address that leads inside', () => {
  beforeAll(() => open(''));
  afterAll(close);

  it.each(rows)('is refused when it is saved: %s, %s', async (_kind, host) => {
    const created = await stage.request('POST /v1/webhook-endpoints', merchant, { url: `http://${host}/hook` });
    expect([created.status, created.body.code]).toEqual([422, 'url_not_allowed']);
  });

  it.each(Object.entries(URLS))('is refused with %s', async (_kind, url) => {
    const created = await stage.request('POST /v1/webhook-endpoints', merchant, { url });
    expect([created.status, created.body.code]).toEqual([422, 'url_not_allowed']);
  });

  it.each(MALFORMED)('is no address at all: %s', async (url) => {
    expect((await stage.request('POST /v1/webhook-endpoints', merchant, { url })).status).toBe(400);
  });

  it('is refused when an endpoint is changed to it', async () => {
    const { id } = await stage.createEndpoint(merchant, 'https://shop.example/hook');
    for (const url of ['http://127.0.0.1/', 'https://inside.example/']) {
      expect((await stage.request(`PATCH /v1/webhook-endpoints/${id}`, merchant, { url })).status).toBe(422);
    }
    await stage.request(`DELETE /v1/webhook-endpoints/${id}`, merchant);
  });

  it.each([
    ['10.0.0.7'],
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['fd00:ec2::254'],
    ['93.184.215.14', '127.0.0.1'],
  ])('is never connected to where a saved name turns to %s', async (...addresses) => {
    merchant = await stage.createMerchant();
    const canary = await WebhookReceiver.start();
    await stage.createEndpoint(merchant, `http://shop.example:${canary.port}/hook`);
    names.set('shop.example', addresses);
    const ping = stage.request(`POST /v1/webhook-endpoints/${await onlyEndpoint()}/test`, merchant);
    expect((await ping).body.attempts[0].answer).toMatch(/^Not sent: the name leads to a private/);
    const delivery = await attempt();
    expect(delivery.attempts[0]).toMatchObject({ statusCode: null, answer: expect.stringMatching(/^Not sent: /) });
    expect(canary.connections).toBe(0);
    await canary.close();
  });

  async function onlyEndpoint(): Promise<string> {
    return (await stage.request('GET /v1/webhook-endpoints', merchant)).body.data[0].id;
  }
});

describe('Receivers on the premises', () => {
  let onPremises: Server;
  const heard: string[] = [];

  beforeAll(async () => {
    await open('127.0.0.2/32');
    onPremises = createServer((request, response) => {
      heard.push(String(request.headers.host));
      request.resume().on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>((ready) => onPremises.listen(0, '127.0.0.2', ready));
  });
  afterAll(async () => {
    await close();
    onPremises.closeAllConnections();
    onPremises.close();
  });
  beforeEach(async () => {
    merchant = await stage.createMerchant();
    heard.length = 0;
  });

  const portOf = () => (onPremises.address() as AddressInfo).port;

  it.each(['127.0.0.2', 'erp.example', '[::ffff:127.0.0.2]'])(
    'are reached where the operator allows: %s',
    async (host) => {
      names.set('erp.example', ['127.0.0.2']);
      await stage.createEndpoint(merchant, `http://${host}:${portOf()}/hook`);
      expect((await attempt()).status).toBe('delivered');
      expect(heard).toHaveLength(1);
    },
  );

  it('open no door to their neighbours', async () => {
    names.set('erp.example', ['127.0.0.2', '127.0.0.1']);
    for (const host of ['127.0.0.1', '127.0.0.3', 'erp.example', '10.0.0.1']) {
      const url = `http://${host}:${portOf()}/hook`;
      expect((await stage.request('POST /v1/webhook-endpoints', merchant, { url })).status).toBe(422);
    }
  });

  it('are reached directly, whatever proxy the environment names', async () => {
    const proxy = await WebhookReceiver.start();
    const before = { ...process.env };
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) {
      process.env[name] = proxy.url('');
    }
    try {
      await stage.createEndpoint(merchant, `http://127.0.0.2:${portOf()}/hook`);
      expect((await attempt()).status).toBe('delivered');
    } finally {
      process.env = before;
      await proxy.close();
    }
    expect([heard.length, proxy.connections]).toEqual([1, 0]);
  });
});
