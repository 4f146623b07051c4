import { jest } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { EmailRecorder } from '../../src/emails/email-recorder.js';
import { EventRecord } from '../../src/events/event.entity.js';
import { Job } from '../../src/jobs/job.entity.js';
import { TransactionLifecycle } from '../../src/transactions/transaction-lifecycle.js';
import { describeOnBothDatabases, type TestAnswer, type TestMerchant } from '../support/gateway.js';
import { MailServer, type ReceivedMail } from '../support/mail-server.js';
import { PaymentStage } from '../support/payments.js';

const MINUTE = 60_000;
const ONE_CLICK = { 'content-type': 'application/x-www-form-urlencoded' };

describeOnBothDatabases('E-mails', (database) => {
  let stage: PaymentStage;
  let server: MailServer;
  let made = 0;

  beforeAll(async () => {
    server = await MailServer.start();
    const environment = { SMTP_URL: server.url, MALIPO_MAIL_FROM: 'no-reply@pay.example' };
    stage = await PaymentStage.start({ database, environment });
  });
  afterEach(() => {
    server.onRecipient = () => undefined;
    server.onMessage = () => undefined;
  });
  afterAll(async () => {
    await stage.close();
    await server.close();
  });

  const ask = (merchant: TestMerchant, route: string, body?: object): Promise<TestAnswer> =>
    stage.gateway.request(route, { key: merchant.key, ...(body && { body }) });

  /** A merchant of its own, connected to M-Pesa, that reads its mail at this address. */
  async function makeMerchant(profile: object = {}): Promise<{ merchant: TestMerchant; owner: string }> {
    const merchant = await stage.gateway.createMerchant({ name: 'Duka la Achieng' });
    const owner = `owner${++made}@duka.example`;
    await ask(merchant, 'PATCH /v1/merchant', { notificationEmail: owner, ...profile });
    await stage.connect(merchant);
    return { merchant, owner };
  }

  /** A payment that its customer makes. */
  async function pay(merchant: TestMerchant, customer: object = {}): Promise<any> {
    const { body } = await stage.collect(
      { customer: { phone: stage.freshPhone(), ...customer } },
      { key: merchant.key, idempotencyKey: `mail-${++made}` },
    );
    return stage.untilOf(merchant.key, body.id, ['succeeded', 'failed', 'cancelled']);
  }

  async function untilTrue<T>(look: () => T | undefined | Promise<T | undefined>, stepMs = 1_000): Promise<T> {
    for (let turn = 0; turn < 200; turn++) {
      const found = await look();
      if (found !== undefined) return found;
      await stage.pass(stepMs);
    }
    throw new Error('It never came to that.');
  }

  const mailTo = (address: string, count = 1): Promise<ReceivedMail> =>
    untilTrue(() => server.mailsTo(address)[count - 1]);

  const listed = async (merchant: TestMerchant, query = ''): Promise<any[]> =>
    (await ask(merchant, `GET /v1/emails${query}`)).body.data;

  /** The merchant's latest mail of this kind, once it is as the test wants it. */
  const untilMail = (merchant: TestMerchant, kind: string, isWanted: (email: any) => boolean): Promise<any> =>
    untilTrue(async () => (await listed(merchant, `?kind=${kind}`)).find(isWanted));

  const isOver = ({ status }: any): boolean => status !== 'queued';

  it('a success is told to the customer in his language and to the merchant in its own, once each', async () => {
    const { merchant, owner } = await makeMerchant({ supportUrl: 'https://duka.example/help' });
    const phone = stage.freshPhone();
    const { id } = await pay(merchant, {
      phone,
      name: 'Achieng <b>Otieno</b>',
      email: 'Client@example.com',
      locale: 'fr',
    });
    const receipt = await mailTo('Client@example.com');
    expect(receipt.headers.get('subject')).toBe('[Test] Votre reçu\u00a0: 150,00\u00a0KES à Duka la Achieng');
    expect(receipt.headers.get('from')).toBe('Duka la Achieng <no-reply@pay.example>');
    expect(receipt.headers.get('auto-submitted')).toBe('auto-generated');
    expect(receipt.headers.has('list-unsubscribe')).toBe(false);
    expect(receipt.html).toContain('Merci pour votre paiement');
    expect(receipt.text).toContain('Mode test');
    const notice = await mailTo(owner);
    expect(notice.headers.get('subject')).toMatch(/^\[Test\] Payment received: KES\u00a0150\.00 for INV-/);
    expect(notice.html).toContain('Achieng &lt;b&gt;Otieno&lt;/b&gt;');
    expect(notice.headers.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    for (const mail of [receipt, notice]) expect(mail.html + mail.text).not.toContain(phone.slice(1));
    await untilMail(merchant, 'collection_succeeded', isOver);
    await stage.pass(10 * MINUTE);
    expect([server.mailsTo('Client@example.com').length, server.mailsTo(owner).length]).toEqual([1, 1]);
    const rows = await listed(merchant, `?transactionId=${id}`);
    expect(rows.map(({ kind, status, to, locale, attempts }) => [kind, status, to, locale, attempts]).sort()).toEqual([
      ['collection_succeeded', 'sent', owner, 'en', 1],
      ['receipt', 'sent', 'Client@example.com', 'fr', 1],
    ]);
    expect((await listed(merchant, '?to=CLIENT%40example.com')).map(({ kind }) => kind)).toEqual(['receipt']);
  });

  it('a failure is told to the merchant alone', async () => {
    const { merchant, owner } = await makeMerchant({ locale: 'fr' });
    const { body } = await stage.collect(
      { customer: { phone: stage.freshPhone(), email: 'unpaid@example.com' } },
      { key: merchant.key, idempotencyKey: `mail-${++made}` },
    );
    await stage.gateway.get(TransactionLifecycle).report({
      transactionId: body.id,
      event: 'refused',
      evidence: { source: 'clock', says: 'no route' } as never,
      changes: {
        failure: {
          code: 'provider_unavailable',
          message: '',
          providerCode: null,
          providerMessage: null,
          retryable: true,
        },
      },
    });
    const { text, headers } = await mailTo(owner);
    expect(headers.get('subject')).toMatch(/^\[Test\] Paiement non abouti\u00a0: 150,00\u00a0KES pour INV-/);
    expect(text).toContain('Motif');
    expect(await listed(merchant, '?to=unpaid%40example.com')).toEqual([]);
  });

  it('a payout is told to the merchant, and to its recipient where the merchant wants it', async () => {
    const { merchant, owner } = await makeMerchant();
    const recipient = (): object => ({ phone: stage.freshPhone(), email: 'paid@example.com', locale: 'fr' });
    const payOut = async (): Promise<any> => {
      const { body } = await stage.pay({ recipient: recipient() }, { key: merchant.key });
      return stage.untilOf(merchant.key, body.id, ['succeeded', 'failed']);
    };
    await payOut();
    expect((await mailTo(owner)).headers.get('subject')).toMatch(/^\[Test\] Payout made: KES\u00a0/);
    expect(server.mailsTo('paid@example.com')).toEqual([]);
    await ask(merchant, 'PATCH /v1/notification-settings', {
      kinds: { payout_receipt: true, payout_succeeded: false },
    });
    await payOut();
    expect((await mailTo('paid@example.com')).html).toContain('Vous avez été payé');
    expect(server.mailsTo(owner)).toHaveLength(1);
  });

  it('a payout that fails is told to the merchant, with the reason', async () => {
    const { merchant, owner } = await makeMerchant();
    const phone = stage.freshPhone();
    stage.mpesa.setFaults({ payoutResultByPhone: { [phone.slice(1)]: '2040' } });
    await stage.pay({ recipient: { phone, email: 'unpaid2@example.com' } }, { key: merchant.key });
    const { text } = await mailTo(owner);
    expect(text).toContain('A payout did not reach its recipient');
    expect(text).toContain('Reason: The network does not know this number, or it cannot be paid.');
    expect(server.mailsTo('unpaid2@example.com')).toEqual([]);
  });

  it('greylisting is waited for: the same message a minute later', async () => {
    const { merchant, owner } = await makeMerchant();
    let refusals = 0;
    server.onRecipient = (address) => (address === owner && ++refusals <= 2 ? '450 4.2.0 Greylisted' : undefined);
    await pay(merchant);
    const queued = await untilMail(merchant, 'collection_succeeded', ({ attempts }) => attempts === 1);
    expect([queued.status, queued.lastAnswer]).toEqual(['queued', '450 4.2.0 Greylisted']);
    const waitMs = Date.parse(queued.nextAttemptAt) - stage.time.now();
    expect(waitMs).toBeGreaterThan(40_000);
    expect(waitMs).toBeLessThan(73_000);
    await stage.pass(73_000);
    await untilMail(merchant, 'collection_succeeded', ({ attempts }) => attempts === 2);
    await stage.pass(6 * MINUTE);
    const sent = await untilMail(merchant, 'collection_succeeded', isOver);
    expect([sent.status, sent.attempts, server.mailsTo(owner).length]).toEqual(['sent', 3, 1]);
  });

  it('an unknown mailbox is marked, gets nothing more, and can be lifted', async () => {
    const { merchant, owner } = await makeMerchant();
    server.onRecipient = (address) => (address === owner ? '550 5.1.1 No such user' : undefined);
    await pay(merchant);
    const bounced = await untilMail(merchant, 'collection_succeeded', isOver);
    expect([bounced.status, bounced.lastAnswer]).toEqual(['bounced', '550 5.1.1 No such user']);
    const { body: marks } = await ask(merchant, 'GET /v1/email-suppressions');
    expect(marks.data).toMatchObject([{ address: owner, reason: 'bounced', detail: '550 5.1.1 No such user' }]);
    server.onRecipient = () => undefined;
    await pay(merchant);
    const held = await untilMail(
      merchant,
      'collection_succeeded',
      ({ id, ...email }) => id !== bounced.id && isOver(email),
    );
    expect([held.status, server.mailsTo(owner)]).toEqual(['suppressed', []]);
    const refused = await ask(merchant, `POST /v1/emails/${held.id}/resend`);
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect((await ask(merchant, `DELETE /v1/email-suppressions/${marks.data[0].id}`)).status).toBe(204);
    expect((await ask(merchant, `POST /v1/emails/${held.id}/resend`)).body).toMatchObject({
      status: 'queued',
      attempts: 0,
    });
    await mailTo(owner);
    expect(await untilMail(merchant, 'collection_succeeded', ({ status }) => status === 'sent')).toMatchObject({
      id: held.id,
    });
  });

  it('a message that is refused for good is over, and its address is not to blame', async () => {
    const { merchant, owner } = await makeMerchant();
    server.onMessage = (raw) => (raw.includes(owner) ? '554 5.6.0 Looks like spam' : undefined);
    await pay(merchant);
    const failed = await untilMail(merchant, 'collection_succeeded', isOver);
    expect([failed.status, failed.attempts, failed.nextAttemptAt]).toEqual(['failed', 1, null]);
    expect((await ask(merchant, 'GET /v1/email-suppressions')).body.data).toEqual([]);
  });

  it('a server that dies in the middle of a message gets it again, under the same Message-ID', async () => {
    const { merchant, owner } = await makeMerchant();
    server.diesInData = true;
    await pay(merchant);
    const queued = await untilMail(merchant, 'collection_succeeded', ({ attempts }) => attempts === 1);
    expect([queued.status, queued.lastAnswer]).toEqual([
      'queued',
      'The connection to the mail server failed or was lost.',
    ]);
    await stage.pass(73_000);
    const mail = await mailTo(owner);
    expect(mail.headers.get('message-id')).toBe(`<${queued.id}.1@127.0.0.1>`);
  });

  it('without a mail server payments go on, and mails follow when it is back', async () => {
    const { merchant, owner } = await makeMerchant();
    await server.close();
    try {
      expect((await pay(merchant)).status).toBe('succeeded');
      await untilMail(merchant, 'collection_succeeded', ({ attempts }) => attempts === 1);
    } finally {
      await server.listen();
    }
    await stage.pass(73_000);
    await mailTo(owner);
  });

  it('a worker that dies between the server’s yes and its own record sends twice, as one message', async () => {
    const { merchant, owner } = await makeMerchant();
    const apps = [stage.gateway, ...stage.gateway.workers.map(({ app }) => app)];
    const spies = apps.map((app) =>
      jest
        .spyOn(
          (app.get as (token: unknown, options?: object) => EmailRecorder)(EmailRecorder, { strict: false }),
          'record',
        )
        .mockRejectedValueOnce(new Error('The process was killed here.')),
    );
    await pay(merchant);
    await untilMail(merchant, 'collection_succeeded', ({ status }) => status === 'sent');
    for (const spy of spies) spy.mockRestore();
    const mails = server.mailsTo(owner);
    expect(mails.length).toBeGreaterThanOrEqual(2);
    expect(new Set(mails.map(({ headers }) => headers.get('message-id'))).size).toBe(1);
  });

  it('a resend is a message of its own, and a double click one resend', async () => {
    const { merchant, owner } = await makeMerchant();
    await pay(merchant);
    const sent = await untilMail(merchant, 'collection_succeeded', ({ status }) => status === 'sent');
    const clicks = await Promise.all([1, 2, 3].map(() => ask(merchant, `POST /v1/emails/${sent.id}/resend`)));
    expect(clicks.map(({ status }) => status)).toEqual([202, 202, 202]);
    await mailTo(owner, 2);
    await stage.pass(10 * MINUTE);
    const ids = server.mailsTo(owner).map(({ headers }) => headers.get('message-id'));
    expect(new Set(ids)).toEqual(new Set([`<${sent.id}.1@127.0.0.1>`, ...ids.slice(1)]));
    expect(ids.length).toBeLessThanOrEqual(4);
  });

  it('settings decide which mails are written, where they go, and who they are from', async () => {
    const { merchant, owner } = await makeMerchant();
    const changes = {
      kinds: { receipt: false },
      senderName: 'Achieng’s shop 🛒',
      replyTo: 'help@duka.example',
      recipients: [`a${made}@duka.example`, `A${made}@duka.example`, `b${made}@duka.example`],
    };
    const { status, body } = await ask(merchant, 'PATCH /v1/notification-settings', changes);
    expect([status, body.kinds.receipt, body.kinds.review, body.kinds.payout_receipt]).toEqual([
      200,
      false,
      true,
      false,
    ]);
    await Promise.all([
      ask(merchant, 'PATCH /v1/notification-settings', { kinds: { review: false } }),
      ask(merchant, 'PATCH /v1/notification-settings', { kinds: { webhook_failing: false } }),
    ]);
    const { kinds } = (await ask(merchant, 'GET /v1/notification-settings')).body;
    expect([kinds.receipt, kinds.review, kinds.webhook_failing, kinds.webhook_disabled]).toEqual([
      false,
      false,
      false,
      true,
    ]);
    const { id } = await pay(merchant, { email: 'quiet@example.com' });
    const { headers } = await mailTo(`b${changes.recipients.length && body.recipients[2].slice(1)}`);
    expect(headers.get('from')).toBe('Achieng’s shop 🛒 <no-reply@pay.example>');
    expect(headers.get('reply-to')).toBe('Achieng’s shop 🛒 <help@duka.example>');
    const rows = await listed(merchant, `?transactionId=${id}`);
    expect(rows.map(({ to }) => to.toLowerCase()).sort()).toEqual([body.recipients[0], body.recipients[2]]);
    expect(server.mailsTo(owner)).toEqual([]);
    const live = await stage.gateway.createKey(merchant.id, { mode: 'live' });
    const ofLive = await stage.gateway.request('GET /v1/notification-settings', { key: live.key });
    expect([ofLive.body.mode, ofLive.body.recipients, ofLive.body.updatedAt]).toEqual(['live', [], null]);
  });

  it('a reader of notices stops them with one click, and still gets receipts', async () => {
    const { merchant, owner } = await makeMerchant({ locale: 'fr' });
    await pay(merchant, { email: owner });
    const notice = await untilTrue(() => server.mailsTo(owner).find(({ headers }) => headers.has('list-unsubscribe')));
    const url = (notice.headers.get('list-unsubscribe') ?? '').slice(1, -1);
    expect(url).toContain(`${stage.gateway.baseUrl}/unsubscribe/`);
    expect(notice.text).toContain(url);
    const page = await fetch(url);
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      200,
      expect.stringContaining("default-src 'none'"),
    ]);
    expect(await page.text()).toContain('Ne plus recevoir les avis de paiement de Duka la Achieng');
    expect((await ask(merchant, 'GET /v1/email-suppressions')).body.data).toEqual([]);
    for (const _ of [1, 2]) {
      const answer = await fetch(url, { method: 'POST', headers: ONE_CLICK, body: 'List-Unsubscribe=One-Click' });
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Vous êtes désabonné')]);
    }
    expect((await ask(merchant, 'GET /v1/email-suppressions')).body.data).toMatchObject([
      { address: owner, reason: 'unsubscribed' },
    ]);
    const { id } = await pay(merchant, { email: owner });
    const over = await untilTrue(async () => {
      const rows = await listed(merchant, `?transactionId=${id}`);
      return rows.length === 2 && rows.every(isOver) ? rows : undefined;
    });
    expect(over.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
      'collection_succeeded suppressed',
      'receipt sent',
    ]);
    const forged = [`${url}x`, `${url.slice(0, -1)}${url.endsWith('A') ? 'B' : 'A'}`, url.replace('eml_', 'txn_')];
    for (const link of forged) expect((await fetch(link, { method: 'POST' })).status).toBe(404);
  });

  it('no name becomes a header of its own', async () => {
    const name = `Evil\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>\u202e${'long '.repeat(10)}`;
    const { merchant, owner } = await makeMerchant({ name });
    await pay(merchant, { name: 'x\r\nX-Injected: yes', email: `victim${made}@example.com` });
    const mail = await mailTo(owner);
    expect(mail.to).toEqual([owner]);
    expect([...mail.headers.keys()].filter((header) => ['bcc', 'x-injected'].includes(header))).toEqual([]);
    expect(mail.headers.get('from')).toMatch(
      /^"?Evil Bcc: victim@example.com <script>alert\(1\)<\/script> long[^\r\n\u202e]*"? <no-reply@pay\.example>$/,
    );
    expect(mail.html).not.toContain('<script>');
    expect(server.mailsTo('victim@example.com')).toEqual([]);
    expect(mail.headers.get('subject')?.length).toBeLessThanOrEqual(150);
  });

  it('a payment in review is told to the merchant', async () => {
    const { merchant, owner } = await makeMerchant();
    const { id } = await pay(merchant);
    await mailTo(owner);
    await stage.gateway.get(TransactionLifecycle).report({
      transactionId: id,
      event: 'contradicted',
      evidence: { source: 'clock', says: 'contradicted' } as never,
    });
    const mail = await mailTo(owner, 2);
    expect(mail.headers.get('subject')).toContain('Your decision is needed');
    expect(mail.text).toContain('The provider’s statements contradict each other.');
  });

  it('a webhook endpoint that takes nothing for half an hour is told to the merchant, without its secret path', async () => {
    const { merchant, owner } = await makeMerchant();
    const endpoint = { url: 'http://127.0.0.1:8099/secret-path?token=x', events: ['*'] };
    expect((await ask(merchant, 'POST /v1/webhook-endpoints', endpoint)).status).toBe(201);
    await pay(merchant);
    const mail = await untilTrue(
      () => server.mailsTo(owner).find(({ headers }) => headers.get('subject')?.includes('is failing')),
      6 * MINUTE,
    );
    expect(mail.text).toContain('127.0.0.1:8099');
    expect(mail.raw).not.toContain('secret-path');
  });

  it('a payout that waits for approval is told to the approvers, however often its job runs', async () => {
    const { merchant } = await makeMerchant();
    const approvers = [`boss${made}@duka.example`, `cfo${made}@duka.example`];
    await ask(merchant, 'PATCH /v1/notification-settings', { approvers });
    const amounts = [{ currency: 'KES', amount: '1', approvals: 1 }];
    await ask(merchant, 'PUT /v1/approval-rules', { amounts, firstPaymentToNewNumber: null });
    const { body } = await stage.pay({}, { key: merchant.key, idempotencyKey: `held-${++made}` });
    expect(body.status).toBe('awaiting_approval');
    const where = { subjectId: body.id, type: 'payout.created' };
    const event = await stage.gateway.get(Database).read.findOneOrFail(EventRecord, { where });
    for (const address of approvers) expect((await mailTo(address)).text).toContain('A payout waits for approval');
    const again = { id: `job_${event.id.slice(4)}`, subjectId: event.id };
    await stage.gateway.get(Database).write((tx) =>
      tx.insert(Job, [
        {
          ...again,
          kind: 'announce_emails',
          runAt: stage.time.now(),
          attempts: 0,
          leaseToken: null,
          createdAt: stage.time.now(),
        },
      ]),
    );
    await untilTrue(async () => {
      const left = await stage.gateway.get(Database).read.count(Job, { where: { kind: 'announce_emails' } });
      return left === 0 ? true : undefined;
    }, 6_000);
    expect(await listed(merchant)).toHaveLength(2);
  });
});

// One engine will do: what is kept is never sent anywhere.
describe('E-mails of a gateway without a mail server', () => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database: 'sqlite' });
  });
  afterAll(() => stage.close());

  it('are kept, and can be looked at in both forms by whom they belong to', async () => {
    const { key } = stage.merchant;
    const { body } = await stage.collect({
      customer: { phone: stage.freshPhone(), email: 'kept@example.com', name: '{{constructor}}', locale: 'fr' },
    });
    await stage.until(body.id, ['succeeded']);
    const { data } = (await stage.gateway.request('GET /v1/emails?status=kept', { key })).body;
    expect(data).toMatchObject([{ kind: 'receipt', status: 'kept', attempts: 0, nextAttemptAt: null }]);
    const look = (query = '', authorization = `Bearer ${key}`): Promise<Response> =>
      fetch(`${stage.gateway.baseUrl}/v1/emails/${data[0].id}/preview${query}`, { headers: { authorization } });
    const html = await look();
    expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(await html.text()).toContain('Merci pour votre paiement');
    const text = await look('?format=text');
    expect([text.headers.get('content-type'), await text.text()]).toEqual([
      'text/plain; charset=utf-8',
      expect.stringContaining('Merci pour votre paiement'),
    ]);
    expect((await look('?format=pdf')).status).toBe(400);
    const other = await stage.gateway.createMerchant();
    expect((await look('', `Bearer ${other.key}`)).status).toBe(404);
    const resent = await stage.gateway.request(`POST /v1/emails/${data[0].id}/resend`, { key });
    expect([resent.status, resent.body.detail]).toEqual([409, expect.stringContaining('SMTP_URL')]);
  });
});
