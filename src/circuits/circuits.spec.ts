import { setTimeout as sleep } from 'node:timers/promises';
import { createIdSource, ManualTime } from '#libs/primitives';
import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../../test/support/gateway.js';
import { DEMO_ACCOUNT } from '../../test/support/payments.js';
import { Database } from '../database/database.js';
import { LEASE_MS } from '../jobs/job-store.js';
import { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { LOOK_AGAIN_MS, toRestMs, type Served } from './circuit-breaker.js';
import type { Circuit } from './circuit.js';
import { Circuits, type Passage } from './circuits.js';
import type { Service } from './outcome-health.js';
import { LEAST_CALLS } from './recent-calls.js';

// Two processes on MySQL, which know of each other by the database alone; on SQLite there is only ever one.
describeOnBothDatabases('Circuits of many processes', (database) => {
  let gateway: TestGateway;
  let time: ManualTime;
  let processes: readonly [Circuits, Circuits];
  let circuit: Circuit;
  let key: string;

  beforeAll(async () => {
    time = new ManualTime(Date.now());
    const seams = { clock: time, scheduler: time, ids: createIdSource(time) };
    const redisUrl = process.env.TEST_REDIS_URL ?? '';
    const cluster = database === 'mysql' && redisUrl !== '' ? { cluster: { workers: 1, redisUrl } } : {};
    gateway = await createTestGateway({ database, seams, ...cluster });
    const other = gateway.workers[0]?.app.get(Circuits, { strict: false }) ?? gateway.get(Circuits);
    processes = [gateway.get(Circuits), other];
  });
  afterAll(() => gateway.close());

  beforeEach(async () => {
    ({ key } = await gateway.createMerchant());
    const settings = { ...DEMO_ACCOUNT.settings, baseUrl: `http://127.0.0.1:1909${String(1 + (made++ % 8))}` };
    const { body } = await gateway.request('POST /v1/provider-accounts', { key, body: { ...DEMO_ACCOUNT, settings } });
    const account = await gateway.get(Database).read.findOneOrFail(ProviderAccount, { where: { id: body.id } });
    circuit = { account, operation: 'payouts' };
  });
  let made = 0;

  const pass = (process: Circuits, service: Service): Promise<Passage<Service>> =>
    process.pass(circuit, () => Promise.resolve({ service, value: service }));
  /** Events are numbered, and seen, a moment after their commit. */
  const untilNews = async (...types: string[]): Promise<void> => {
    let told: string[] = [];
    for (let turn = 0; turn < 200 && told.length < types.length; turn++) {
      await sleep(10);
      time.advance(10);
      const { body } = await gateway.request('GET /v1/events?type=provider.*', { key });
      told = body.data.map(({ type }: any) => type);
    }
    expect(told).toEqual(types);
  };
  const open = async (): Promise<void> => {
    for (let call = 1; call < LEAST_CALLS; call++)
      for (const process of new Set(processes)) await pass(process, 'unavailable');
    // The one that each lacks, in all of them at the same moment.
    await Promise.all([...new Set(processes)].map((process) => pass(process, 'unavailable')));
  };
  const kinds = (passages: readonly Passage<Service>[]): string[] => passages.map(({ kind }) => kind).sort();

  it('open once, whoever notices, and all of them stay away', async () => {
    await open();
    await untilNews('provider.degraded');
    time.advance(1_000);
    for (const process of processes) expect((await pass(process, 'served')).kind).toBe('rests');
  });

  it('are tried by one of all, and closed for all', async () => {
    await open();
    time.advance(toRestMs(1));
    let answer: () => void = () => undefined;
    let trial: Promise<Passage<Service>> | undefined;
    await new Promise<void>((begun) => {
      trial = processes[0].pass(circuit, async () => {
        begun();
        await new Promise<void>((resolve) => (answer = resolve));
        return { service: 'served', value: 'served' as Service };
      });
    });
    // What one process knows reaches the other within a second; time stands still here, and the row decides.
    const others: Passage<Service>[] = [];
    for (let turn = 0; turn < 5; turn++)
      others.push(await pass(processes[1], 'served'), await pass(processes[0], 'served'));
    expect(new Set(kinds(others))).toEqual(new Set(['rests']));
    expect(others[0]).toEqual({ kind: 'rests', until: time.now() + LOOK_AGAIN_MS });
    answer();
    expect((await trial)?.kind).toBe('passed');
    time.advance(1_000);
    expect(kinds(await Promise.all(processes.map((process) => pass(process, 'served'))))).toEqual(['passed', 'passed']);
    await untilNews('provider.degraded', 'provider.recovered');
  });

  it('rest longer after a trial that failed', async () => {
    await open();
    time.advance(toRestMs(1));
    expect((await pass(processes[0], 'unavailable')).kind).toBe('passed');
    time.advance(toRestMs(2) - 1_000);
    for (const process of processes) expect((await pass(process, 'served')).kind).toBe('rests');
    time.advance(1_000);
    expect((await pass(processes[1], 'served')).kind).toBe('passed');
    await untilNews('provider.degraded', 'provider.recovered');
  });

  it('are free again where the process that tried died with it', async () => {
    await open();
    time.advance(toRestMs(1));
    void processes[0].pass(circuit, () => new Promise<Served<Service>>(() => undefined));
    while ((await processes[1].findRest(circuit)) === undefined) await pass(processes[1], 'tells_nothing');
    time.advance(LEASE_MS);
    if (processes[0] === processes[1]) return;
    expect((await pass(processes[1], 'served')).kind).toBe('passed');
  });

  it('give a trial back that showed nothing', async () => {
    await open();
    time.advance(toRestMs(1));
    expect((await pass(processes[0], 'tells_nothing')).kind).toBe('passed');
    expect((await pass(processes[0], 'served')).kind).toBe('passed');
    await untilNews('provider.degraded', 'provider.recovered');
  });
});
