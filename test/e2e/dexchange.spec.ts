import { Attempts } from '../../src/transactions/attempts.js';
import { Routes } from '../../src/transactions/routes.js';
import { Submissions } from '../../src/transactions/submissions.js';
import { TransactionReader } from '../../src/transactions/transaction-reader.js';
import { DexchangeStage } from '../support/dexchange.js';
import { describeOnBothDatabases } from '../support/gateway.js';

const OTP = '482913';
const RESEND_MS = 90_000;

describeOnBothDatabases('DExchange', (database) => {
  let stage: DexchangeStage;

  beforeAll(async () => {
    stage = await DexchangeStage.start(database, { settings: { fixedOtp: OTP } });
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    await stage.dexchange.idle();
    stage.dexchange.reset();
  });

  const eventsOf = async (id: string) => (await stage.timeline(id)).map(({ event }) => event);

  describe('a collection by Wave', () => {
    it('leads to a page, and a webhook makes us read the status', async () => {
      stage.dexchange.setFaults({ outcome: 'ignore' });
      const { id, customer } = await stage.collect({ returnUrl: 'https://shop.example/thanks' });
      const pending = await stage.untilStatus(id, 'pending');
      expect(pending).toMatchObject({
        provider: 'dexchange',
        providerReference: expect.stringMatching(/^TID/),
        nextAction: { type: 'redirect', url: expect.stringContaining('/c/TID') },
      });
      await stage.dexchange.answer(customer.phone.slice(1), 'pin');
      await stage.dexchange.idle();
      // No time passes: the hint alone makes us ask.
      const paid = await stage.untilStatus(id, 'succeeded', { stepMs: 0 });
      expect(paid.receipt).toMatch(/^WAVE/);
      const lines = (await stage.timeline(id)).map(({ evidence }) => evidence);
      expect(lines).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ source: 'callback', says: 'succeeded', trust: 'unsigned' }),
          expect.objectContaining({ source: 'inquiry', says: 'succeeded' }),
        ]),
      );
      expect(stage.dexchange.transfers()).toMatchObject([{ amount: '7500', party: customer.phone.slice(1) }]);
    });

    it('ends right although every webhook is lost, or lies', async () => {
      const silent = await stage.collect({ customer: { phone: stage.freshPhone(7) } });
      const lied = await stage.collect({ customer: { phone: stage.freshPhone(9) } });
      expect((await stage.untilStatus(silent.id, 'succeeded', { stepMs: 5_000 })).receipt).toMatch(/^WAVE/);
      // The status says FAILED and a message on the secret path SUCCESS: people must look.
      expect((await stage.untilStatus(lied.id, 'review', { stepMs: 5_000 })).doubt.reason).toBe('contradiction');
      expect(stage.dexchange.transfers()).toHaveLength(1);
    });

    it('may be final at once', async () => {
      stage.dexchange.setFaults({ finalAtOnce: true, webhookDrop: true });
      const { id } = await stage.collect();
      expect(await stage.untilStatus(id, 'succeeded', { stepMs: 0 })).toMatchObject({ nextAction: null });
      expect(await eventsOf(id)).toEqual(['noted', 'claimed', 'accepted', 'succeeded']);
    });

    it('waits out maintenance, and is told apart from a key that may not', async () => {
      stage.dexchange.setFaults({ maintenance: 1 });
      const { id } = await stage.collect();
      await stage.until(id, ({ version }) => version > 2, { stepMs: 0 });
      expect(await eventsOf(id)).toContain('deferred');
      await stage.untilStatus(id, 'succeeded', { stepMs: 10_000 });
      expect(stage.dexchange.transactions()).toHaveLength(1);

      stage.dexchange.setFaults({ addressRefused: true });
      const refused = await stage.collect();
      const failed = await stage.untilStatus(refused.id, 'failed');
      expect(failed.failure).toMatchObject({
        code: 'provider_misconfigured',
        providerMessage: expect.stringContaining('IP address'),
      });
    });
  });

  describe('the one identical re-send', () => {
    it('of a request that was lost is taken, once', async () => {
      stage.dexchange.setFaults({ requestLost: 1 });
      const { id } = await stage.collect();
      const unsure = await stage.untilStatus(id, 'unconfirmed', { stepMs: 0 });
      expect(unsure.doubt.reason).toBe('answer_lost');
      await stage.pass(RESEND_MS - 10_000);
      expect((await stage.transaction(id)).status).toBe('unconfirmed');
      await stage.untilStatus(id, 'succeeded', { stepMs: 5_000 });
      expect(await eventsOf(id)).toEqual(expect.arrayContaining(['unknown', 'resent', 'accepted', 'succeeded']));
      expect(stage.dexchange.transfers()).toHaveLength(1);
    });

    it.each([
      ['a 409', { answerLost: 1, webhookDrop: true }, {}],
      ['another refusal', { requestLost: 1 }, { addressRefused: true }],
      ['maintenance', { requestLost: 1 }, { maintenance: true }],
      ['silence', { requestLost: true }, {}],
    ])('answered by %s proves nothing, and there is no third', async (_, first, second) => {
      stage.dexchange.setFaults(first);
      const { id } = await stage.collect();
      await stage.untilStatus(id, 'unconfirmed', { stepMs: 0 });
      stage.dexchange.setFaults(second);
      for (let turn = 0; turn < 6; turn++) await stage.pass(30_000);
      stage.dexchange.clearFaults();
      for (let turn = 0; turn < 6; turn++) await stage.pass(600_000);
      expect((await stage.transaction(id)).status).toBe('unconfirmed');
      const events = await eventsOf(id);
      expect(events.filter((event) => event === 'resent')).toHaveLength(1);
      expect(events.filter((event) => event === 'unknown')).toHaveLength(2);
      expect(stage.dexchange.transactions().length).toBeLessThanOrEqual(1);
      // Nothing to look it up by, and no word: a day later people are asked.
      const review = await stage.untilStatus(id, 'review', { stepMs: 3_600_000 });
      expect(review.doubt.reason).toBe('no_lookup_possible');
    });

    it('is not undone by a no to the first, told late by a worker that stood still', async () => {
      stage.dexchange.setFaults({ requestLost: true });
      const { id } = await stage.collect();
      await stage.untilStatus(id, 'unconfirmed', { stepMs: 0 });
      const first = await stage.gateway.get(Attempts).list(id);
      for (let turn = 0; turn < 6; turn++) await stage.pass(30_000);
      expect(await eventsOf(id)).toContain('resent');

      const transaction = await stage.gateway.get(TransactionReader).find(id);
      const route = await stage.gateway.get(Routes).ofAttempt(first[0]!, transaction!);
      const claim = { transaction: transaction!, attempt: first[0]!, route, callbackUrls: {} };
      const no = { kind: 'rejected', reason: 'provider_rejected', said: { httpStatus: 400 } } as const;
      await stage.gateway.get(Submissions).record(claim, no, stage.time.now() + 1_000);
      const { status, failure, doubt } = await stage.transaction(id);
      expect({ status, failure, reason: doubt?.reason }).toEqual({
        status: 'unconfirmed',
        failure: null,
        reason: 'answer_lost',
      });
      const [attempt] = await stage.gateway.get(Attempts).list(id);
      expect(attempt).toMatchObject({ verdict: null, resentAt: expect.any(Number) });
      const said = (await stage.timeline(id)).at(-1)!.evidence;
      expect(said.detail).toContain('the first send was not taken (provider_rejected)');
    });

    it('does not go where the webhook was faster: it taught us what to ask by', async () => {
      stage.dexchange.setFaults({ answerTimeout: 1 });
      const { id } = await stage.collect();
      await stage.until(id, ({ status }) => status === 'succeeded' || status === 'unconfirmed', { stepMs: 0 });
      await stage.dexchange.idle();
      const paid = await stage.untilStatus(id, 'succeeded', { stepMs: 100 });
      expect(paid.providerReference).toMatch(/^TID/);
      expect(await eventsOf(id)).not.toContain('resent');
      expect(stage.dexchange.transfers()).toHaveLength(1);
    });

    it('does not go once nobody waits any more', async () => {
      stage.dexchange.setFaults({ requestLost: 1 });
      const { id } = await stage.collect({ expiresInSeconds: 60 });
      await stage.untilStatus(id, 'unconfirmed', { stepMs: 0 });
      for (let turn = 0; turn < 6; turn++) await stage.pass(60_000);
      expect(await eventsOf(id)).not.toContain('resent');
      expect(stage.dexchange.transactions()).toEqual([]);
    });
  });

  describe('a payout', () => {
    it('may be final at once', async () => {
      stage.dexchange.setFaults({ finalAtOnce: true, webhookDrop: true });
      const { id, recipient } = await stage.payOut();
      await stage.untilStatus(id, 'succeeded', { stepMs: 0 });
      expect(stage.dexchange.transfers()).toMatchObject([{ direction: 'out', party: recipient.phone.slice(1) }]);
    });

    it('that was answered with 504 and no webhook is sent again, refused as a duplicate, and left to people', async () => {
      stage.dexchange.setFaults({ webhookDrop: true });
      const { id } = await stage.payOut({ recipient: { phone: stage.freshPhone(6) } });
      await stage.untilStatus(id, 'unconfirmed', { stepMs: 0 });
      await stage.untilStatus(id, 'review', { stepMs: 3_600_000 });
      const said = (await stage.timeline(id)).map(({ evidence }) => evidence);
      expect(said).toContainEqual(expect.objectContaining({ says: 'unknown', httpStatus: 409 }));
      expect(stage.dexchange.transfers()).toHaveLength(1);
    });

    it('above the merchant’s balance fails, and says whose balance', async () => {
      stage.dexchange.setSettings({ balance: 7_000 });
      const { id } = await stage.payOut();
      expect((await stage.untilStatus(id, 'failed')).failure.code).toBe('merchant_balance_low');
    });
  });

  describe('a collection by Wizall', () => {
    const begin = async () => {
      const { id } = await stage.collect({ method: 'wizall_sn' });
      const pending = await stage.untilStatus(id, 'pending', { stepMs: 0 });
      expect(pending.nextAction).toEqual({ type: 'enter_otp' });
      return id;
    };

    it('is paid by the code, and a wrong one is a problem that changes nothing', async () => {
      const id = await begin();
      const wrong = await stage.submitOtp(id, '000000');
      expect([wrong.status, wrong.body.code]).toEqual([422, 'otp_refused']);
      expect(await stage.transaction(id)).toMatchObject({ status: 'pending', nextAction: { type: 'enter_otp' } });
      const right = await stage.submitOtp(id, OTP);
      expect(right).toMatchObject({ status: 200, body: { id, status: 'pending', nextAction: null } });
      await stage.untilStatus(id, 'succeeded');
      const late = await stage.submitOtp(id, OTP);
      expect([late.status, late.body.code, late.body.transactionStatus]).toEqual([
        409,
        'otp_not_expected',
        'succeeded',
      ]);
      expect(JSON.stringify(await stage.timeline(id))).not.toContain(OTP);
      expect(stage.dexchange.transfers()).toHaveLength(1);
    });

    it('fails with the third wrong code, by the provider’s word', async () => {
      const id = await begin();
      for (let turn = 0; turn < 3; turn++) expect((await stage.submitOtp(id, '000000')).status).toBe(422);
      await stage.untilStatus(id, 'failed');
    });

    it('whose code meets silence is asked about, and the code may be sent again', async () => {
      const id = await begin();
      stage.dexchange.setFaults({ answerLost: 1, webhookDrop: true });
      const answer = await stage.submitOtp(id, OTP);
      expect([answer.status, answer.body.status]).toEqual([200, 'pending']);
      const said = (await stage.timeline(id)).map(({ evidence }) => evidence);
      expect(said).toContainEqual(expect.objectContaining({ source: 'submission', says: 'unknown' }));
      await stage.untilStatus(id, 'succeeded');

      const lost = await begin();
      stage.dexchange.setFaults({ requestLost: 1 });
      expect((await stage.submitOtp(lost, OTP)).body.status).toBe('pending');
      expect((await stage.submitOtp(lost, OTP)).body.nextAction).toBeNull();
      await stage.untilStatus(lost, 'succeeded');
      expect(stage.dexchange.transfers()).toHaveLength(2);
    });

    it('takes the code twice at once and pays once', async () => {
      const id = await begin();
      const answers = await Promise.all([stage.submitOtp(id, OTP), stage.submitOtp(id, OTP)]);
      for (const { status } of answers) expect([200, 409, 422]).toContain(status);
      await stage.untilStatus(id, 'succeeded');
      expect(stage.dexchange.transfers()).toHaveLength(1);
    });

    it('keeps the code for later where the provider cannot take it now', async () => {
      const id = await begin();
      stage.dexchange.setFaults({ maintenance: 1 });
      const later = await stage.submitOtp(id, OTP);
      expect([later.status, later.body.code, later.headers.get('retry-after')]).toEqual([503, 'unavailable', '60']);
      await stage.submitOtp(id, OTP);
      await stage.untilStatus(id, 'succeeded');
    });

    it('waits for no code by another rail, and nobody else may give it', async () => {
      stage.dexchange.setFaults({ outcome: 'ignore' });
      const { id } = await stage.collect({ method: 'orange_sn' });
      expect((await stage.untilStatus(id, 'pending')).nextAction).toEqual({ type: 'approve_on_phone' });
      expect((await stage.submitOtp(id, OTP)).body.code).toBe('otp_not_expected');
      const other = await stage.gateway.createMerchant({ name: 'Kiosk' });
      expect((await stage.submitOtp(id, OTP, other.key)).status).toBe(404);
    });
  });
});
