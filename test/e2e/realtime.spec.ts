import { createIdSource, ManualTime } from '#libs/primitives';
import { ApiKeysService } from '../../src/api-keys/api-keys.service.js';
import { Database } from '../../src/database/database.js';
import type { EventStream } from '../../src/events/event-position.entity.js';
import { EventRecord } from '../../src/events/event.entity.js';
import { MerchantsService } from '../../src/merchants/merchants.service.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { SLOW_MS } from '../../src/realtime/realtime-socket.js';
import { RealtimeTickets, TICKET_MS } from '../../src/realtime/realtime-tickets.js';
import { createTestGateway, describeOnBothDatabases, type TestGateway, type TestMerchant } from '../support/gateway.js';
import { LinkStage } from '../support/link-stage.js';
import { PaymentStage } from '../support/payments.js';
import { RealtimeClient, refusalOf, requestOfferingHttp2, tell, type Entrance } from '../support/realtime.js';

const NOBODYS = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

describeOnBothDatabases('Real time', (database) => {
  // The server adds nothing to so many but time.
  const [SOCKETS, EVENTS] = database === 'sqlite' ? [200, 5_000] : [50, 1_000];
  let gateway: TestGateway;
  let time: ManualTime;
  let merchant: TestMerchant;
  let stream: EventStream;
  let clients: RealtimeClient[];

  beforeAll(async () => {
    time = new ManualTime(Date.now());
    gateway = await createTestGateway({
      database,
      seams: { clock: time, scheduler: time, ids: createIdSource(time) },
      environment: { MALIPO_REALTIME_SOCKETS: String(SOCKETS) },
    });
  });
  beforeEach(async () => {
    clients = [];
    merchant = await gateway.createMerchant();
    stream = { merchantId: merchant.id, mode: 'test' };
  });
  afterEach(() => clients.forEach(({ socket }) => socket.terminate()));
  afterAll(() => gateway.close());

  async function open(entrance: Entrance = { key: merchant.key }): Promise<RealtimeClient> {
    const client = await RealtimeClient.open(gateway.baseUrl, entrance);
    clients.push(client);
    return client;
  }

  const refused = (entrance: Parameters<typeof refusalOf>[1]) => refusalOf(gateway.baseUrl, entrance);
  const upTo = (last: number, first = 1): number[] =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);

  /** The sequencer rests a moment between rounds, and rounds look after sockets: time has to pass, and the machine to work. */
  async function until(holds: () => boolean | Promise<boolean>, stepMs = 30): Promise<void> {
    for (let turn = 0; !(await holds()); turn++) {
      if (turn > 3_000) throw new Error('It never came to that.');
      time.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async function ticketFor(body: object = {}, key = merchant.key): Promise<string> {
    return (await gateway.request('POST /v1/realtime-tickets', { key, body })).body.ticket;
  }

  describe('tells', () => {
    it('what GET /v1/events shows, to those who listen to it', async () => {
      const subject = `txn_${NOBODYS}`;
      await tell(gateway, stream, 1, { subjectId: subject });
      await until(async () => (await gateway.request('GET /v1/events', { key: merchant.key })).body.data.length === 1);
      const client = await (await open()).subscribe({});
      await client.subscribe({ id: 'one', to: 'transaction', subject });
      const [, mine] = [await tell(gateway, stream, 1), await tell(gateway, stream, 1, { subjectId: subject })];
      await until(() => client.of('event').length === 3);

      expect(client.positions()).toEqual([2, 3]);
      expect(client.positions('one')).toEqual([3]);
      const { body } = await gateway.request(`GET /v1/events/${mine[0]}`, { key: merchant.key });
      expect(client.of('event').at(-1).event).toEqual(body);
      expect(client.of('subscribed').map(({ id, position }) => [id, position])).toEqual([
        ['all', 1],
        ['one', 1],
      ]);

      expect(await client.ask({ type: 'unsubscribe', id: 'all' })).toEqual({ type: 'unsubscribed', id: 'all' });
      await tell(gateway, stream, 1, { subjectId: subject });
      await until(() => client.positions('one').length === 2);
      expect(client.positions()).toEqual([2, 3]);
      expect(await client.ask({ type: 'ping', id: 'p' })).toEqual({ type: 'pong', id: 'p' });
    });

    it(`${EVENTS} events to ${SOCKETS} sockets: none lost, none doubled, in order`, async () => {
      const before = gateway.get(Metrics);
      for (let count = 0; count < SOCKETS; count++) await open();
      const lists = clients.map(({ socket }) => countPositions(socket));
      for (const client of clients) client.say({ type: 'subscribe', id: 'all', to: 'merchant' });
      await until(() => lists.every(({ caughtUp }) => caughtUp));
      expect((await before.sockets.get()).values[0]?.value).toBe(SOCKETS);

      for (let told = 0; told < EVENTS; told += 500) await tell(gateway, stream, 500);
      await until(() => lists.every(({ last }) => last === EVENTS));
      expect(lists.filter(({ count, faults }) => count !== EVENTS || faults > 0)).toEqual([]);

      // One more than the key may have.
      const { status, body, headers } = await refused({ key: merchant.key });
      expect([status, body.code, headers['retry-after']]).toEqual([429, 'too_many_requests', '30']);
    }, 90_000);

    it('what was missed, from the last event that a client has, through any number of breaks', async () => {
      const seen: any[] = [];
      let after: string | undefined;
      for (let round = 0; seen.length < 700; round++) {
        if (round === 20) throw new Error('It does not come to an end.');
        const client = await open();
        client.say({ type: 'subscribe', id: 'all', to: 'merchant', ...(after && { after }) });
        if (after === undefined) await until(() => client.of('caught_up').length === 1);
        if (round === 0) for (let told = 0; told < 700; told += 350) await tell(gateway, stream, 350);
        const wanted = Math.min(seen.length + 120, 700);
        await until(() => seen.length + client.of('event').length >= wanted);
        client.socket.terminate();
        seen.push(...client.of('event').map(({ event }) => event));
        after = seen.at(-1).id;
      }
      const positions = seen.map(({ position }) => position);
      expect(positions).toEqual(upTo(700, positions[0]));
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    });

    it('a client that reads too slowly no more than a bounded number of bytes, and drops it', async () => {
      const client = await (await open()).subscribe({});
      const quick = await (await open()).subscribe({});
      client.socket.pause();
      const padding = 'x'.repeat(20_000);
      const wide = { data: { object: 'ping', endpointId: `whk_${NOBODYS}`, padding } };
      for (let round = 0; round < 5; round++) await tell(gateway, stream, 200, wide);
      await until(() => quick.positions().length === 1_000);
      const dropped = async (): Promise<number> =>
        (await gateway.get(Metrics).droppedSockets.get()).values.find(({ labels }) => labels.reason === 'slow')
          ?.value ?? 0;
      const before = await dropped();
      await until(async () => (await dropped()) > before, SLOW_MS / 10);
      client.socket.resume();
      expect(await client.closed()).toBe(4002);
      expect(client.positions()).toEqual(upTo(client.positions().length));

      const again = await (await open()).subscribe({ after: client.of('event').at(-1).event.id });
      expect([...client.positions(), ...again.positions()]).toEqual(upTo(1_000));
      await gateway.get(Database).write((tx) => tx.manager.delete(EventRecord, { merchantId: merchant.id }));
    });
  });

  describe('lets in', () => {
    it('a ticket once, however many try at the same moment, and for a minute', async () => {
      const ticket = await ticketFor();
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => open({ ticket })));
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const late = await ticketFor();
      time.advance(TICKET_MS);
      const revoked = await gateway.createKey(merchant.id, { scopes: ['read'] });
      const orphan = await ticketFor({}, revoked.key);
      await gateway.request(`DELETE /v1/api-keys/${revoked.keyId}`, { key: merchant.key });
      const answers = [];
      for (const bad of [ticket, late, orphan, 'rtt_x', '']) answers.push(await refused({ ticket: bad }));
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
        answers.map(() => [401, 'unauthenticated']),
      );
      expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
    });

    it('nobody without a key, a scope or a sound address, and says why as every route does', async () => {
      const { key: narrow } = await gateway.createKey(merchant.id, { scopes: ['payouts:write'] });
      const { key: platform } = await gateway.createKey(null);
      const ticket = await ticketFor();
      const cases: [Parameters<typeof refusalOf>[1], number, string][] = [
        [{}, 401, 'unauthenticated'],
        [{ key: 'mlp_test_wrong' }, 401, 'unauthenticated'],
        [{ key: narrow }, 403, 'forbidden'],
        [{ key: platform }, 403, 'forbidden'],
        [{ key: merchant.key, ticket }, 400, 'invalid_request'],
        [{ query: '?nope=1' }, 400, 'unknown_field'],
        [{ query: `?ticket=${ticket}&ticket=${ticket}` }, 400, 'invalid_request'],
        [{ query: '?ticket=%ff' }, 400, 'malformed_request'],
      ];
      for (const [entrance, status, code] of cases) {
        const answer = await refused(entrance);
        expect([entrance, answer.status, answer.body.code]).toEqual([entrance, status, code]);
        expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
        expect(answer.headers['request-id']).toBe(answer.body.requestId);
      }
      // None of those used it up.
      await open({ ticket });
    });

    it('requests that offer another protocol as if they did not', async () => {
      const authorization = `Bearer ${merchant.key}`;
      expect(await requestOfferingHttp2(`${gateway.baseUrl}/v1/events`, { authorization })).toBe(200);
      expect(await requestOfferingHttp2(`${gateway.baseUrl}/v1/realtime`, { authorization })).toBe(426);
    });

    it('nobody any longer whose key is revoked or whose merchant is suspended', async () => {
      const { key, keyId } = await gateway.createKey(merchant.id);
      const [first, byTicket, other] = [
        await open({ key }),
        await open({ ticket: await ticketFor({}, key) }),
        await open(),
      ];
      await gateway.request(`DELETE /v1/api-keys/${keyId}`, { key: merchant.key });
      await until(() => first.closedWith !== undefined && byTicket.closedWith !== undefined, 500);
      expect([first.closedWith, byTicket.closedWith, other.closedWith]).toEqual([4001, 4001, undefined]);
      await gateway.get(MerchantsService).update(merchant.id, { status: 'suspended' });
      await until(() => other.closedWith !== undefined, 500);
      expect(other.closedWith).toBe(4001);
      expect(gateway.get(ApiKeysService)).toBeDefined();
    });
  });

  describe('keeps apart', () => {
    it('merchants and modes: what is not theirs is as what is nobody’s', async () => {
      const subject = `txn_${NOBODYS.replace('5FAV', '5FAW')}`;
      const [event] = await tell(gateway, stream, 1, { subjectId: subject });
      const stranger = await gateway.createMerchant({ name: 'Kiosk' });
      const { key: live } = await gateway.createKey(merchant.id, { mode: 'live' });
      for (const key of [stranger.key, live]) {
        const client = await (await open({ key })).subscribe({});
        const [foreign, missing] = [
          await client.ask({ type: 'subscribe', id: 'x', to: 'transaction', subject }),
          await client.ask({ type: 'subscribe', id: 'x', to: 'transaction', subject: `txn_${NOBODYS}` }),
        ];
        const withoutRequest = ({ problem, ...rest }: any) => ({ ...rest, problem: { ...problem, requestId: '' } });
        expect(foreign.problem.code).toBe('not_found');
        expect(withoutRequest(foreign)).toEqual(withoutRequest(missing));
        const resumed = await client.ask({ type: 'subscribe', id: 'y', to: 'merchant', after: event });
        expect(resumed.problem.code).toBe('invalid_cursor');
        await tell(gateway, stream, 2);
        await until(async () => (await gateway.request('GET /v1/events', { key: merchant.key })).body.data.length > 2);
        expect(await client.ask({ type: 'ping' })).toEqual({ type: 'pong' });
        expect(client.of('event')).toEqual([]);
        const body = { subscriptions: [{ to: 'transaction', subject }] };
        expect((await gateway.request('POST /v1/realtime-tickets', { key, body })).status).toBe(404);
      }
    });

    it('what a ticket was narrowed to from all else', async () => {
      const subject = `txn_${NOBODYS}`;
      await tell(gateway, stream, 1, { subjectId: subject });
      const ticket = await ticketFor({ subscriptions: [{ to: 'transaction', subject }] });
      const client = await open({ ticket });
      const answer = await client.ask({ type: 'subscribe', id: 'all', to: 'merchant' });
      expect(answer.problem.code).toBe('forbidden');
      await client.subscribe({ id: 'one', to: 'transaction', subject });
      for (const subscriptions of [[], [{ to: 'transaction' }], [{ to: 'merchant', subject }], [{ to: 'moon' }]]) {
        const refusal = await gateway.request('POST /v1/realtime-tickets', {
          key: merchant.key,
          body: { subscriptions },
        });
        expect([refusal.status, refusal.body.code]).toEqual([400, 'invalid_request']);
      }
    });

    it('the customer of one link from everything but its status', async () => {
      const linkId = `lnk_${NOBODYS}`;
      const { ticket } = await gateway.get(RealtimeTickets).issueForLink(stream, linkId);
      const client = await open({ ticket });
      await until(() => client.of('caught_up').length === 1);
      const data = { object: 'payment_link', id: linkId, status: 'paid', customer: { phone: '+254700000000' } };
      await tell(gateway, stream, 1);
      const [id] = await tell(gateway, stream, 1, { subjectId: linkId, type: 'payment_link.paid', data });
      await until(() => client.of('event').length === 1);
      const { timestamp } = client.of('event')[0].event;
      expect(client.heard).toEqual([
        { type: 'subscribed', id: 'link' },
        { type: 'caught_up', id: 'link' },
        {
          type: 'event',
          id: 'link',
          event: { id, object: 'event', type: 'payment_link.paid', timestamp, data: { status: 'paid' } },
        },
      ]);
      const other = await client.ask({ type: 'subscribe', id: 'b', to: 'link', subject: `lnk_${NOBODYS.slice(1)}X` });
      expect(other.problem.code).toBe('forbidden');
      await gateway.get(Database).write((tx) => tx.manager.delete(EventRecord, { merchantId: merchant.id }));
    });
  });

  describe('refuses', () => {
    const wrong: [string, string, string][] = [
      ['no JSON', 'hello', 'malformed_json'],
      ['a list', '[]', 'invalid_request'],
      ['null', 'null', 'invalid_request'],
      ['an unknown type', '{"type":"buy"}', 'invalid_request'],
      ['an unknown field', '{"type":"ping","nope":1}', 'unknown_field'],
      ['__proto__', '{"type":"ping","__proto__":{"x":1}}', 'unknown_field'],
      ['no id', '{"type":"subscribe","to":"merchant"}', 'invalid_request'],
      ['an id with a line break', '{"type":"ping","id":"a\\nb"}', 'invalid_request'],
      ['a subject of everything', `{"type":"subscribe","id":"a","to":"merchant","subject":"x"}`, 'unknown_field'],
      ['no subject', '{"type":"subscribe","id":"a","to":"link"}', 'invalid_request'],
      [
        'an id of another kind',
        `{"type":"subscribe","id":"a","to":"link","subject":"txn_${NOBODYS}"}`,
        'invalid_request',
      ],
      ['an event that is none', '{"type":"subscribe","id":"a","to":"merchant","after":"EVT_1"}', 'invalid_cursor'],
      ['a subscription that is none', '{"type":"unsubscribe","id":"a"}', 'not_found'],
    ];

    it('messages that are wrong, one by one, and goes on; after twenty it has heard enough', async () => {
      const client = await (await open()).subscribe({});
      for (const [name, text, code] of wrong) {
        const { type, problem } = await client.ask(text);
        expect([name, type, problem.code]).toEqual([name, 'error', code]);
        expect(problem.type).toBe(`https://malipo.dev/problems/${code.replaceAll('_', '-')}`);
      }
      const again = await client.ask({ type: 'subscribe', id: 'all', to: 'merchant' });
      expect([again.id, again.problem.code]).toEqual(['all', 'conflict']);
      expect(await client.ask({ type: 'ping' })).toEqual({ type: 'pong' });
      for (let count = 0; count < 6; count++) client.say('{');
      expect(await client.closed()).toBe(1008);
    });

    it('frames that are no text, too long or no UTF-8, and floods', async () => {
      const hurt: [string, (client: RealtimeClient) => void, number][] = [
        ['binary', ({ socket }) => socket.send(Buffer.from('{"type":"ping"}'), { binary: true }), 1003],
        ['too long', ({ socket }) => socket.send(`"${'x'.repeat(5_000)}"`), 1009],
        ['no UTF-8', ({ socket }) => socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false }), 1007],
        ['a flood of pings', ({ socket }) => Array.from({ length: 300 }, () => socket.ping()), 1008],
        ['a flood', (client) => Array.from({ length: 300 }, () => client.say({ type: 'ping' })), 1008],
      ];
      for (const [name, act, code] of hurt) {
        const client = await open();
        act(client);
        expect([name, await client.closed()]).toEqual([name, code]);
      }
    });

    it('to wait for ever: for a subscription, or for a client that is gone', async () => {
      const [idle, gone, here] = [await open(), await open(), await open()];
      await gone.subscribe({});
      await here.subscribe({});
      // Gone: it hears nothing and says nothing.
      gone.socket.pause();
      await until(() => idle.closedWith !== undefined, 500);
      expect(idle.closedWith).toBe(4003);
      const count = async () => (await gateway.get(Metrics).sockets.get()).values[0]?.value;
      await until(async () => (await count()) === 1, 500);
      expect(here.closedWith).toBeUndefined();
    });
  });

  it('tells clients of a process that stops to connect again, and ends soon', async () => {
    const client = await (await open()).subscribe({});
    await tell(gateway, stream, 3);
    await until(() => client.positions().length === 3);
    await gateway.stop();
    expect(await client.closed()).toBe(1012);
    await gateway.start();
    await tell(gateway, stream, 2);
    const again = await open();
    again.say({ type: 'subscribe', id: 'all', to: 'merchant', after: client.of('event').at(-1).event.id });
    await until(() => again.positions().length === 2);
    expect(again.positions()).toEqual([4, 5]);
  });
});

/** Reads positions without turning a million messages into objects. */
function countPositions(socket: RealtimeClient['socket']) {
  const seen = { count: 0, last: 0, faults: 0, caughtUp: false };
  socket.removeAllListeners('message');
  socket.on('message', (data: Buffer) => {
    const at = data.indexOf('"position":');
    if (data.subarray(0, 15).toString('latin1') !== '{"type":"event"') {
      seen.caughtUp ||= data.includes('caught_up');
      return;
    }
    const position = Number.parseInt(data.subarray(at + 11, at + 21).toString('latin1'), 10);
    if (position !== seen.last + 1) seen.faults++;
    seen.count++;
    seen.last = position;
  });
  return seen;
}

// The page's own socket, from the page's own address.
it('the payment page’s socket tells a customer that the link was paid, and a stranger nothing', async () => {
  const stage = await PaymentStage.start({ database: 'sqlite' });
  try {
    const links = new LinkStage(stage);
    const link = await links.create();
    const other = await links.create();
    const live = await fetch(`${link.url}/live`, { method: 'POST' });
    const { url } = (await live.json()) as { url: string };
    const ticket = new URL(url).searchParams.get('ticket') ?? '';
    const client = await RealtimeClient.open(stage.gateway.baseUrl, { ticket });
    await links.pay(other.url, stage.freshPhone());
    await links.pay(link.url, stage.freshPhone());
    await links.until(other.id, 'paid');
    await links.until(link.id, 'paid');
    for (let turn = 0; client.of('event').length === 0 && turn < 200; turn++) await stage.pass(100);
    expect(client.of('event').map(({ event }) => [event.type, event.data])).toEqual([
      ['payment_link.paid', { status: 'paid' }],
    ]);
    expect(JSON.stringify(client.heard)).not.toContain(link.reference);
    expect((await fetch(`${link.url.slice(0, -4)}xxxx/live`, { method: 'POST' })).status).toBe(404);
    client.socket.terminate();
  } finally {
    await stage.close();
  }
});
