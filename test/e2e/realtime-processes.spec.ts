import { systemSeams } from '../../src/config/config.module.js';
import { startGateway, type Gateway } from '../../src/gateway.js';
import { describeOnServer } from '../support/databases.js';
import { createTestGateway, type TestGateway, type TestMerchant } from '../support/gateway.js';
import { RealtimeClient, refusalOf, tell } from '../support/realtime.js';
import { describeWithRedisServer, TestRedisServer } from '../support/redis-server.js';

// Two API processes on one database: who listens at the one hears what the other numbers, with Redis between them or without.
describeWithRedisServer('Real time over Redis', () => {
  describeOnServer('of two API processes on MySQL or MariaDB', () => {
    let redis: TestRedisServer;
    let first: TestGateway;
    let second: Gateway;
    let merchant: TestMerchant;

    beforeAll(async () => {
      redis = await TestRedisServer.start();
      first = await createTestGateway({ database: 'mysql', cluster: { workers: 0, redisUrl: redis.url } });
      second = await startGateway({ ...first.settings, port: 0 }, systemSeams(), { logTo: { write: () => undefined } });
      merchant = await first.createMerchant();
    });
    afterAll(async () => {
      await second.close();
      await first.close();
      await redis.stop();
    });

    const of = (app: Gateway['app']): { get<T>(token: { readonly prototype: T }): T } => ({
      get: <T>(token: { readonly prototype: T }) => app.get<T>(token as never, { strict: false }),
    });
    const stream = () => ({ merchantId: merchant.id, mode: 'test' as const });
    const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

    it('everybody hears all of it, in order, wherever it was numbered, while Redis is there, away, and back', async () => {
      const clients = [
        await RealtimeClient.open(first.baseUrl, { key: merchant.key }),
        await RealtimeClient.open(second.baseUrl, { key: merchant.key }),
      ];
      for (const client of clients) await client.subscribe({});
      let told = 0;
      const tellBoth = async (): Promise<number> => {
        const startedAt = performance.now();
        await Promise.all([tell(first, stream(), 40), tell(of(second.app), stream(), 40)]);
        told += 80;
        for (const client of clients) await client.until(() => client.positions().length === told, 'all of it');
        return performance.now() - startedAt;
      };
      await tellBoth();
      await redis.stop();
      await tellBoth();
      await redis.start();
      await tellBoth();
      for (const client of clients) expect(client.positions()).toEqual(upTo(told));

      // Cut off at the one, a client goes on at the other.
      const after = clients[0]!.of('event')[99].event.id;
      clients[0]!.socket.terminate();
      const again = await RealtimeClient.open(second.baseUrl, { key: merchant.key });
      await again.subscribe({ after });
      expect(again.positions()).toEqual(upTo(told).slice(100));
      for (const { socket } of [...clients, again]) socket.terminate();
    });

    it('a ticket opens one socket at one of them, and none at the other', async () => {
      const { body } = await first.request('POST /v1/realtime-tickets', { key: merchant.key, body: {} });
      const { ticket } = body;
      const tries = await Promise.allSettled(
        [first, second, first, second].map(({ baseUrl }) => RealtimeClient.open(baseUrl, { ticket })),
      );
      const opened = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(opened).toHaveLength(1);
      expect((await refusalOf(second.baseUrl, { ticket })).status).toBe(401);
      opened[0]?.socket.terminate();
    });
  });
});
