import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { describeWithRedisServer, TestRedisServer } from '../../test/support/redis-server.js';
import { readSettings } from '../config/settings.js';
import { RedisLink, type RedisState } from './redis-link.js';

describe('The link to Redis', () => {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-redis-'));
  const links: RedisLink[] = [];

  beforeAll(() => Logger.overrideLogger(false));
  afterEach(() => {
    for (const link of links.splice(0)) link.onApplicationShutdown();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const open = (environment: Record<string, string> = {}): RedisLink => {
    const link = new RedisLink(readSettings({ MALIPO_DATA_DIR: folder, ...environment }));
    links.push(link);
    return link;
  };

  it('is absent without REDIS_URL, and answers nothing', async () => {
    const link = open();
    expect([link.client, link.state]).toEqual([undefined, 'absent']);
    expect(await link.use((client) => client.ping())).toBeUndefined();
  });

  it('keeps gateways with databases of their own apart, and processes of one together', () => {
    const prefixes = [
      'mysql://a:b@db:3306/one',
      'mysql://c@db/one',
      'mysql://a:b@db/two',
      'mysql://a:b@other/one',
      `sqlite:${folder}/x.db`,
      'sqlite:y.db',
    ].map((url) => open({ DATABASE_URL: url }).prefix);
    expect(prefixes[0]).toBe(prefixes[1]);
    expect(new Set(prefixes).size).toBe(5);
    expect(prefixes.every((prefix) => /^malipo:[0-9a-f]{16}$/.test(prefix))).toBe(true);
  });

  it('refuses at once where nobody listens', async () => {
    const link = open({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await link.use((client) => client.ping())).toBeUndefined();
    await expect(link.client?.ping()).rejects.toBeDefined();
    expect(link.state).toBe('down');
  });

  describeWithRedisServer('with a server', () => {
    let server: TestRedisServer;

    beforeAll(async () => {
      server = await TestRedisServer.start();
    });
    afterAll(() => server.stop());

    const until = async (link: RedisLink, state: RedisState) => {
      for (let turn = 0; link.state !== state; turn++) {
        if (turn > 1_000) throw new Error(`Still ${link.state}, not ${state}.`);
        await sleep(30);
      }
    };

    it('runs commands, and gives the prefix to build their keys with', async () => {
      const link = open({ REDIS_URL: server.url });
      await until(link, 'up');
      expect(await link.use((client, prefix) => client.incr(`${prefix}:count`))).toBe(1);
      expect(await server.ask((client) => client.get(`${link.prefix}:count`))).toBe('1');
    });

    it('is down while the server is away, sends nothing late, and is up again by itself', async () => {
      const link = open({ REDIS_URL: server.url });
      await until(link, 'up');
      await server.stop();
      await until(link, 'down');
      expect(await link.use((client, prefix) => client.set(`${prefix}:late`, 'x'))).toBeUndefined();
      await server.start();
      await until(link, 'up');
      expect(await link.use((client, prefix) => client.exists(`${prefix}:late`))).toBe(0);
    });

    it('waits for a frozen server once, then stays away from it for a while', async () => {
      const link = open({ REDIS_URL: server.url });
      await until(link, 'up');
      server.freeze();
      expect(await link.use((client) => client.ping())).toBeUndefined();
      let asked = 0;
      const tries = Array.from({ length: 100 }, () => link.use(async () => asked++));
      expect([asked, link.state]).toEqual([0, 'down']);
      await Promise.all(tries);
      server.thaw();
      await until(link, 'up');
      expect(await link.use((client) => client.ping())).toBe('PONG');
    });
  });
});
