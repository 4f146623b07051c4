import { Database } from '../../src/database/database.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import { DexchangeStage } from '../support/dexchange.js';
import { describeOnBothDatabases } from '../support/gateway.js';
import { LinkCalls, toLinkRequest, type PageAnswer } from '../support/link-stage.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const RESEND_MS = 90_000;

// Not of Senegal, so the simulated payer does nothing before somebody opens the page.
const VISITOR = '+2250700000150';

describeOnBothDatabases('A delegated payment link', (database) => {
  let stage: DexchangeStage;
  let links: LinkCalls;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    [stage, receiver] = await Promise.all([DexchangeStage.start(database), WebhookReceiver.start()]);
    links = new LinkCalls(stage);
  });
  afterAll(async () => {
    await stage.close();
    await receiver.close();
  });
  beforeEach(async () => {
    await stage.dexchange.idle();
    stage.dexchange.reset();
  });

  const create = (given: object = {}): Promise<any> =>
    links.create({ amount: '7500', currency: 'XOF', execution: 'delegated', locale: 'en', ...given });

  const attemptsOf = (linkId: string): Promise<Transaction[]> =>
    stage.gateway.get(Database).read.find(Transaction, { where: { paymentLinkId: linkId }, order: { id: 'ASC' } });

  /** Presses the one button of the page. */
  async function press(url: string, phone = VISITOR): Promise<PageAnswer> {
    const { nonce } = await links.open(url);
    return links.post(`${url}/attempts`, { nonce, phone, method: 'hosted_page' });
  }

  /** Presses it, and answers the collection once the provider's page is there. */
  async function begin(url: string, linkId: string): Promise<any> {
    expect((await press(url)).status).toBe(303);
    const attempt = (await attemptsOf(linkId)).at(-1)!;
    return stage.untilStatus(attempt.id, 'pending', { stepMs: 0 });
  }

  /** What somebody does on the simulated page of the provider. */
  async function act(pageUrl: string, action: 'pay' | 'fail' | 'cancel'): Promise<void> {
    const body = new URLSearchParams({ action, operator: 'WAVE_SN_CASHOUT', phone: '770000150' });
    const answer = await fetch(pageUrl, { method: 'POST', body, redirect: 'manual' });
    expect(answer.status).toBe(303);
    await stage.dexchange.idle();
  }

  it('leads to the provider’s page, and is paid there', async () => {
    const { id, url } = await create({ callbackUrl: receiver.url('/mine') });
    const first = await links.open(url);
    expect(first.text).toContain('You pay on the page of DExchange');
    expect(first.text).toContain('Nothing is taken before you confirm there.');
    // Looking makes nothing.
    expect([await attemptsOf(id), stage.dexchange.transactions()]).toEqual([[], []]);

    const pending = await begin(url, id);
    expect(pending).toMatchObject({
      ...{ method: 'hosted_page', provider: 'dexchange', paymentLinkId: id },
      providerReference: expect.stringMatching(/^MID/),
      nextAction: { type: 'redirect', url: expect.stringContaining('/process/MID') },
    });
    const waiting = await links.open(url);
    expect(waiting.text).toContain(`href="${pending.nextAction.url}"`);
    expect(waiting.text).toContain('Continue with DExchange');

    await act(pending.nextAction.url, 'pay');
    // No time passes: the webhook is a hint that makes us read the status.
    await stage.untilStatus(pending.id, 'succeeded', { stepMs: 0 });
    expect((await stage.timeline(pending.id)).map(({ evidence }) => evidence)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ source: 'callback', says: 'succeeded', trust: 'unsigned' }),
        expect.objectContaining({ source: 'inquiry', says: 'succeeded' }),
      ]),
    );
    expect(await links.read(id)).toMatchObject({ status: 'paid', paidBy: pending.id, late: false, attempts: 1 });
    expect(await links.untilTold(id, 'paid')).toEqual(['created', 'paid']);
    expect(receiver.messages.filter(({ path }) => path === '/mine').length).toBeGreaterThan(0);
    const receipt = await links.open(url);
    expect(receipt.text).toContain('<dd>DExchange</dd>');
    // Who typed his number here need not be who paid there.
    expect(receipt.text).not.toContain('<dt>From</dt>');
    expect(stage.dexchange.transfers()).toMatchObject([{ amount: '7500', direction: 'in' }]);
    // Nobody knows by which way the money could go back.
    const refund = { transactionId: pending.id, reference: `BACK-${id}`, reason: 'Sold out' };
    const refused = await stage.request('POST /v1/refunds', refund, undefined, { 'idempotency-key': id });
    expect([refused.status, refused.body.code]).toEqual([422, 'method_unavailable']);
  });

  it('makes one page, whatever is pressed in how many tabs', async () => {
    const { id, url } = await create();
    const answers = await Promise.all(Array.from({ length: 4 }, () => press(url)));
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    const [attempt, ...more] = await attemptsOf(id);
    expect(more).toEqual([]);
    await stage.untilStatus(attempt!.id, 'pending', { stepMs: 0 });
    expect(stage.dexchange.transactions()).toHaveLength(1);
  });

  it('that was given up on the provider’s page can be tried again', async () => {
    const { id, url } = await create();
    const first = await begin(url, id);
    await act(first.nextAction.url, 'cancel');
    expect(await links.untilTold(id, 'attempt_failed')).toEqual(['created', 'attempt_failed']);
    expect((await links.open(url)).text).toContain('The payment was cancelled.');
    const second = await begin(url, id);
    expect(second.nextAction.url).not.toBe(first.nextAction.url);
    await act(second.nextAction.url, 'pay');
    expect(await links.until(id, 'paid')).toMatchObject({ paidBy: second.id, attempts: 2 });
  });

  it.each([
    ['expired', 61_000],
    ['cancelled', 0],
  ])('that was %s cannot take the provider’s page back: the money is recorded as late', async (status, lifeMs) => {
    const { id, url } = await create({ ...(lifeMs > 0 && { expiresInSeconds: 60 }) });
    const pending = await begin(url, id);
    if (lifeMs > 0) await stage.pass(lifeMs);
    else await links.call(`POST /v1/payment-links/${id}/cancel`);
    await links.until(id, status);
    const over = await links.open(url);
    expect(over.text).not.toContain(pending.nextAction.url);
    expect((await press(url)).text).not.toContain(pending.nextAction.url);
    await act(pending.nextAction.url, 'pay');
    expect(await links.until(id, 'paid')).toMatchObject({ late: true, paidBy: pending.id });
    expect(await links.untilTold(id, 'paid_late')).toEqual(['created', status, 'paid_late']);
    expect(await attemptsOf(id)).toHaveLength(1);
  });

  describe('whose page was asked for in silence', () => {
    it('is being prepared, and the one identical re-send brings the page', async () => {
      const { id, url } = await create();
      stage.dexchange.setFaults({ requestLost: 1 });
      await press(url);
      const [attempt] = await attemptsOf(id);
      await stage.untilStatus(attempt!.id, 'unconfirmed', { stepMs: 0 });
      expect((await links.open(url)).text).toContain('The payment page is being prepared');
      await press(url);
      await stage.pass(RESEND_MS - 10_000);
      expect([(await attemptsOf(id)).length, stage.dexchange.transactions().length]).toEqual([1, 0]);
      const pending = await stage.untilStatus(attempt!.id, 'pending', { stepMs: 5_000 });
      expect((await links.open(url)).text).toContain(`href="${pending.nextAction.url}"`);
      expect(stage.dexchange.transactions()).toHaveLength(1);
    });

    it('never gets a second one by guess, and hears of what was paid all the same', async () => {
      const { id, url } = await create();
      stage.dexchange.setFaults({ answerLost: 1 });
      await press(url);
      const [attempt] = await attemptsOf(id);
      await stage.untilStatus(attempt!.id, 'unconfirmed', { stepMs: 0 });
      for (let turn = 0; turn < 6; turn++) await stage.pass(60_000);
      expect((await stage.transaction(attempt!.id)).status).toBe('unconfirmed');
      expect((await links.open(url)).text).toContain('The payment page is being prepared');
      const events = (await stage.timeline(attempt!.id)).map(({ event }) => event);
      expect(events.filter((event) => event === 'resent')).toHaveLength(1);
      const [made, ...more] = stage.dexchange.transactions();
      expect(more).toEqual([]);
      await act(`${stage.dexchange.baseUrl}/process/${made!.id}`, 'pay');
      expect(await links.until(id, 'paid')).toMatchObject({ paidBy: attempt!.id });
    });
  });

  describe('is refused', () => {
    it.each([
      ['below what the page takes', { amount: '99' }, 'amount_out_of_range', '/amount'],
      ['above it', { amount: '1000001' }, 'amount_out_of_range', '/amount'],
      ['where no account has such a page', { currency: 'KES' }, 'method_unavailable', '/execution'],
      ['with methods, which are the page’s to offer', { methods: ['wave_sn'] }, 'method_unavailable', '/methods'],
    ])('%s', async (_, given, code, pointer) => {
      const request = toLinkRequest({ amount: '7500', currency: 'XOF', execution: 'delegated', ...given });
      const { status, body } = await links.call('POST /v1/payment-links', request);
      expect([status, body.code, body.errors[0].pointer]).toEqual([422, code, pointer]);
    });
  });

  it('alone leads to such a page: neither a collection nor another link can ask for one', async () => {
    expect((await create({ amount: '100' })).status).toBe('active');
    const collection = await stage.request(
      'POST /v1/collections',
      { reference: 'PAGE-1', amount: '7500', currency: 'XOF', method: 'hosted_page', customer: { phone: VISITOR } },
      undefined,
      { 'idempotency-key': 'page-1' },
    );
    expect([collection.status, collection.body.code]).toEqual([422, 'method_unavailable']);
    const native = await create({ execution: 'native' });
    expect((await press(native.url)).status).toBe(422);
    expect(await attemptsOf(native.id)).toEqual([]);
  });
});
