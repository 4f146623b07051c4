import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine, toAcceptRequest, toTransaction } from '../../test/support/engine.js';
import { openTestStore, type Connection, type TestStore } from '../../test/support/open-database.js';
import { EventRecord } from '../events/event.entity.js';
import { Problem } from '../http/problem.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Job } from '../jobs/job.entity.js';
import { getDefinition } from '../providers/registry.js';
import { WebhookDelivery } from '../webhooks/webhook-delivery.entity.js';
import { WebhookEndpoint } from '../webhooks/webhook-endpoint.entity.js';
import type { Accepted } from './accept-request.js';
import { PhoneGuard } from './phone-guard.entity.js';
import { ReferenceKey } from './reference-key.entity.js';
import { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

const TABLES = [Transaction, IdempotencyRecord, ReferenceKey, PhoneGuard, EventRecord, Job, WebhookDelivery];

describeOnBothDatabases('Taking requests', (kind) => {
  let store: TestStore;
  let engine: Engine;
  let elsewhere: Engine;
  let second: Connection;

  beforeAll(async () => {
    store = await openTestStore(kind);
    second = kind === 'mysql' ? await store.connect() : store;
  });

  beforeEach(async () => {
    for (const table of [...TABLES, WebhookEndpoint])
      await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(table).execute());
    engine = new Engine(store);
    elsewhere = new Engine(second, engine.time);
  });

  afterAll(() => store.close());

  const guardsOf = (transaction: Transaction) => {
    const { phoneGuards = null, promptLifeMs = null } = getDefinition('mpesa').operations.collections ?? {};
    return engine.guards.toClaims(transaction, phoneGuards, promptLifeMs);
  };
  const make = (given: Partial<Transaction> = {}) => toTransaction({ createdAt: engine.time.now(), ...given });
  const accept = (
    transaction: Transaction,
    given: Parameters<typeof toAcceptRequest>[1] = {},
    by = engine,
  ): Promise<Accepted> => by.writer.accept(toAcceptRequest(transaction, { guards: guardsOf(transaction), ...given }));
  const counts = async () => {
    const all = await Promise.all(TABLES.map((table) => store.database.read.count(table)));
    return Object.fromEntries(TABLES.map((table, index) => [table.name, all[index]]));
  };
  const codeOf = (answer: Accepted) => (answer.kind === 'refused' ? answer.problem.code : answer.kind);

  it('stores all of it in one transaction: record, reference, guards, transaction, first line, jobs', async () => {
    const transaction = make({ party: { phone: '+254700000001', name: 'Achieng O.' }, phone: '+254700000001' });
    const answer = await accept(transaction);
    expect(answer).toEqual({ kind: 'created', transaction: TransactionResponse.from(transaction) });
    expect({ ...(await engine.find(transaction.id)) }).toEqual(transaction);
    expect(await store.database.read.find(Job, { order: { runAt: 'ASC' } })).toMatchObject([
      { kind: 'submit', subjectId: transaction.id, runAt: transaction.createdAt },
      { kind: 'expire', subjectId: transaction.id, runAt: transaction.expiresAt },
    ]);
    expect(await store.database.read.find(EventRecord)).toMatchObject([
      { subjectId: transaction.id, type: 'collection.created', version: 1, evidence: { source: 'merchant' } },
    ]);
    expect(engine.wakes).toEqual([transaction.createdAt, transaction.expiresAt]);
    expect(await counts()).toMatchObject({ Transaction: 1, IdempotencyRecord: 1, ReferenceKey: 1, PhoneGuard: 2 });
  });

  it.each([['once in one batch'], ['in two processes']])(
    'makes one of fifty equal requests at once, %s',
    async (where) => {
      const reference = 'INV-1';
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          accept(
            make({ reference, phone: '+254700000001' }),
            { key: 'same' },
            where === 'in two processes' && index % 2 === 1 ? elsewhere : engine,
          ),
        ),
      );
      expect(answers.filter((answer) => answer.kind === 'created')).toHaveLength(1);
      expect(answers.filter((answer) => answer.kind === 'replayed')).toHaveLength(49);
      const ids = answers.map((answer) =>
        answer.kind === 'refused' ? answer.problem.code : 'id' in answer.transaction && answer.transaction.id,
      );
      expect(new Set(ids).size).toBe(1);
      expect(await counts()).toMatchObject({
        Transaction: 1,
        IdempotencyRecord: 1,
        ReferenceKey: 1,
        EventRecord: 1,
        Job: 2,
      });
    },
  );

  it.each([['in one process'], ['in two processes']])(
    'gives a reference to one of thirty keys, %s, and names it to the others',
    async (where) => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          accept(
            make({ reference: 'INV-1' }),
            { key: `key-${index}` },
            where === 'in two processes' && index % 2 === 1 ? elsewhere : engine,
          ),
        ),
      );
      const [holder] = await store.database.read.find(Transaction);
      expect(answers.filter((answer) => answer.kind === 'created')).toHaveLength(1);
      const refused = answers.flatMap((answer) => (answer.kind === 'refused' ? [answer.problem] : []));
      expect(refused).toHaveLength(29);
      for (const problem of refused) {
        expect(problem).toMatchObject({
          code: 'reference_taken',
          status: 409,
          extras: { members: { transactionId: holder?.id } },
        });
      }
      // What was refused left nothing: its keys are free.
      expect(await counts()).toMatchObject({
        Transaction: 1,
        IdempotencyRecord: 1,
        ReferenceKey: 1,
        EventRecord: 1,
        Job: 2,
      });
    },
  );

  it.each([['in one process'], ['in two processes']])('gives a phone to one of thirty, %s', async (where) => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        accept(
          make({ phone: '+254700000001', merchantId: `mer_${index}`, amountMinor: BigInt(index + 1) * 100n }),
          {},
          where === 'in two processes' && index % 2 === 1 ? elsewhere : engine,
        ),
      ),
    );
    expect(answers.map(codeOf).sort()).toEqual(['created', ...Array<string>(29).fill('phone_busy')].sort());
    expect(await counts()).toMatchObject({ Transaction: 1, IdempotencyRecord: 1 });
  });

  it('takes a hundred different ones in a few commits', async () => {
    const from = store.statements.length;
    const answers = await Promise.all(Array.from({ length: 100 }, () => accept(make())));
    expect(answers.every((answer) => answer.kind === 'created')).toBe(true);
    expect(await counts()).toMatchObject({ Transaction: 100, EventRecord: 100, Job: 200 });
    expect(store.statements.slice(from).filter((sql) => sql === 'COMMIT').length).toBeLessThanOrEqual(4);
  });

  it('keeps what belongs together where many requests of every sort come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        accept(
          make({ reference: `INV-${index % 40}`, phone: `+2547000000${String(index % 50).padStart(2, '0')}` }),
          { key: `key-${index % 60}` },
          index % 2 === 0 ? engine : elsewhere,
        ),
      ),
    );
    const created = answers.flatMap((answer) => (answer.kind === 'created' ? [answer.transaction.id] : []));
    const {
      Transaction: made,
      IdempotencyRecord: records,
      ReferenceKey: references,
      EventRecord: lines,
      Job: jobs,
    } = await counts();
    expect([made, records, references, lines, jobs]).toEqual([
      ...Array<number>(4).fill(created.length),
      created.length * 2,
    ]);
    const stored = await store.database.read.find(Transaction);
    expect(stored.map((row) => row.id).sort()).toEqual(created.sort());
    expect(new Set(stored.map((row) => row.phone)).size).toBe(stored.length);
    expect(new Set(stored.map((row) => row.reference)).size).toBe(stored.length);
  });

  describe('in the order of the contract', () => {
    const refusal = new Problem('method_unavailable', 'No route.');

    it('a replay comes before the reference, the route and the guards', async () => {
      const first = make({ reference: 'INV-1', phone: '+254700000001' });
      await accept(first, { key: 'a' });
      const again = await accept(make({ reference: 'INV-1', phone: '+254700000001' }), { key: 'a', refusal });
      expect(again).toEqual({ kind: 'replayed', statusCode: 201, transaction: TransactionResponse.from(first) });
    });

    it('another body under a known key comes before them too', async () => {
      await accept(make({ reference: 'INV-1' }), { key: 'a', body: 'one' });
      expect(codeOf(await accept(make({ reference: 'INV-1' }), { key: 'a', body: 'two', refusal }))).toBe(
        'idempotency_key_reused',
      );
    });

    it('a taken reference comes before the route and the guards', async () => {
      await accept(make({ reference: 'INV-1', phone: '+254700000001' }));
      const again = make({ reference: 'INV-1', phone: '+254700000001' });
      expect(codeOf(await accept(again, { refusal }))).toBe('reference_taken');
    });

    it('the route comes before the guards', async () => {
      await accept(make({ phone: '+254700000001' }));
      expect(codeOf(await accept(make({ phone: '+254700000001' }), { refusal }))).toBe('method_unavailable');
    });

    it('what is refused leaves the key, the reference and the phone free', async () => {
      const transaction = make({ reference: 'INV-1', phone: '+254700000001' });
      expect(codeOf(await accept(transaction, { key: 'a', refusal }))).toBe('method_unavailable');
      expect(await counts()).toMatchObject({
        Transaction: 0,
        IdempotencyRecord: 0,
        ReferenceKey: 0,
        PhoneGuard: 0,
        Job: 0,
      });
      expect(codeOf(await accept(transaction, { key: 'a' }))).toBe('created');
    });

    it('the earlier of two in one turn of the event loop decides', async () => {
      const [first, other, equal, taken, busy] = await Promise.all([
        accept(make({ reference: 'INV-1', phone: '+254700000001' }), { key: 'a' }),
        accept(make({ reference: 'INV-2', phone: '+254700000002' }), { key: 'b' }),
        accept(make({ reference: 'INV-1', phone: '+254700000001' }), { key: 'a' }),
        accept(make({ reference: 'INV-1', phone: '+254700000003' }), { key: 'c' }),
        accept(make({ reference: 'INV-3', phone: '+254700000002', amountMinor: 2n }), { key: 'd' }),
      ]);
      expect([first, other, equal, taken, busy].map(codeOf)).toEqual([
        'created',
        'created',
        'replayed',
        'reference_taken',
        'phone_busy',
      ]);
    });
  });

  it.each([
    ['merchant', { merchantId: 'mer_2' }],
    ['mode', { mode: 'live' }],
  ] as const)('keeps keys and references of each %s apart', async (_, given) => {
    await accept(make({ reference: 'INV-1' }), { key: 'a' });
    expect(codeOf(await accept(make({ reference: 'INV-1', ...given }), { key: 'a' }))).toBe('created');
  });

  it('keeps references apart that only look alike', async () => {
    const references = ['ELAN', 'élan', 'elan', 'elan ', 'Elan'];
    const answers = await Promise.all(references.map((reference) => accept(make({ reference }))));
    expect(answers.map(codeOf)).toEqual(references.map(() => 'created'));
  });

  it('replays the object as it was created, whatever became of it', async () => {
    const transaction = make();
    const first = await accept(transaction, { key: 'a' });
    const evidence = { source: 'system', says: 'x' } as const;
    const report = { transactionId: transaction.id, evidence, attemptId: 'att_1' };
    await engine.lifecycle.report({ ...report, event: 'noted' });
    await engine.lifecycle.report({ ...report, event: 'claimed', changes: { attemptId: 'att_1', firstSentAt: 1 } });
    await engine.lifecycle.report({ ...report, event: 'succeeded', changes: { receipt: 'R' } });
    const again = await accept(make(), { key: 'a' });
    expect(again).toEqual({
      kind: 'replayed',
      statusCode: 201,
      transaction: first.kind === 'created' && { ...first.transaction },
    });
    expect(await engine.find(transaction.id)).toMatchObject({ status: 'succeeded', version: 3 });
  });

  it('announces in the same transaction, and takes nothing where that fails', async () => {
    const announce = engine.webhooks.announceTo.bind(engine.webhooks);
    engine.webhooks.announceTo = () => Promise.reject(new Error('no'));
    await expect(accept(make(), { key: 'a' })).rejects.toThrow('no');
    expect(Object.values(await counts())).toEqual(TABLES.map(() => 0));
    expect(engine.wakes).toEqual([]);
    engine.webhooks.announceTo = announce;
    expect(codeOf(await accept(make(), { key: 'a' }))).toBe('created');
  });

  it('lets one that cannot be stored fail alone', async () => {
    const { receipt: _, ...broken } = make();
    const results = await Promise.allSettled([
      accept(make()),
      accept(broken as Transaction, { guards: [] }),
      accept(make()),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await counts()).toMatchObject({ Transaction: 2, IdempotencyRecord: 2, ReferenceKey: 2 });
  });
});
