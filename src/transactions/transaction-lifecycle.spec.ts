import { describeOnBothDatabases } from '../../test/support/databases.js';
import { Engine, toTransaction } from '../../test/support/engine.js';
import { openTestStore, type TestStore } from '../../test/support/open-database.js';
import { EventRecord } from '../events/event.entity.js';
import { Job } from '../jobs/job.entity.js';
import { WebhookDelivery } from '../webhooks/webhook-delivery.entity.js';
import { WebhookEndpoint } from '../webhooks/webhook-endpoint.entity.js';
import { toFailure } from './failures.js';
import { toDoubt, type Report } from './transaction-lifecycle.js';
import { FINAL_STATUSES, TRANSACTION_STATUSES, type TransactionStatus } from './transaction-states.js';
import type { Transaction } from './transaction.entity.js';
import { TransactionResponse } from './transaction.response.js';

const SENT = { attemptId: 'att_1', firstSentAt: 1_795_334_400_000 } as const;

describeOnBothDatabases('The transaction lifecycle', (kind) => {
  let store: TestStore;
  let engine: Engine;
  let merchants = 0;
  let merchantId: string;

  beforeAll(async () => {
    store = await openTestStore(kind);
  });

  beforeEach(() => {
    engine = new Engine(store);
    merchantId = `mer_${++merchants}`;
  });

  afterAll(() => store.close());

  const put = (given: Partial<Transaction> = {}) => engine.store({ merchantId, ...given });
  const report = (
    transaction: Pick<Transaction, 'id'>,
    event: Report['event'],
    rest: Omit<Partial<Report>, 'transactionId' | 'event'> = {},
    by = engine,
  ) =>
    by.lifecycle.report({
      transactionId: transaction.id,
      event,
      evidence: { source: 'inquiry', says: event },
      attemptId: 'att_1',
      ...rest,
    });
  const lines = ({ id }: Pick<Transaction, 'id'>) =>
    store.database.read.find(EventRecord, { where: { subjectId: id }, order: { id: 'ASC' } });
  const deliveries = () => store.database.read.find(WebhookDelivery, { where: { merchantId }, order: { id: 'ASC' } });
  const listen = () =>
    store.database.write((tx) =>
      tx.insert(WebhookEndpoint, [
        {
          id: engine.ids.next('whk'),
          merchantId,
          mode: 'test',
          url: 'https://example.com/hook',
          events: ['*'],
          description: null,
          enabled: true,
          disabledReason: null,
          sealedPreviousSecret: null,
          previousSecretEndsAt: null,
          failingSince: null,
          failingAnnounced: false,
          sealedSecret: 'sealed',
          createdAt: 1,
          updatedAt: 1,
        },
      ]),
    );

  describe('a report that moves', () => {
    it('is one transaction: status, version, line, notice and its job', async () => {
      await listen();
      const before = await put({ status: 'pending', ...SENT, nextAction: { type: 'approve_on_phone' } });
      engine.time.advance(5_000);
      const reported = await report(before, 'succeeded', { changes: { receipt: 'NLJ7RT61SV' } });
      const after = await engine.find(before.id);
      expect(reported).toMatchObject({ moved: true, from: 'pending' });
      expect({ ...after }).toEqual({ ...reported.transaction });
      expect(after).toMatchObject({
        status: 'succeeded',
        version: 2,
        receipt: 'NLJ7RT61SV',
        late: false,
        nextAction: null,
        updatedAt: engine.time.now(),
        completedAt: engine.time.now(),
      });
      const [line, ...others] = await lines(before);
      expect(others).toEqual([]);
      expect(line).toMatchObject({
        type: 'collection.succeeded',
        reported: 'succeeded',
        fromStatus: 'pending',
        toStatus: 'succeeded',
        version: 2,
        attemptId: 'att_1',
        evidence: { source: 'inquiry', says: 'succeeded' },
        data: { id: before.id, status: 'succeeded', version: 2, receipt: 'NLJ7RT61SV', amount: '150.00' },
      });
      const [delivery, ...more] = await deliveries();
      expect(more).toEqual([]);
      expect(delivery).toMatchObject({ eventId: line?.id, eventType: 'collection.succeeded', status: 'pending' });
      expect(await store.database.read.countBy(Job, { kind: 'deliver_webhook', subjectId: delivery?.id ?? '' })).toBe(
        1,
      );
    });

    it('leaves the rest of the row as it was', async () => {
      const before = await put({ status: 'submitting', ...SENT, metadata: { a: 'b' }, description: 'Order' });
      await report(before, 'accepted', { changes: { providerReference: 'ws_CO_1' } });
      const after = await engine.find(before.id);
      expect({ ...after }).toEqual({
        ...before,
        status: 'pending',
        version: 2,
        providerReference: 'ws_CO_1',
        updatedAt: engine.time.now(),
      });
    });

    it.each(['announce', 'alongside'] as const)('leaves nothing behind where %s fails', async (where) => {
      await listen();
      const before = await put({ status: 'pending', ...SENT });
      const failure = new Error('no');
      if (where === 'announce') engine.webhooks.announce = () => Promise.reject(failure);
      const alongside = async (): Promise<void> => {
        if (where === 'alongside') throw failure;
      };
      await expect(report(before, 'succeeded', { alongside })).rejects.toThrow(failure);
      expect({ ...(await engine.find(before.id)) }).toEqual(before);
      expect(await lines(before)).toEqual([]);
      expect(await deliveries()).toEqual([]);
    });

    it('writes what goes alongside in the same transaction, told what happened', async () => {
      const before = await put({ status: 'pending', ...SENT });
      let told: unknown;
      const reported = await report(before, 'succeeded', {
        alongside: async (tx, after) => {
          told = after;
          await engine.jobs.add(tx, [{ kind: 'inquire', subjectId: before.id, runAt: 1 }]);
        },
      });
      expect(told).toEqual(reported);
      expect(await store.database.read.countBy(Job, { subjectId: before.id })).toBe(1);
    });

    it('tells merchants nothing of moves that are our own business', async () => {
      await listen();
      const transaction = await put({ status: 'created' });
      await report(transaction, 'claimed', { changes: SENT });
      await report(transaction, 'deferred');
      expect((await lines(transaction)).map((line) => [line.toStatus, line.type])).toEqual([
        ['submitting', null],
        ['created', null],
      ]);
      expect(await deliveries()).toEqual([]);
    });
  });

  describe('a report that moves nothing', () => {
    it('is a line in the timeline, told to nobody', async () => {
      await listen();
      const before = await put({ status: 'succeeded', ...SENT, completedAt: 5, receipt: 'R' });
      const reported = await report(before, 'succeeded');
      expect(reported).toMatchObject({ moved: false, from: 'succeeded' });
      expect({ ...(await engine.find(before.id)) }).toEqual(before);
      expect(await lines(before)).toMatchObject([
        { reported: 'succeeded', fromStatus: 'succeeded', toStatus: 'succeeded', version: 1, type: null, data: null },
      ]);
      expect(await deliveries()).toEqual([]);
    });

    it('is no line at all where it was an intention that came too late', async () => {
      const before = await put({ status: 'pending', ...SENT });
      const reported = await report(before, 'cancelled', { onlyFrom: ['created'], quiet: true });
      expect(reported.moved).toBe(false);
      expect(await lines(before)).toEqual([]);
    });

    it('changes of a doubt only when we ask again', async () => {
      const doubt = { reason: 'answer_lost', since: 5, nextInquiryAt: 10, deadline: 100 } as const;
      const before = await put({ status: 'unconfirmed', ...SENT, doubt });
      await report(before, 'noted', {
        changes: { doubt: { ...doubt, reason: 'exhausted', since: 9, nextInquiryAt: 20, deadline: 999 } },
      });
      expect(await engine.find(before.id)).toMatchObject({
        status: 'unconfirmed',
        version: 1,
        doubt: { ...doubt, nextInquiryAt: 20 },
      });
    });

    it('fails for a transaction that is not there', async () => {
      await expect(report({ id: 'txn_none' }, 'noted')).rejects.toThrow();
      expect(await lines({ id: 'txn_none' })).toEqual([]);
    });
  });

  describe('reports at the same moment', () => {
    it('of one success, twenty times and from two processes, are one move and nineteen notes', async () => {
      await listen();
      const elsewhere = new Engine(kind === 'mysql' ? await store.connect() : store, engine.time);
      const before = await put({ status: 'pending', ...SENT });
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, index) => report(before, 'succeeded', {}, index % 2 === 0 ? engine : elsewhere)),
      );
      expect(all.filter(({ moved }) => moved)).toHaveLength(1);
      expect(await engine.find(before.id)).toMatchObject({ status: 'succeeded', version: 2 });
      const timeline = await lines(before);
      expect(timeline).toHaveLength(20);
      expect(timeline.filter((line) => line.type !== null)).toHaveLength(1);
      expect(timeline.filter((line) => line.fromStatus !== line.toStatus)).toHaveLength(1);
      expect(await deliveries()).toHaveLength(1);
    });

    it('that disagree end in review, whichever was first', async () => {
      for (let round = 0; round < 10; round++) {
        const before = await put({ status: 'pending', ...SENT });
        const words = ['succeeded', 'failed'] as const;
        await Promise.all((round % 2 === 0 ? words : words.toReversed()).map((event) => report(before, event)));
        const { status, version, late } = await engine.find(before.id);
        // A denial after success is a contradiction; success after a denial of a collection is late money.
        expect([`review 3 false`, 'succeeded 3 true']).toContain(`${status} ${version} ${late}`);
      }
    });

    it('are each judged by where the one before left it', async () => {
      const before = await put({ status: 'created' });
      const claims = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          report(before, 'claimed', { attemptId: `att_${index}`, changes: { ...SENT, attemptId: `att_${index}` } }),
        ),
      );
      const [winner, ...others] = claims.filter(({ moved }) => moved);
      expect(others).toEqual([]);
      expect((await engine.find(before.id)).attemptId).toBe(winner?.transaction.attemptId);
    });

    if (kind === 'mysql') {
      it('re-read where a race was lost: the table is looked up again from the new status', async () => {
        const before = await put({ status: 'pending', ...SENT });
        // The loser has read version 1 when the winner commits.
        let release: () => void = () => undefined;
        const winnerHolds = new Promise<void>((resolve) => (release = resolve));
        let holding: () => void = () => undefined;
        const isHolding = new Promise<void>((resolve) => (holding = resolve));
        const winner = report(before, 'succeeded', {
          alongside: async () => {
            holding();
            await winnerHolds;
          },
        });
        await isHolding;
        const loser = report(before, 'failed');
        await new Promise((resolve) => setTimeout(resolve, 100));
        release();
        const [won, lost] = await Promise.all([winner, loser]);
        expect([won.from, won.transaction.status]).toEqual(['pending', 'succeeded']);
        expect([lost.from, lost.transaction.status]).toEqual(['succeeded', 'review']);
        expect((await engine.find(before.id)).version).toBe(3);
      });
    }
  });

  describe('evidence names its attempt', () => {
    const current = { attemptId: 'att_2', firstSentAt: 1 } as const;

    it.each(['submitting', 'unconfirmed', 'pending', 'succeeded'] as const)(
      'success of an earlier attempt while a later one is %s is a contradiction',
      async (status) => {
        for (const event of ['succeeded', 'updated'] as const) {
          const before = await put({ status, ...current });
          await report(before, event, { changes: { receipt: 'OTHER' } });
          expect(await engine.find(before.id)).toMatchObject({
            status: 'review',
            receipt: null,
            doubt: { reason: 'contradiction', since: engine.time.now() },
          });
        }
      },
    );

    it.each(['created', 'submitting', 'unconfirmed', 'pending', 'succeeded', 'review'] as const)(
      'a denial, or silence, about an earlier attempt moves nothing while it is %s',
      async (status) => {
        const doubt =
          status === 'review' || status === 'unconfirmed' ? toDoubt('exhausted', 3, { nextInquiryAt: 7 }) : null;
        const words = [
          'rejected',
          'failed',
          'cancelled',
          'expired',
          'deferred',
          'unknown',
          'accepted',
          'exhausted',
          'absentRetry',
          'absentFinal',
        ] as const;
        for (const event of words) {
          const before = await put({ status, ...current, doubt });
          await report(before, event, { changes: { failure: toFailure('wrong_pin'), doubt: toDoubt('exhausted', 1) } });
          expect([event, { ...(await engine.find(before.id)) }]).toEqual([event, before]);
          expect(await lines(before)).toMatchObject([{ reported: 'noted', attemptId: 'att_1' }]);
        }
      },
    );

    it.each(['failed', 'cancelled', 'expired'] as const)(
      'late success of any attempt counts after it is %s',
      async (status) => {
        const before = await put({ status, ...current, failure: toFailure('expired'), completedAt: 5 });
        await report(before, 'succeeded');
        expect(await engine.find(before.id)).toMatchObject({ status: 'succeeded', late: true });
      },
    );

    it.each([
      ['succeeded', 'rejected'],
      ['succeeded', 'failed'],
      ['succeeded', 'cancelled'],
      ['succeeded', 'expired'],
      ['reversed', 'failed'],
      ['reversed', 'expired'],
    ] as const)('a denial of what is %s goes to people: %s', async (status, event) => {
      const before = await put({ status, ...current, receipt: 'R', completedAt: 5 });
      await report(before, event, { attemptId: 'att_2', changes: { failure: toFailure('wrong_pin') } });
      expect(await engine.find(before.id)).toMatchObject({
        status: 'review',
        receipt: 'R',
        failure: null,
        completedAt: null,
        doubt: { reason: 'contradiction' },
      });
    });
  });

  describe('what a move leaves in the row', () => {
    it('tells a receipt that comes after the proof, once', async () => {
      await listen();
      const before = await put({ status: 'succeeded', ...SENT, completedAt: 5 });
      await report(before, 'succeeded', { changes: { receipt: 'NLJ7RT61SV' } });
      await report(before, 'succeeded', { changes: { receipt: 'NLJ7RT61SV' } });
      expect(await engine.find(before.id)).toMatchObject({
        version: 2,
        receipt: 'NLJ7RT61SV',
        completedAt: 5,
        late: false,
      });
      expect((await deliveries()).map((delivery) => delivery.eventType)).toEqual(['collection.updated']);
    });

    it.each(['failed', 'cancelled', 'expired'] as const)(
      'marks success after %s as late, and says so',
      async (status) => {
        const before = await put({ status, ...SENT, failure: toFailure('customer_timeout'), completedAt: 5 });
        engine.time.advance(1_000);
        await report(before, 'succeeded');
        expect(await engine.find(before.id)).toMatchObject({
          status: 'succeeded',
          late: true,
          failure: null,
          completedAt: engine.time.now(),
        });
        expect((await lines(before)).map((line) => line.type)).toEqual(['collection.succeeded_late']);
      },
    );

    it('keeps late once it was', async () => {
      const before = await put({ status: 'succeeded', late: true, ...SENT });
      await report(before, 'reversed');
      expect(await engine.find(before.id)).toMatchObject({ status: 'reversed', late: true });
    });

    it.each([
      ['payout', 'failed'],
      ['refund', 'expired'],
    ] as const)('sends late success of a %s to people', async (transactionKind, status) => {
      const before = await put({ kind: transactionKind, status, ...SENT, failure: toFailure('unknown_reason') });
      await report(before, 'succeeded');
      expect(await engine.find(before.id)).toMatchObject({
        status: 'review',
        late: false,
        doubt: { reason: 'contradiction' },
      });
    });

    it('gives an unconfirmed one its doubt, and takes it away with the first certainty', async () => {
      const before = await put({ status: 'submitting', ...SENT });
      const doubt = toDoubt('answer_lost', 5, { nextInquiryAt: 6, deadline: 7 });
      await report(before, 'unknown', { changes: { doubt } });
      expect(await engine.find(before.id)).toMatchObject({ status: 'unconfirmed', doubt, completedAt: null });
      await report(before, 'accepted');
      expect(await engine.find(before.id)).toMatchObject({ status: 'pending', doubt: null });
    });

    it('keeps the reason of a doubt until it is resolved', async () => {
      const doubt = toDoubt('answer_lost', 5);
      const before = await put({ status: 'unconfirmed', ...SENT, doubt });
      await report(before, 'exhausted');
      expect(await engine.find(before.id)).toMatchObject({ status: 'review', doubt });
    });

    it('heeds the reason of the review', async () => {
      const disputed = await put({ status: 'review', ...SENT, doubt: toDoubt('mismatch', 5) });
      const waiting = await put({ status: 'review', ...SENT, doubt: toDoubt('exhausted', 5) });
      await report(disputed, 'succeeded');
      await report(waiting, 'succeeded');
      expect(await engine.find(disputed.id)).toMatchObject({ status: 'review', version: 1 });
      expect(await engine.find(waiting.id)).toMatchObject({ status: 'succeeded', doubt: null });
    });

    it.each(
      TRANSACTION_STATUSES.flatMap((status) =>
        (['succeeded', 'failed', 'contradicted', 'reversed'] as const).map((event) => [status, event] as const),
      ),
    )('from %s by %s: an end has its instant, a failure its reason, a doubt its status', async (status, event) => {
      const final = (FINAL_STATUSES as readonly TransactionStatus[]).includes(status);
      const before = await put({ status, ...SENT, completedAt: final ? 5 : null });
      await report(before, event, { changes: event === 'failed' ? { failure: toFailure('wrong_pin') } : {} });
      const after = await engine.find(before.id);
      const ended = (FINAL_STATUSES as readonly TransactionStatus[]).includes(after.status);
      expect(after.completedAt !== null).toBe(ended);
      expect(after.doubt !== null).toBe(after.status !== before.status && after.status === 'review');
      expect(after.failure !== null).toBe(after.status !== before.status && after.status === 'failed');
      expect(after.nextAction).toBeNull();
    });

    it('shows what the customer must do only while it is pending', async () => {
      const before = await put({ status: 'submitting', ...SENT });
      await report(before, 'accepted', { changes: { nextAction: { type: 'approve_on_phone' } } });
      expect((await engine.find(before.id)).nextAction).toEqual({ type: 'approve_on_phone' });
      await report(before, 'exhausted');
      expect((await engine.find(before.id)).nextAction).toBeNull();
    });

    it('believes no success of what was never sent', async () => {
      const before = await put({ status: 'created' });
      expect((await report(before, 'succeeded')).moved).toBe(false);
      expect((await engine.find(before.id)).status).toBe('created');
    });

    it('takes a reversal of what we refunded to people', async () => {
      const before = await put({ status: 'succeeded', ...SENT, refundedMinor: 100n });
      await report(before, 'reversed', { changes: { doubt: toDoubt('over_refunded', 5) } });
      expect(await engine.find(before.id)).toMatchObject({ status: 'review', doubt: { reason: 'over_refunded' } });
    });
  });

  it('begins every timeline with what merchants were answered', () => {
    const transaction = toTransaction({ merchantId });
    expect(engine.lifecycle.toCreationEvent(transaction, TransactionResponse.from(transaction))).toMatchObject({
      type: 'collection.created',
      subjectId: transaction.id,
      version: 1,
      fromStatus: 'created',
      toStatus: 'created',
      data: { id: transaction.id, status: 'created' },
    });
  });
});
