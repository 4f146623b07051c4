import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ManualTime, systemScheduler, type Scheduler } from '#libs/primitives';
import { createRateLimiter, type RateDecision } from '#libs/provider-kit';
import { describeWithRedisServer, TestRedisServer } from '../../test/support/redis-server.js';
import { readSettings } from '../config/settings.js';
import { RedisLink } from '../redis/redis-link.js';
import { SharedRateLimiter } from './shared-rate-limiter.js';

// Windows far longer than any test runs, so that how fast the machine is decides nothing.
const LONG_MS = 3_600_000;

describe('The rate limit of a provider account', () => {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-rate-'));
  const links: RedisLink[] = [];
  let time: ManualTime;
  let waits: number[];

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    time = new ManualTime(1_795_334_400_000);
    waits = [];
  });
  afterEach(() => {
    for (const link of links.splice(0)) link.onApplicationShutdown();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The scheduler of a test that moves time by hand, and sees who waits. */
  const byHand: Scheduler = {
    after(delayMs, work) {
      waits.push(delayMs);
      return time.after(delayMs, work);
    },
  };

  /** One process: a link of its own to the Redis of all. */
  const open = async (url?: string, scheduler = byHand) => {
    const link = new RedisLink(readSettings({ MALIPO_DATA_DIR: folder, ...(url !== undefined && { REDIS_URL: url }) }));
    links.push(link);
    if (url !== undefined) await until(() => link.state === 'up');
    return { link, limiter: new SharedRateLimiter(link, createRateLimiter({ clock: time, scheduler }), scheduler) };
  };
  const until = async (holds: () => boolean | Promise<boolean>) => {
    for (let turn = 0; !(await holds()); turn++) {
      if (turn > 1_000) throw new Error('It never came to pass.');
      await sleep(30);
    }
  };
  const granted = (decisions: readonly RateDecision[]) => decisions.filter(({ kind }) => kind === 'granted').length;

  it('is kept by each process alone where there is no Redis', async () => {
    const [one, other] = [await open(), await open()];
    const limit = { requests: 2, perMs: LONG_MS };
    for (const { limiter } of [one, other]) {
      const decisions = [];
      for (let asked = 0; asked < 5; asked++) decisions.push(await limiter.acquire('pac_1', limit));
      expect(granted(decisions)).toBe(2);
    }
  });

  describeWithRedisServer('with Redis', () => {
    let server: TestRedisServer;

    beforeAll(async () => {
      server = await TestRedisServer.start();
    });
    beforeEach(() => server.flush());
    afterAll(() => server.stop());

    it('is shared by all processes, however they crowd', async () => {
      const processes = await Promise.all([1, 2, 3, 4].map(() => open(server.url)));
      const limit = { requests: 7, perMs: LONG_MS };
      const decisions = await Promise.all(
        processes.flatMap(({ limiter }) => Array.from({ length: 10 }, () => limiter.acquire('pac_1', limit))),
      );
      expect(granted(decisions)).toBe(7);
      for (const decision of decisions) {
        if (decision.kind === 'granted') continue;
        expect(decision.retryAfterMs).toBeGreaterThan(0);
        expect(decision.retryAfterMs).toBeLessThanOrEqual(LONG_MS);
      }
    });

    it('keeps accounts apart, and lets everything through without a limit', async () => {
      const { limiter } = await open(server.url);
      const limit = { requests: 1, perMs: LONG_MS };
      for (const account of ['pac_1', 'pac_2'])
        expect(await limiter.acquire(account, limit)).toMatchObject({ kind: 'granted' });
      expect(await limiter.acquire('pac_1', limit)).toMatchObject({ kind: 'wait' });
      expect(await limiter.acquire('pac_1', null)).toEqual({ kind: 'granted', waitedMs: 0 });
    });

    it('makes one line of all who are willing to wait, and sends nobody into it for more than a minute', async () => {
      const [one, other] = [await open(server.url), await open(server.url)];
      const limit = { requests: 2, perMs: 50_000 };
      const served: string[] = [];
      const ask = (limiter: SharedRateLimiter, name: string) =>
        limiter.acquire('pac_1', limit, LONG_MS).then(({ kind }) => void served.push(`${name} ${kind}`));
      await ask(one.limiter, '1');
      await ask(other.limiter, '2');
      const third = ask(other.limiter, '3');
      await until(() => waits.length === 1);
      const fourth = ask(one.limiter, '4');
      await until(() => waits.length === 2);
      // A whole window behind the third, and so beyond the minute.
      await ask(other.limiter, '5');
      time.advance(50_000);
      await Promise.all([third, fourth]);
      expect(served.slice(0, 3)).toEqual(['1 granted', '2 granted', '5 wait']);
      expect(served.slice(3).sort()).toEqual(['3 granted', '4 granted']);
      for (const waitMs of waits) expect(waitMs).toBeLessThanOrEqual(50_000);
    });

    it('never lets more through in any stretch than the limit says', async () => {
      const limit = { requests: 5, perMs: 60 };
      const places: number[] = [];
      const watcher = await open(server.url);
      const monitor = await watcher.link.client!.monitor();
      monitor.on('monitor', (_: string, [command, , at]: string[]) => {
        if (command?.toUpperCase() === 'RPUSH') places.push(Number(at));
      });
      const processes = await Promise.all([1, 2, 3].map(() => open(server.url, systemScheduler)));
      const decisions = await Promise.all(
        processes.flatMap(({ limiter }, process) =>
          Array.from({ length: 20 }, async (_, asked) => {
            await sleep((asked * 7 + process * 13) % 90);
            return limiter.acquire('pac_1', limit, 30_000);
          }),
        ),
      );
      await until(() => places.length === granted(decisions));
      monitor.disconnect();
      expect(places).toHaveLength(60);
      places.forEach((at, index) => expect((places[index + 5] ?? Infinity) - at).toBeGreaterThanOrEqual(60));
    });

    it('blocks nobody after the clock of Redis was set back', async () => {
      const { limiter, link } = await open(server.url);
      const tomorrow = Date.now() + 86_400_000;
      await server.ask((client) => client.rpush(`${link.prefix}:rate:pac_1`, tomorrow));
      expect(await limiter.acquire('pac_1', { requests: 1, perMs: 1_000 })).toEqual({ kind: 'granted', waitedMs: 0 });
    });

    it.each<[string, (redis: TestRedisServer) => unknown, (redis: TestRedisServer) => unknown]>([
      ['stopped', (redis) => redis.stop(), (redis) => redis.start()],
      ['frozen', (redis) => redis.freeze(), (redis) => redis.thaw()],
    ])('is kept by each process alone while Redis is %s, and shared again afterwards', async (_, harm, mend) => {
      const [one, other] = [await open(server.url), await open(server.url)];
      const limit = { requests: 2, perMs: LONG_MS };
      await harm(server);
      for (const { limiter } of [one, other]) {
        const decisions = [];
        for (let asked = 0; asked < 5; asked++) decisions.push(await limiter.acquire('pac_1', limit));
        expect(granted(decisions)).toBe(2);
      }
      await mend(server);
      await until(() => one.link.state === 'up' && other.link.state === 'up');
      await server.flush();
      const decisions = [];
      for (const { limiter } of [one, other, one, other]) decisions.push(await limiter.acquire('pac_1', limit));
      expect(granted(decisions)).toBe(2);
    });
  });
});
