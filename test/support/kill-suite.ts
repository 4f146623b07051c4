import { setTimeout as sleep } from 'node:timers/promises';
import { describeOnBothDatabases, describeOnServer, type DatabaseKind } from './databases.js';
import { KillStage, type KilledKind, type KillSide } from './kill-stage.js';

export const onSqlite: KillsOn = (name, tests) => describe(`${name}, on SQLite`, () => tests('sqlite'));
export const onServer: KillsOn = (name, tests) =>
  describeOnServer(`${name}, on MySQL or MariaDB`, () => tests('mysql'));

/** How a killed and restarted transaction ended, and what the provider's own book says. */
interface End {
  readonly transaction: any;
  /** How often the provider took the instruction. */
  readonly taken: number;
  readonly movements: number;
}

type KillsOn = (name: string, tests: (database: DatabaseKind) => void) => void;

/**
 * Kills the gateway at every write of a collection or payout in turn, starts it again, and compares the end with the book of the
 * simulated M-Pesa. The client, whose answer may be lost with the process, repeats its request with the same key.
 */
export function describeKills(side: KillSide, kind: KilledKind, where: KillsOn = describeOnBothDatabases): void {
  where(`A gateway killed ${side} each write of a ${kind}`, (database) => {
    let stage: KillStage;
    let made = 0;

    beforeAll(async () => {
      stage = await KillStage.start(database);
    }, 60_000);

    afterAll(() => stage.close());

    it('always comes to the right end: nothing twice, nothing lost, nothing guessed', async () => {
      const writes = await countWrites();
      expect(writes).toBeGreaterThan(8);
      const ends: string[] = [];
      for (let at = 1; at <= writes; at++) ends.push(`${String(at)} ${await killAt(at)}`);
      // Most ends are proven; a few must honestly be doubt, and every kill is looked at above.
      expect(ends.filter((end) => end.endsWith('succeeded')).length).toBeGreaterThan(writes / 2);
    }, 400_000);

    it('asks, and does not send again, where it died while the answer was on its way', async () => {
      stage.mpesa.setFaults({ slowAnswer: true, slowAnswerMs: 1_500, callbackRetries: 20 });
      const { phone, reference } = nextCustomer();
      const created = await stage.request(kind, phone, reference);
      while (stage.countTaken(kind, phone) === 0) await sleep(10);
      await stage.kill();
      stage.mpesa.setFaults({ slowAnswer: false });
      await stage.revive();
      const { transaction, taken, movements } = await findEnd(created!.body.id, phone);
      expect([transaction.status, taken, movements]).toEqual(['succeeded', 1, 1]);
    });

    async function countWrites(): Promise<number> {
      await stage.arm(Number.MAX_SAFE_INTEGER, side);
      const { phone, reference } = nextCustomer();
      const created = await stage.request(kind, phone, reference);
      await reach(created!.body.id, ['succeeded']);
      await sleep(300);
      return stage.countWrites();
    }

    async function killAt(at: number): Promise<string> {
      const { phone, reference } = nextCustomer();
      // The real provider sends a callback once; here it tries again, so that the restarted gateway hears of it.
      stage.mpesa.setFaults({ callbackRetries: 20 });
      await stage.arm(at, side);
      const first = await stage.request(kind, phone, reference);
      await stage.waitForDeath(2_000);
      await stage.revive();
      const again = await stage.request(kind, phone, reference);
      expect(again?.status).toBe(201);
      // What was acknowledged survives, and the repetition finds it.
      if (first) expect(again?.body.id).toBe(first.body.id);
      const end = await findEnd(again!.body.id, phone);
      if (end.taken === 1 && end.transaction.status !== 'succeeded') throw new Error(await tellStory(at, end));
      expect(end.taken).toBeLessThanOrEqual(1);
      expect(end.movements).toBe(end.taken);
      if (end.taken === 0)
        expect(end.transaction).toMatchObject({
          status: 'unconfirmed',
          doubt: { reason: expect.stringMatching(/worker_lost|answer_lost/) },
        });
      return end.transaction.status;
    }

    async function tellStory(at: number, { transaction }: End): Promise<string> {
      const { data } = await stage.read(`/v1/transactions/${transaction.id}/events?limit=100`);
      const lines = data.map(
        (line: any) => `${line.at} ${line.event}: ${line.from} → ${line.to} ${JSON.stringify(line.evidence)}`,
      );
      return [
        `Killed ${side} write ${String(at)}: the money moved, and the transaction is ${transaction.status}.`,
        ...lines.reverse(),
        `Callbacks: ${JSON.stringify(stage.mpesa.callbacks().slice(-2))}`,
      ].join('\n');
    }

    async function findEnd(id: string, phone: string): Promise<End> {
      await reach(id, ['succeeded', 'unconfirmed']);
      const taken = stage.countTaken(kind, phone);
      // Where money moved, proof is on its way; where nothing was sent, nothing may ever come.
      const settled = await reach(id, ['succeeded'], taken === 1 ? 25_000 : 1_500);
      const movements = stage.mpesa.transfers().filter((transfer) => `+${transfer.party}` === phone).length;
      return { transaction: settled, taken, movements };
    }

    async function reach(id: string, statuses: readonly string[], limitMs = 15_000): Promise<any> {
      let transaction = await stage.read(`/v1/transactions/${id}`);
      for (let waited = 0; !statuses.includes(transaction.status) && waited < limitMs; waited += 40) {
        await sleep(40);
        transaction = await stage.read(`/v1/transactions/${id}`);
      }
      return transaction;
    }

    function nextCustomer(): { phone: string; reference: string } {
      made++;
      return { phone: `+2547112${String(10_000 + made)}`, reference: `KILL-${kind}-${side}-${String(made)}` };
    }
  });
}
