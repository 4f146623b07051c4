import { setTimeout as sleep } from 'node:timers/promises';
import { describeOnBothDatabases } from './databases.js';
import { KillStage, type KillSide } from './kill-stage.js';

/** How a killed and restarted collection ended, and what the provider's own book says. */
interface End {
  readonly transaction: any;
  readonly pushes: number;
  readonly movements: number;
}

/**
 * Kills the gateway at every write of a collection in turn, starts it again, and compares the end with the book of the
 * simulated M-Pesa. The client, whose answer may be lost with the process, repeats its request with the same key.
 */
export function describeKills(side: KillSide): void {
  describeOnBothDatabases(`A gateway killed ${side} each write of a collection`, (database) => {
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

    async function countWrites(): Promise<number> {
      await stage.arm(Number.MAX_SAFE_INTEGER, side);
      const { phone, reference } = nextCustomer();
      const created = await stage.collect(phone, reference);
      await reach(created!.body.id, ['succeeded']);
      await sleep(300);
      return stage.countWrites();
    }

    async function killAt(at: number): Promise<string> {
      const { phone, reference } = nextCustomer();
      // The real provider sends a callback once; here it tries again, so that the restarted gateway hears of it.
      stage.mpesa.setFaults({ callbackRetries: 20 });
      await stage.arm(at, side);
      const first = await stage.collect(phone, reference);
      await stage.waitForDeath(2_000);
      await stage.revive();
      const again = await stage.collect(phone, reference);
      expect(again?.status).toBe(201);
      // What was acknowledged survives, and the repetition finds it.
      if (first) expect(again?.body.id).toBe(first.body.id);
      const end = await findEnd(again!.body.id, phone);
      if (end.pushes === 1 && end.transaction.status !== 'succeeded') throw new Error(await tellStory(at, end));
      expect(end.pushes).toBeLessThanOrEqual(1);
      expect(end.movements).toBe(end.pushes);
      if (end.pushes === 0)
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
        `Killed ${side} write ${String(at)}: the customer paid, and the transaction is ${transaction.status}.`,
        ...lines.reverse(),
        `Callbacks: ${JSON.stringify(stage.mpesa.callbacks().slice(-2))}`,
      ].join('\n');
    }

    async function findEnd(id: string, phone: string): Promise<End> {
      await reach(id, ['succeeded', 'unconfirmed']);
      const pushes = stage.mpesa.prompts().filter((prompt) => `+${prompt.msisdn}` === phone).length;
      // Where the customer paid, proof is on its way; where nothing was sent, nothing may ever come.
      const settled = await reach(id, ['succeeded'], pushes === 1 ? 25_000 : 1_500);
      const movements = stage.mpesa.transfers().filter((transfer) => `+${transfer.party}` === phone).length;
      return { transaction: settled, pushes, movements };
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
      return { phone: `+2547112${String(10_000 + made)}`, reference: `KILL-${side}-${String(made)}` };
    }
  });
}
