import { setTimeout as sleep } from 'node:timers/promises';
import { ManualTime } from '#libs/primitives';
import { Database } from '../../src/database/database.js';
import { LEASE_MS } from '../../src/jobs/job-store.js';
import { describeOnServer } from '../support/databases.js';
import { Gate } from '../support/gate.js';
import { PaymentStage } from '../support/payments.js';
import { describeWithRedis } from '../support/redis-server.js';

// One API and two workers, Bull between them: who does the work, and what becomes of it when one of them falls silent.
describeWithRedis('A cluster', () => {
  describeOnServer('on MySQL or MariaDB', () => {
    let stage: PaymentStage;
    let gate: Gate;

    beforeEach(async () => {
      stage = await PaymentStage.start({ database: 'mysql' });
      gate = await Gate.before(stage.mpesa.baseUrl);
    });

    afterEach(async () => {
      await gate.end();
      await stage.close();
    });

    const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
      for (let turn = 0; !(await holds()); turn++) {
        if (turn > 1_000) throw new Error(`It never came to pass: ${what}`);
        await sleep(30);
      }
    };

    /** A merchant whose requests to M-Pesa go through the gate. */
    const gatedMerchant = async () => {
      const merchant = await stage.gateway.createMerchant({ name: 'Kiosk' });
      await stage.connect(merchant, { baseUrl: gate.baseUrl });
      return merchant;
    };

    /** Leaves one worker, with a time of its own that stands still, and has it take up a payment that the gate holds. */
    const stickInPayment = async (
      path: string,
      keep: 'request' | 'answer',
      ask: PaymentStage['collect'] = (body, options) => stage.collect(body, options),
    ) => {
      await Promise.all(stage.gateway.workers.splice(0).map((worker) => worker.close()));
      const own = new ManualTime(stage.time.now());
      await stage.gateway.startWorker({ clock: own, scheduler: own });
      gate.close({ path, keep });
      const merchant = await gatedMerchant();
      const { body } = await ask({}, { key: merchant.key });
      await until('the worker is at it', () => gate.held === 1);
      await stage.gateway.startWorker();
      return { id: body.id as string, key: merchant.key, own };
    };

    /** Lets the other worker find that the lease has lapsed. Nothing settles: the first one is still at it. */
    const untilTakenOver = async (id: string, key: string) => {
      stage.time.advance(LEASE_MS + 1);
      await until('the other worker has taken over', async () => {
        stage.time.advance(1_000);
        return (await stage.transaction(id, key)).status === 'unconfirmed';
      });
    };

    it('shares the work, and the API does none of it', async () => {
      const made = await Promise.all(Array.from({ length: 12 }, () => stage.collect()));
      for (const { body } of made) await stage.until(body.id, ['succeeded'], { stepMs: 2_000 });
      expect(stage.mpesa.transfers()).toHaveLength(12);
      await Promise.all(stage.gateway.workers.splice(0).map((worker) => worker.close()));
      const { body } = await stage.collect();
      // Nothing settles without a worker: its id waits in Redis.
      for (let turn = 0; turn < 10; turn++) {
        stage.time.advance(5_000);
        await sleep(10);
      }
      expect((await stage.transaction(body.id)).status).toBe('created');
      await stage.gateway.startWorker();
      await stage.until(body.id, ['succeeded'], { stepMs: 2_000 });
    });

    it('has workers that serve their health and nothing else', async () => {
      const [worker] = stage.gateway.workers;
      const ask = (path: string) =>
        fetch(`${worker!.baseUrl}${path}`, { headers: { authorization: `Bearer ${stage.merchant.key}` } });
      expect((await ask('/health/live')).status).toBe(200);
      expect(await (await ask('/health/ready')).json()).toMatchObject({
        status: 'ok',
        dependencies: { database: { status: 'ok' }, redis: { status: 'ok' }, jobs: { status: 'ok', driver: 'bull' } },
      });
      for (const path of ['/v1/transactions', '/docs', '/openapi.json', '/callbacks/x', '/healthy']) {
        const answer = await ask(path);
        expect([path, answer.status]).toEqual([path, 404]);
        expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
      }
    });

    it('turns the expired lease of a submit into doubt and questions, never into a second push', async () => {
      stage.mpesa.setFaults({ callbackDrop: true });
      const { id, key } = await stickInPayment('/stkpush/', 'answer');
      await untilTakenOver(id, key);
      expect((await stage.transaction(id, key)).doubt.reason).toBe('worker_lost');
      expect(stage.mpesa.prompts()).toHaveLength(1);
      // Nothing to ask by yet: the inquiry is put off to the deadline.
      await until('the inquiry is put off', async () => {
        stage.time.advance(1_000);
        const { doubt } = await stage.transaction(id, key);
        const rows = await stage.gateway
          .get(Database)
          .read.query("SELECT run_at FROM jobs WHERE kind = 'inquire' AND lease_token IS NULL");
        return doubt !== null && rows.every((row: any) => Number(row.run_at) > stage.time.now() + 3_600_000);
      });
      // The first worker was not dead, only slow: what it learned is evidence all the same.
      gate.open();
      await stage.untilOf(key, id, ['succeeded'], { stepMs: 5_000, limitMs: 300_000 });
      expect(stage.mpesa.prompts()).toHaveLength(1);
      expect(stage.mpesa.transfers()).toHaveLength(1);
    });

    it('has a worker whose lease ended before its bytes left send nothing', async () => {
      const { id, key, own } = await stickInPayment('/oauth/', 'request');
      await untilTakenOver(id, key);
      own.advance(LEASE_MS + 1);
      gate.open();
      await stage.gateway.settled();
      for (let turn = 0; turn < 20; turn++) await stage.pass(5_000);
      expect(stage.mpesa.prompts()).toEqual([]);
      expect((await stage.transaction(id, key)).status).toBe('unconfirmed');
    });

    it('finds out about a payout whose worker fell silent, and pays it once', async () => {
      stage.mpesa.setFaults({ orderScope: 'b2c', resultDrop: true });
      const pay: PaymentStage['pay'] = (body, options) => stage.pay(body, options);
      const { id, key } = await stickInPayment('/b2c/', 'answer', pay);
      await untilTakenOver(id, key);
      const paid = await stage.untilOf(key, id, ['succeeded'], { stepMs: 5_000, limitMs: 300_000 });
      // The first worker was not dead, only slow: what it learns now changes nothing.
      gate.open();
      await stage.gateway.settled();
      expect((await stage.transaction(id, key)).version).toBe(paid.version);
      expect(stage.paidTo(paid.recipient.phone)).toHaveLength(1);
    });

    it('has a worker whose lease ended before its bytes left pay nobody', async () => {
      const pay: PaymentStage['pay'] = (body, options) => stage.pay(body, options);
      const { id, key, own } = await stickInPayment('/oauth/', 'request', pay);
      await untilTakenOver(id, key);
      own.advance(LEASE_MS + 1);
      gate.open();
      await stage.gateway.settled();
      for (let turn = 0; turn < 20; turn++) await stage.pass(5_000);
      expect(stage.mpesa.orders().filter(({ api }) => api === 'b2c')).toEqual([]);
      expect((await stage.transaction(id, key)).status).toBe('unconfirmed');
    });

    it('loses nothing when workers come and go during traffic', async () => {
      const ids: string[] = [];
      for (let round = 0; round < 4; round++) {
        const made = await Promise.all(Array.from({ length: 4 }, () => stage.collect()));
        ids.push(...made.map(({ body }) => body.id as string));
        await stage.gateway.startWorker();
        await stage.gateway.workers.shift()?.close();
      }
      for (const id of ids) await stage.until(id, ['succeeded'], { stepMs: 2_000, limitMs: 300_000 });
      expect(stage.mpesa.transfers()).toHaveLength(ids.length);
    });
  });
});
