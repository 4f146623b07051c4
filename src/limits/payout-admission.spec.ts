import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine, toAcceptRequest, toTransaction } from '../../test/support/engine.js';
import { openTestStore, type Connection, type TestStore } from '../../test/support/open-database.js';
import { EventRecord } from '../events/event.entity.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Job } from '../jobs/job.entity.js';
import { Merchant } from '../merchants/merchant.entity.js';
import type { Accepted } from '../transactions/accept-request.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';
import { Transaction } from '../transactions/transaction.entity.js';
import type { CapsByCurrency } from './caps.js';
import { LimitReservation, LimitUsage } from './limit-usage.entity.js';
import { LimitUsages } from './limit-usages.js';
import { PayoutAdmission } from './payout-admission.js';
import { PayoutControl } from './payout-control.entity.js';
import { PayoutControls, type ControlChanges } from './payout-controls.js';

const OWNER = { merchantId: 'mer_1', mode: 'test' } as const;
const TABLES = [
  ...[Transaction, IdempotencyRecord, ReferenceKey, EventRecord, Job],
  ...[LimitUsage, LimitReservation, PayoutControl],
];

// Caps are judged where requests are stored, so whatever is said here holds for any number of processes.
describeOnBothDatabases('Admission of payouts', (kind) => {
  let store: TestStore;
  let second: Connection;
  let engine: Engine;
  let elsewhere: Engine;
  let usages: LimitUsages;

  beforeAll(async () => {
    store = await openTestStore(kind);
    second = kind === 'mysql' ? await store.connect() : store;
    await store.database.write((tx) => tx.insert(Merchant, [MERCHANT]));
  });
  beforeEach(async () => {
    for (const table of TABLES)
      await store.database.write((tx) => tx.manager.createQueryBuilder().delete().from(table).execute());
    engine = new Engine(store);
    elsewhere = new Engine(second, engine.time);
    usages = new LimitUsages(store.database, engine.lifecycle);
    usages.onModuleInit();
  });
  afterAll(() => store.close());

  const desks = new WeakMap<Engine, PayoutAdmission>();
  const deskOf = (by: Engine): PayoutAdmission => {
    const desk = desks.get(by) ?? new PayoutAdmission();
    desks.set(by, desk);
    return desk;
  };
  const rule = (changes: ControlChanges) =>
    store.database.write((tx) => new PayoutControls(store.database, engine.time).change(tx, OWNER, () => changes));
  const cap = (limits: CapsByCurrency) => rule({ limits });
  const make = (given: Partial<Transaction> = {}): Transaction =>
    toTransaction({ kind: 'payout', createdAt: engine.time.now(), amountMinor: 10_000n, ...given });
  const accept = (
    transaction = make(),
    { by = engine, keyId = 'key_1', key }: { by?: Engine; keyId?: string; key?: string } = {},
  ): Promise<Accepted> =>
    by.writer.accept(
      toAcceptRequest(transaction, { application: { desk: deskOf(by), keyId }, ...(key !== undefined && { key }) }),
    );
  const codeOf = (answer: Accepted) => (answer.kind === 'refused' ? answer.problem.code : answer.kind);
  const statusOf = (answer: Accepted) => (answer.kind === 'created' ? answer.transaction.status : codeOf(answer));
  const sums = async () => (await store.database.read.find(LimitUsage)).map(({ usedMinor }) => usedMinor);
  const end = (transaction: Transaction, event: 'cancelled' | 'claimed' | 'unknown' | 'succeeded') =>
    engine.lifecycle.report({ transactionId: transaction.id, event, evidence: { source: 'system', says: event } });

  it('costs a merchant without rules no statement more, and counts nothing', async () => {
    await accept();
    const before = store.statements.length;
    expect(codeOf(await accept())).toBe('created');
    const bySelf = store.statements.slice(before);
    expect(bySelf.filter((sql) => /payout_controls/.test(sql))).toHaveLength(1);
    expect(bySelf.filter((sql) => /limit_|FOR UPDATE/.test(sql))).toEqual([]);
    expect(await store.database.read.count(LimitUsage)).toBe(0);
  });

  it.each([
    ['perHour', 'one process', false],
    ['perDay', 'two processes', true],
    ['perKeyPerDay', 'two processes', true],
    ['perRecipientPerDay', 'two processes', true],
  ] as const)('a hundred at once never go over %s, in %s', async (name, _, twoProcesses) => {
    await cap({ KES: { [name]: '70000' } });
    const phone = '+254700000001';
    // What two can only count up together is there before they begin.
    await accept(make({ phone }));
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        accept(make({ phone }), { by: twoProcesses && index % 2 === 1 ? elsewhere : engine }),
      ),
    );
    expect(answers.map(codeOf).sort()).toEqual([
      ...Array<string>(6).fill('created'),
      ...Array<string>(94).fill('limit_exceeded'),
    ]);
    expect(await store.database.read.count(Transaction)).toBe(7);
    expect(new Set(await sums())).toEqual(new Set([70_000n]));
    expect(await store.database.read.count(IdempotencyRecord)).toBe(7);
  });

  it('judges in the order of arrival: what is too much does not stand in the way of what fits', async () => {
    await cap({ KES: { perDay: '30000' } });
    const amounts = [20_000n, 20_000n, 9_000n, 1_000n, 1n];
    const answers = await Promise.all(amounts.map((amountMinor) => accept(make({ amountMinor }))));
    expect(answers.map(codeOf)).toEqual(['created', 'limit_exceeded', 'created', 'created', 'limit_exceeded']);
  });

  it('says which cap, what is left, and when it renews', async () => {
    await cap({ KES: { perHour: '25000', perPayout: '20000' } });
    await accept(make({ amountMinor: 20_000n }));
    const answer = await accept();
    const hour = 3_600_000;
    const renewsAt = new Date((Math.floor(engine.time.now() / hour) + 1) * hour).toISOString();
    expect(answer).toMatchObject({
      kind: 'refused',
      problem: {
        status: 422,
        code: 'limit_exceeded',
        extras: { members: { limit: 'perHour', limitAmount: '250.00', left: '50.00', currency: 'KES', renewsAt } },
      },
    });
    const single = await accept(make({ amountMinor: 20_001n }));
    expect(single).toMatchObject({ problem: { extras: { members: { limit: 'perPayout', left: '200.00' } } } });
    expect(single).not.toHaveProperty('problem.extras.members.renewsAt');
  });

  it('begins anew with the next hour', async () => {
    await cap({ KES: { perHour: '10000' } });
    expect(codeOf(await accept())).toBe('created');
    expect(codeOf(await accept())).toBe('limit_exceeded');
    engine.time.advance(3_600_000);
    expect(codeOf(await accept())).toBe('created');
  });

  it('keeps merchants, modes, currencies, phones, keys and batches apart', async () => {
    await cap({ KES: { perRecipientPerDay: '10000', perKeyPerDay: '20000', perBatch: '10000' } });
    const batch = { batchId: 'bat_1' };
    expect(codeOf(await accept(make({ ...batch, phone: '+254700000001' })))).toBe('created');
    expect(codeOf(await accept(make({ phone: '+254700000001' }), { keyId: 'key_2' }))).toBe('limit_exceeded');
    expect(codeOf(await accept(make(batch), { keyId: 'key_2' }))).toBe('limit_exceeded');
    expect(codeOf(await accept(make({ batchId: 'bat_2' })))).toBe('created');
    expect(codeOf(await accept())).toBe('limit_exceeded');
    expect(codeOf(await accept(make(), { keyId: 'key_2' }))).toBe('created');
    const others = [{ merchantId: 'mer_2' }, { mode: 'live' as const }, { currency: 'UGX' }];
    const answers = await Promise.all(others.map((given) => accept(make({ ...given, phone: '+254700000001' }))));
    expect(answers.map(codeOf)).toEqual(['created', 'created', 'created']);
  });

  it('never goes over the lower of the own cap and the platform’s', async () => {
    await rule({ limits: { KES: { perDay: '90000' } }, maxima: { KES: { perDay: '20000' } } });
    const answers = [await accept(), await accept(), await accept()];
    expect(answers.map(codeOf)).toEqual(['created', 'created', 'limit_exceeded']);
  });

  it('answers a repeated request as the first time, whatever caps say by then', async () => {
    await cap({ KES: { perDay: '10000' } });
    const first = make();
    const repeats = Array.from({ length: 20 }, (_, index) =>
      accept(make({ reference: first.reference, phone: first.phone }), {
        by: index % 2 === 0 ? engine : elsewhere,
        key: 'same',
      }),
    );
    expect((await Promise.all(repeats)).map(codeOf).sort()).toEqual(['created', ...Array<string>(19).fill('replayed')]);
    expect(await sums()).toEqual(Array<bigint>(4).fill(10_000n));
  });

  describe('what becomes of it', () => {
    beforeEach(() => cap({ KES: { perDay: '10000' } }));

    it('gives back what provably moved no money, once', async () => {
      const transaction = make();
      await accept(transaction);
      await end(transaction, 'cancelled');
      await end(transaction, 'cancelled');
      expect(new Set(await sums())).toEqual(new Set([0n]));
      expect(codeOf(await accept())).toBe('created');
      expect(codeOf(await accept())).toBe('limit_exceeded');
    });

    it('counts doubt and success as spent', async () => {
      const transaction = make();
      await accept(transaction);
      await end(transaction, 'claimed');
      await end(transaction, 'unknown');
      expect(codeOf(await accept())).toBe('limit_exceeded');
      await end(transaction, 'succeeded');
      expect(codeOf(await accept())).toBe('limit_exceeded');
    });

    it('counts again what a provider said had failed and then says it paid', async () => {
      const transaction = make();
      await accept(transaction);
      await end(transaction, 'claimed');
      await end(transaction, 'cancelled');
      await end(transaction, 'succeeded');
      expect(await engine.find(transaction.id)).toMatchObject({ status: 'review' });
      expect(new Set(await sums())).toEqual(new Set([10_000n]));
    });

    it('is forgotten when its windows are long over', async () => {
      await accept();
      await store.database.write((tx) => usages.sweep(tx, engine.time.now()));
      expect(await store.database.read.count(LimitUsage)).toBe(4);
      await store.database.write((tx) => usages.sweep(tx, engine.time.now() + 86_400_001));
      expect(await store.database.read.count(LimitUsage)).toBe(0);
      expect(await store.database.read.count(LimitReservation)).toBe(0);
    });
  });

  describe('holds for other people', () => {
    const known = '+254700000009';

    beforeEach(async () => {
      await rule({
        approvalRules: { amounts: [{ currency: 'KES', fromMinor: '50000', approvals: 2 }], newNumberApprovals: 1 },
      });
      await engine.store({ kind: 'payout', status: 'succeeded', phone: known });
    });

    it('what is of the amount, without a job that would send it', async () => {
      const transaction = make({ phone: known, amountMinor: 50_000n });
      const answer = await accept(transaction);
      expect(answer).toMatchObject({
        kind: 'created',
        transaction: { status: 'awaiting_approval', approvals: { required: 2, reasons: ['amount'], given: [] } },
      });
      expect(await engine.find(transaction.id)).toMatchObject({ status: 'awaiting_approval', version: 1 });
      const events = await store.database.read.find(EventRecord);
      const jobs = await store.database.read.find(Job);
      expect(jobs.map(({ kind, subjectId }) => [kind, subjectId]).sort()).toEqual([
        ['announce_emails', events[0]?.id],
        ['expire', transaction.id],
      ]);
      expect(events).toMatchObject([
        {
          type: 'payout.created',
          data: { status: 'awaiting_approval' },
          toStatus: 'awaiting_approval',
          evidence: { detail: 'Waits for 2 approvals: its amount.' },
        },
      ]);
    });

    it('the first payment to a number until one has succeeded, of this merchant in this mode', async () => {
      const phone = '+254700000010';
      await engine.store({ kind: 'payout', status: 'failed', phone });
      await engine.store({ kind: 'collection', status: 'succeeded', phone });
      // Whoever can have a payment of his own refunded must not make his number known by it.
      await engine.store({ kind: 'refund', status: 'succeeded', phone });
      await engine.store({ kind: 'payout', status: 'succeeded', phone, mode: 'live' });
      await engine.store({ kind: 'payout', status: 'succeeded', phone, merchantId: 'mer_2' });
      expect(statusOf(await accept(make({ phone })))).toBe('awaiting_approval');
      await engine.store({ kind: 'payout', status: 'succeeded', phone });
      expect(statusOf(await accept(make({ phone })))).toBe('created');
      expect(statusOf(await accept(make({ phone: known })))).toBe('created');
    });

    it('and counts what waits', async () => {
      await cap({ KES: { perDay: '60000' } });
      expect(statusOf(await accept(make({ amountMinor: 50_000n })))).toBe('awaiting_approval');
      expect(codeOf(await accept(make({ phone: known, amountMinor: 20_000n })))).toBe('limit_exceeded');
    });
  });

  it('refuses everything while payouts are stopped, but repeats what was answered before', async () => {
    const first = make();
    await accept(first, { key: 'k' });
    await rule({ stopped: { at: engine.time.now(), principalId: 'prn_1', reason: 'Key leaked' } });
    const answer = await accept();
    expect(answer).toMatchObject({
      problem: { status: 409, code: 'payouts_stopped', extras: { members: { stopReason: 'Key leaked' } } },
    });
    expect(codeOf(await accept(make({ reference: first.reference }), { key: 'k' }))).toBe('replayed');
    await rule({ stopped: null });
    expect(codeOf(await accept())).toBe('created');
  });
});

const MERCHANT: Merchant = {
  ...{ id: 'mer_1', name: 'Duka', locale: 'en', status: 'active' },
  ...{ colour: null, logoUrl: null, notificationEmail: null, supportUrl: null, createdAt: 1, updatedAt: 1 },
};
