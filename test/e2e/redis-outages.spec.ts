import { setTimeout as sleep } from 'node:timers/promises';
import { describeOnServer } from '../support/databases.js';
import { PaymentStage } from '../support/payments.js';
import { describeWithRedisServer, TestRedisServer } from '../support/redis-server.js';

// Redis holds nothing that cannot be lost: whatever happens to it, each payment is made once and every request is answered.
describeWithRedisServer('Redis', () => {
  describeOnServer('between an API and two workers on MySQL or MariaDB', () => {
    let redis: TestRedisServer;
    let stage: PaymentStage;
    let ids: string[];

    beforeEach(async () => {
      redis = await TestRedisServer.start();
      stage = await PaymentStage.start({ database: 'mysql', redisUrl: redis.url });
      ids = [];
    });

    afterEach(async () => {
      redis.thaw();
      await stage.close();
      await redis.stop();
    });

    const collect = async (count: number) => {
      const answers = await Promise.all(Array.from({ length: count }, () => stage.collect()));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
      ids.push(...answers.map(({ body }) => body.id as string));
    };

    /** Every payment so far ends, and the simulator's book has each of them once. */
    const expectAllPaidOnce = async () => {
      for (const id of ids) await stage.until(id, ['succeeded'], { stepMs: 2_000, limitMs: 600_000 });
      expect(stage.mpesa.transfers()).toHaveLength(ids.length);
      expect(stage.mpesa.prompts()).toHaveLength(ids.length);
    };

    /** What every process says of itself, as soon as they agree on this. */
    const expectReadiness = async (status: string, redisStatus: string) => {
      const expected = { code: 200, status, redis: redisStatus, database: 'ok' };
      const urls = [stage.gateway.baseUrl, ...stage.gateway.workers.map(({ baseUrl }) => baseUrl)];
      for (let turn = 0; ; turn++) {
        const seen = await Promise.all(urls.map(readReadiness));
        if (turn === 300) expect(seen).toEqual(urls.map(() => expected));
        if (seen.every((one) => JSON.stringify(one) === JSON.stringify(expected))) return;
        await sleep(100);
      }
    };

    it('stopped: work goes on from the database, everybody says so, and all is well when it is back, empty', async () => {
      await expectReadiness('ok', 'ok');
      await collect(4);
      await redis.stop();
      await collect(4);
      await expectReadiness('degraded', 'down');
      await expectAllPaidOnce();
      await redis.start();
      await expectReadiness('ok', 'ok');
      await collect(4);
      await expectAllPaidOnce();
    });

    it('flushed, again and again during traffic: what it forgot is found in the rows', async () => {
      for (let round = 0; round < 5; round++) {
        const collecting = collect(4);
        await redis.flush();
        await collecting;
        await redis.flush();
      }
      await expectAllPaidOnce();
      await expectReadiness('ok', 'ok');
    });

    it('frozen: nobody waits for it, and what it took with it comes late and harms nothing', async () => {
      await collect(4);
      redis.freeze();
      await collect(4);
      await expectReadiness('degraded', 'down');
      await collect(4);
      await expectAllPaidOnce();
      redis.thaw();
      await expectReadiness('ok', 'ok');
      await collect(4);
      await expectAllPaidOnce();
    });

    it('restarted during traffic: nothing is lost and nothing is doubled', async () => {
      for (let round = 0; round < 3; round++) {
        const collecting = collect(4);
        await redis.stop();
        await collecting;
        const more = collect(4);
        await redis.start();
        await more;
      }
      await expectAllPaidOnce();
      await expectReadiness('ok', 'ok');
    });

    it('away when the processes start: they start, and find it when it comes', async () => {
      await redis.stop();
      await stage.gateway.restart();
      await expectReadiness('degraded', 'down');
      await collect(3);
      await expectAllPaidOnce();
      await redis.start();
      await expectReadiness('ok', 'ok');
      await collect(3);
      await expectAllPaidOnce();
    });

    it('that may throw keys away is refused at start, with what to do about it', async () => {
      await redis.ask((client) => client.config('SET', 'maxmemory-policy', 'allkeys-lru'));
      await stage.gateway.stop();
      await expect(stage.gateway.start()).rejects.toThrow(/allkeys-lru.*noeviction/);
      await redis.ask((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
      await stage.gateway.start();
    });
  });
});

async function readReadiness(baseUrl: string) {
  const answer = await fetch(`${baseUrl}/health/ready`);
  const body: any = await answer.json();
  const { redis, database } = body.dependencies;
  return { code: answer.status, status: body.status, redis: redis.status, database: database.status };
}
