import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { ManualTime } from '#libs/primitives';
import { describeWithRedisServer, TestRedisServer } from '../../test/support/redis-server.js';
import { readSettings } from '../config/settings.js';
import { RedisLink } from '../redis/redis-link.js';
import { SharedWindows, type Verdict } from './shared-windows.js';

const WINDOW_MS = 10_000;
const START = 1_795_334_400_000;
const ALONE = { state: 'absent', use: () => Promise.resolve(undefined) } as const;

describe('Windows of a process alone', () => {
  let time: ManualTime;
  let windows: SharedWindows;

  beforeEach(() => {
    time = new ManualTime(START + 2_000);
    windows = new SharedWindows({ name: 'test', limit: 3, windowMs: WINDOW_MS }, ALONE, time, time);
  });

  it('count down for each id, refuse, and begin anew', () => {
    expect([1, 2, 3, 4, 5].map(() => windows.take('a'))).toEqual([
      { admitted: true, remaining: 2, resetMs: 8_000 },
      { admitted: true, remaining: 1, resetMs: 8_000 },
      { admitted: true, remaining: 0, resetMs: 8_000 },
      { admitted: false, remaining: 0, resetMs: 8_000 },
      { admitted: false, remaining: 0, resetMs: 8_000 },
    ]);
    expect(windows.take('b').remaining).toBe(2);
    time.advance(7_999);
    expect(windows.take('a')).toEqual({ admitted: false, remaining: 0, resetMs: 1 });
    time.advance(1);
    expect(windows.take('a')).toEqual({ admitted: true, remaining: 2, resetMs: WINDOW_MS });
  });

  it('forget the first of too many ids, and keep no more than ten thousand', () => {
    for (let taken = 0; taken < 3; taken++) windows.take('first');
    expect(windows.take('first').admitted).toBe(false);
    for (let index = 0; index < 10_000; index++) windows.take(`id-${index}`);
    expect(windows.take('first').admitted).toBe(true);
    expect(windows.take('id-9999').remaining).toBe(1);
  });

  it('leave no timer behind', () => {
    windows.take('a');
    expect(time.nextTimerAt()).toBeUndefined();
  });
});

describeWithRedisServer('Windows of several processes', () => {
  let server: TestRedisServer;
  let time: ManualTime;
  const links: RedisLink[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await TestRedisServer.start();
  });
  beforeEach(() => {
    time = new ManualTime(START);
  });
  afterEach(async () => {
    for (const link of links.splice(0)) link.onApplicationShutdown();
    await server.flush();
  });
  afterAll(() => server.stop());

  async function openProcess(): Promise<SharedWindows> {
    const link = new RedisLink(
      readSettings({ REDIS_URL: server.url, MALIPO_SECRET_KEY: randomBytes(32).toString('hex') }),
    );
    links.push(link);
    await until(() => link.state === 'up');
    return new SharedWindows({ name: 'test', limit: 10, windowMs: WINDOW_MS }, link, time, time);
  }

  /** Lets the process tell and hear, again and again, until it is so. */
  async function until(isReached: () => boolean): Promise<void> {
    for (let turn = 0; turn < 1_500; turn++) {
      if (isReached()) return;
      await sleep(20);
    }
    throw new Error('It never came to that.');
  }

  const take = (windows: SharedWindows, times: number): Verdict[] =>
    Array.from({ length: times }, () => windows.take('key'));
  const key = async (): Promise<string | null> => {
    const [name = 'none'] = await server.ask((client) => client.keys('*:rate:test:*'));
    return server.ask((client) => client.get(name));
  };
  const untilTold = async (total: number): Promise<void> => {
    for (let turn = 0; turn < 1_500; turn++) {
      if ((await key()) === String(total)) return;
      await sleep(20);
    }
    throw new Error(`Redis never heard of ${total}.`);
  };

  it('share one quota, and the keys of Redis go by themselves', async () => {
    const [one, other] = [await openProcess(), await openProcess()];
    expect(take(one, 6).every(({ admitted }) => admitted)).toBe(true);
    time.advance(20);
    await untilTold(6);
    expect(take(other, 2).at(-1)).toMatchObject({ admitted: true, remaining: 8 });
    time.advance(20);
    await untilTold(8);
    // The next word from it says what both have taken.
    await until(() => (time.advance(0), other.take('key').remaining < 8));
    const left = take(other, 10).filter(({ admitted }) => admitted).length;
    expect(left).toBeLessThanOrEqual(2);
    expect(await server.ask((client) => client.keys('*'))).toHaveLength(1);
    const [name = ''] = await server.ask((client) => client.keys('*'));
    expect(await server.ask((client) => client.pttl(name))).toBeGreaterThan(0);
  });

  it.each([
    ['stopped', () => server.stop(), () => server.start()],
    ['frozen', async () => server.freeze(), async () => server.thaw()],
  ])('count alone while Redis is %s, refuse nobody for it, and share again', async (_, breakIt, mendIt) => {
    const process = await openProcess();
    take(process, 2);
    time.advance(20);
    await untilTold(2);
    await breakIt();
    const verdicts = take(process, 9);
    expect(verdicts.map(({ admitted }) => admitted)).toEqual([...Array(8).fill(true), false]);
    time.advance(20);
    await mendIt();
    time.advance(WINDOW_MS);
    await until(() => links[0]?.state === 'up');
    await until(() => {
      process.take('key');
      time.advance(20);
      return process.take('key').remaining < 8;
    });
    await until(() => !process.take('key').admitted);
  });
});
