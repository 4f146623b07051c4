import { createIdSource, systemClock } from '#libs/primitives';
import { IdempotencyRecord } from '../../src/idempotency/idempotency-record.entity.js';
import { ReferenceKey } from '../../src/transactions/reference-key.entity.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import { Cluster, type Collection } from '../support/cluster.js';
import { describeOnBothDatabases, type TestAnswer } from '../support/gateway.js';

const TOKEN = '/oauth/v1/generate';
const PUSH = '/mpesa/stkpush/v1/processrequest';
const WRITERS = 32;
const ids = createIdSource(systemClock);

describeOnBothDatabases('Gateways that share a database', (database) => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start(database);
  }, 120_000);

  afterAll(() => cluster.close());

  beforeEach(() => {
    cluster.mpesa.clearFaults();
    cluster.wire.reset();
  });

  let phones = 711_200_000;
  const freshPhone = () => `+254${++phones}`;
  const fresh = (given: Partial<Collection> = {}): Collection => {
    const key = ids.next('key');
    return { key, reference: key, phone: freshPhone(), amount: 150, ...given };
  };
  const all = (requests: readonly Collection[]): Promise<TestAnswer[]> =>
    Promise.all(requests.map((request, number) => cluster.collect(number, request)));
  const many = (count: number) => Array.from({ length: count }, () => fresh());
  const statuses = (answers: readonly TestAnswer[]) => answers.map(({ status }) => status);

  describe('share one access token, where each new one kills the one before', () => {
    beforeEach(() => cluster.mpesa.setFaults({ strictSingleToken: true }));

    it('ask for it once, whichever of them needs it', async () => {
      cluster.mpesa.expireTokens();
      await all(many(12)); // The token of earlier tests is found dead, once by each of them.
      await cluster.untilAll(['succeeded']);
      cluster.wire.reset();
      expect(new Set(statuses(await all(many(40))))).toEqual(new Set([201]));
      await cluster.untilAll(['succeeded']);
      expect([cluster.calls(TOKEN), cluster.calls(PUSH)]).toEqual([0, 40]);
    }, 120_000);

    it('replace a token that the provider no longer takes with one new one, not with one each', async () => {
      await all(many(8));
      await cluster.untilAll(['succeeded']);
      cluster.mpesa.expireTokens();
      cluster.wire.reset();
      await all(many(40));
      const ended = await cluster.untilAll(['succeeded']);
      expect(cluster.calls(TOKEN)).toBe(1);
      expect(cluster.mpesa.transfers()).toHaveLength(ended.length);
    }, 120_000);

    it('lose no payment to tokens that die every few seconds', async () => {
      cluster.mpesa.setSettings({ tokenLifeSeconds: 3 });
      cluster.mpesa.expireTokens();
      for (let round = 0; round < 4; round++) {
        expect(new Set(statuses(await all(many(16))))).toEqual(new Set([201]));
        await cluster.untilAll(['succeeded']);
      }
      const ended = await cluster.untilAll(['succeeded']);
      expect(cluster.mpesa.transfers()).toHaveLength(ended.length);
      cluster.mpesa.setSettings({ tokenLifeSeconds: 3_600 });
    }, 180_000);
  });

  it('open one prompt for a phone that all of them are asked for at once', async () => {
    // Nobody answers before everybody has asked.
    cluster.mpesa.setSettings({ answerDelayMs: 50_000 });
    for (const phone of [freshPhone(), freshPhone(), freshPhone()]) {
      // The second time there is a guard already, that of a payment which is over.
      for (const amount of [100, 200]) {
        const answers = await all(Array.from({ length: WRITERS }, () => fresh({ phone, amount })));
        const [taken, refused] = [answers.filter(isTaken), answers.filter((answer) => !isTaken(answer))];
        expect(taken).toHaveLength(1);
        for (const { status, body, headers } of refused) {
          expect([status, body.code]).toEqual([409, 'phone_busy']);
          expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
          expect(JSON.stringify(body)).not.toContain(taken[0]!.body.id);
        }
        await cluster.mpesa.answer(phone.slice(1), 'pin', 30_000);
        await cluster.untilAll(['succeeded']);
        expect(cluster.mpesa.prompts().filter(({ msisdn }) => `+${msisdn}` === phone)).toHaveLength(amount / 100);
      }
    }
    cluster.mpesa.setSettings({ answerDelayMs: 1 });
  }, 180_000);

  it('give every one of 32 writers that fight for keys, references and phones its right answer', async () => {
    const storm = new Storm(20_261_122);
    const before = new Set((await cluster.database.read.find(Transaction)).map(({ id }) => id));
    for (let round = 0; round < 10; round++) {
      const requests = Array.from({ length: WRITERS }, () => storm.next());
      storm.note(requests, await all(requests));
    }
    storm.judge();

    const rows = (await cluster.untilAll(['succeeded'])).filter(({ id }) => !before.has(id));
    expect(rows.map(({ id }) => id).sort()).toEqual(storm.ids);
    for (const { id, phone, reference } of rows) {
      expect(await cluster.database.read.countBy(IdempotencyRecord, { subjectId: id })).toBe(1);
      expect(await cluster.database.read.countBy(ReferenceKey, { transactionId: id })).toBe(1);
      const moved = cluster.mpesa.transfers().filter(({ party }) => `+${party}` === phone);
      expect(moved).toHaveLength(rows.filter((row) => row.phone === phone).length);
      expect(rows.filter((row) => row.reference === reference)).toHaveLength(1);
    }

    // Whoever was answered is answered the same again, by any of them.
    const taken = storm.taken;
    const again = await all(taken.map(({ request }) => request));
    again.forEach((answer, index) => expect([answer.status, answer.text]).toEqual([201, taken[index]!.answer.text]));
  }, 180_000);
});

const isTaken = ({ status }: TestAnswer) => status === 201;

interface Exchange {
  readonly request: Collection;
  readonly answer: TestAnswer;
}

/** Requests that overlap in every way, drawn from a seed, and the rules that their answers must keep. */
class Storm {
  private readonly exchanges: Exchange[] = [];

  constructor(private state: number) {}

  /** One of 40 keys, now and then with the other of its two bodies; 24 references and 12 phones for all of them. */
  next(): Collection {
    const key = this.draw(40);
    const body = key * 2 + (this.draw(8) === 0 ? 1 : 0);
    return {
      key: `storm-${key}`,
      reference: `STORM-${(body * 7) % 24}`,
      phone: `+2547113000${10 + ((body * 5) % 12)}`,
      // By body, so that only phones refuse, never an amount repeated too soon.
      amount: 100 + body,
    };
  }

  note(requests: readonly Collection[], answers: readonly TestAnswer[]): void {
    requests.forEach((request, index) => this.exchanges.push({ request, answer: answers[index]! }));
  }

  /** The first answer to each key that was taken. */
  get taken(): Exchange[] {
    const byKey = new Map<string, Exchange>();
    for (const exchange of this.exchanges) {
      if (isTaken(exchange.answer) && !byKey.has(exchange.request.key)) byKey.set(exchange.request.key, exchange);
    }
    return [...byKey.values()];
  }

  get ids(): string[] {
    return this.taken.map(({ answer }) => answer.body.id).sort();
  }

  judge(): void {
    const { taken } = this;
    const counts = new Map<string, number>();
    for (const { request, answer } of this.exchanges) {
      const first = taken.find((exchange) => exchange.request.key === request.key);
      const word = isTaken(answer) ? 'taken' : answer.body.code;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      switch (word) {
        case 'taken':
          expect([answer.text, request]).toEqual([first!.answer.text, first!.request]);
          break;
        case 'idempotency_key_reused':
          expect(answer.status).toBe(422);
          expect(first!.request).not.toEqual(request);
          break;
        case 'reference_taken': {
          expect(answer.status).toBe(409);
          const holder = taken.find((exchange) => exchange.answer.body.id === answer.body.transactionId);
          expect(holder!.request.reference).toBe(request.reference);
          break;
        }
        case 'phone_busy':
          expect(answer.status).toBe(409);
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
          expect(taken.some((exchange) => exchange.request.phone === request.phone)).toBe(true);
          break;
        default:
          throw new Error(`${answer.status} ${answer.text} to ${JSON.stringify(request)}`);
      }
    }
    // The storm would prove little if one of the fights never took place.
    expect([...counts.keys()].sort()).toEqual(['idempotency_key_reused', 'phone_busy', 'reference_taken', 'taken']);
  }

  /** mulberry32: the same draws for the same seed, on every machine. */
  private draw(below: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }
}
