import { createHmac } from 'node:crypto';
import { Database } from '../../src/database/database.js';
import { EventRecord } from '../../src/events/event.entity.js';
import { TransactionLifecycle } from '../../src/transactions/transaction-lifecycle.js';
import { MerchantsService } from '../../src/merchants/merchants.service.js';
import { SigningSecret } from '../../src/signing-secrets/signing-secret.entity.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import { describeOnBothDatabases } from '../support/gateway.js';
import { LinkCalls, LinkStage } from '../support/link-stage.js';
import { PaymentStage } from '../support/payments.js';

describeOnBothDatabases('The payment page', (database) => {
  let stage: PaymentStage;
  let links: LinkStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database, settings: { promptLifeMs: 600_000 } });
    links = new LinkStage(stage);
  });
  afterEach(() => stage.mpesa.clearFaults());
  afterAll(() => stage.close());

  const attemptsOf = (linkId: string): Promise<Transaction[]> =>
    stage.gateway.get(Database).read.find(Transaction, { where: { paymentLinkId: linkId }, order: { id: 'ASC' } });

  /** The one collection of a link, once the prompt is on the phone. */
  async function attemptOnPhone(linkId: string, phone: string): Promise<Transaction> {
    await stage.promptOn(phone);
    const attempt = (await attemptsOf(linkId)).at(-1)!;
    await stage.until(attempt.id, ['pending']);
    return attempt;
  }

  it('is paid on a phone, shows the receipt, and sends the customer back with a signed hint', async () => {
    const link = await links.create();
    const phone = links.quietPhone();
    const sent = await links.pay(link.url, phone);
    expect([sent.status, sent.headers.get('location')]).toEqual([303, new URL(link.url).pathname]);
    const attempt = await attemptOnPhone(link.id, phone);
    expect(attempt).toMatchObject({ reference: link.reference, paymentLinkId: link.id, amountMinor: 15_000n });
    const waiting = await links.open(link.url);
    expect(waiting.text).toContain('Confirm on your phone');
    expect(waiting.text).not.toContain(phone.slice(4));

    await links.answer(phone, 'pin');
    const paid = await links.until(link.id, 'paid');
    expect(paid).toMatchObject({ paidBy: attempt.id, late: false, attempts: 1, duplicates: [] });
    expect(await links.untilTold(link.id, 'paid')).toEqual(['created', 'paid']);

    const page = await links.open(link.url);
    const { receipt } = await stage.transaction(attempt.id);
    expect(page.text).toContain(receipt);
    const back = new URL(/href="([^"]+)"[^>]* data-return/.exec(page.text)![1]!.replaceAll('&amp;', '&'));
    expect(`${back.origin}${back.pathname}`).toBe('https://shop.example/thanks');
    const { cart, linkId, status, expires, signature } = Object.fromEntries(back.searchParams);
    expect([cart, linkId, status]).toEqual(['7', link.id, 'paid']);
    expect(Number(expires)).toBe(Math.floor(stage.time.now() / 1_000) + 900);
    const { body } = await links.call('GET /v1/signing-secret');
    expect(signature).toBe(createHmac('sha256', body.secret).update(`${linkId}.${status}.${expires}`).digest('hex'));

    expect(stage.gateway.log).not.toContain(new URL(link.url).pathname.slice(3));

    // Paid is paid: a form that was open all the time makes nothing.
    expect((await links.pay(link.url, stage.freshPhone())).status).toBe(422);
    stage.time.advance(16 * 60_000);
    expect((await links.open(link.url)).text).toContain('Already paid');
    expect(await attemptsOf(link.id)).toHaveLength(1);
  });

  it('lets one payment begin, whatever is pressed in two tabs in the same second', async () => {
    const link = await links.create();
    const tabs = await Promise.all(Array.from({ length: 6 }, () => links.open(link.url)));
    const phones = tabs.map(() => links.quietPhone());
    const answers = await Promise.all(
      tabs.map(({ nonce }, index) =>
        links.post(`${link.url}/attempts`, { nonce, phone: phones[index]!, method: 'mpesa_ke' }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 303));
    const [attempt, ...more] = await attemptsOf(link.id);
    expect(more).toEqual([]);
    await stage.until(attempt!.id, ['pending']);
    expect(phones.map((phone) => stage.promptsOn(phone)).reduce((sum, count) => sum + count)).toBe(1);
    expect(await links.read(link.id)).toMatchObject({ attempts: 1, lastTransactionId: attempt!.id });
  });

  it('takes a double click, a reload and a step back for the same wish', async () => {
    const link = await links.create();
    const phone = links.quietPhone();
    const { nonce } = await links.open(link.url);
    const press = () => links.post(`${link.url}/attempts`, { nonce, phone, method: 'mpesa_ke' });
    const pressed = await Promise.all([press(), press(), press()]);
    expect(pressed.map(({ status }) => status)).toEqual([303, 303, 303]);
    await attemptOnPhone(link.id, phone);
    await links.answer(phone, 'cancel');
    expect(await links.untilTold(link.id, 'attempt_failed')).toEqual(['created', 'attempt_failed']);
    expect((await press()).status).toBe(303);
    expect(await attemptsOf(link.id)).toHaveLength(1);

    const failed = await links.open(link.url);
    expect(failed.text).toContain('The payment was cancelled.');
    expect(await links.read(link.id)).toMatchObject({
      status: 'active',
      lastFailure: { code: 'cancelled_by_customer' },
    });
    // The same form with another number is another wish, to be confirmed anew.
    const changed = await links.post(`${link.url}/attempts`, { nonce, phone: '0712000999', method: 'mpesa_ke' });
    expect([changed.status, changed.text.includes('value="0712000999"')]).toEqual([422, true]);

    const another = links.quietPhone();
    await links.post(`${link.url}/attempts`, { nonce: changed.nonce, phone: another, method: 'mpesa_ke' });
    await attemptOnPhone(link.id, another);
    await links.answer(another, 'pin');
    expect(await links.untilTold(link.id, 'paid')).toEqual(['created', 'attempt_failed', 'paid']);
    expect(await links.read(link.id)).toMatchObject({ attempts: 2, status: 'paid' });

    const list = async (query: string): Promise<string[]> =>
      (await links.call(`GET /v1/transactions?${query}`)).body.data.map(({ id }: any) => id);
    const both = (await attemptsOf(link.id)).map(({ id }) => id).reverse();
    expect(await list(`paymentLinkId=${link.id}`)).toEqual(both);
    expect(await list(`paymentLinkId=${link.id}&status=succeeded`)).toEqual(both.slice(0, 1));
    expect(await list(`paymentLinkId=${(await links.create()).id}`)).toEqual([]);
    const stranger = await stage.gateway.createMerchant();
    const theirs = await stage.gateway.request(`GET /v1/transactions?paymentLinkId=${link.id}`, { key: stranger.key });
    expect([theirs.status, theirs.body.data]).toEqual([200, []]);
  });

  it('makes nothing of what is no form of its own', async () => {
    const [link, other] = [await links.create(), await links.create()];
    const { nonce } = await links.open(link.url);
    const foreign = await links.open(other.url);
    const fields = { phone: stage.freshPhone(), method: 'mpesa_ke' };
    const attempts: [Record<string, string>, Record<string, string>][] = [
      [{ ...fields }, {}],
      [{ ...fields, nonce: `${nonce}x` }, {}],
      [{ ...fields, nonce: foreign.nonce }, {}],
      [{ ...fields, nonce }, { origin: 'https://evil.example' }],
      [{ ...fields, nonce }, { origin: 'null' }],
      [{ ...fields, nonce }, { 'sec-fetch-site': 'cross-site' }],
    ];
    for (const [given, headers] of attempts) {
      const answer = await links.post(`${link.url}/attempts`, given, headers);
      expect([answer.status, answer.nonce !== '']).toEqual([422, true]);
    }
    const json = await fetch(`${link.url}/attempts`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: new URLSearchParams({ ...fields, nonce }).toString(),
    });
    expect(json.status).toBe(415);
    expect(await attemptsOf(link.id)).toEqual([]);
  });

  it('is looked at by previews and programs without a trace', async () => {
    // A merchant whose first link this is: there is nothing yet that a visit could find made by another one.
    const merchant = await stage.gateway.createMerchant();
    await stage.connect(merchant);
    const shop = new LinkCalls({ gateway: stage.gateway, merchant, pass: (ms) => stage.pass(ms) });
    const link = await shop.create();
    await shop.untilTold(link.id, 'created');
    const { read } = stage.gateway.get(Database);
    const count = () => Promise.all([read.count(Transaction), read.count(EventRecord), read.count(SigningSecret)]);
    const before = await count();
    const agents = ['WhatsApp/2.23', 'facebookexternalhit/1.1', 'TelegramBot (like TwitterBot)', 'curl/8', ''];
    for (const agent of agents) {
      for (const method of ['GET', 'HEAD']) {
        for (const path of ['', '/status', '?lang=fr&phone=0712345678&method=mpesa_ke']) {
          const { status } = await fetch(`${link.url}${path}`, { method, headers: { 'user-agent': agent } });
          expect(status).toBe(200);
        }
        // Where a form came back: who opens that address is sent to the page.
        const { status, headers } = await fetch(`${link.url}/attempts`, { method, redirect: 'manual' });
        expect([status, headers.get('location')]).toEqual([303, new URL(link.url).pathname]);
      }
    }
    await stage.pass(1_000);
    expect(await count()).toEqual(before);
    expect(await shop.read(link.id)).toEqual(link);
  });

  it('has expired while the customer thought; his money is recorded and told as late', async () => {
    const link = await links.create({ expiresInSeconds: 60 });
    const phone = links.quietPhone();
    await links.pay(link.url, phone);
    const attempt = await attemptOnPhone(link.id, phone);
    await stage.pass(60_000);
    await links.until(link.id, 'expired');
    const waiting = await links.open(link.url);
    expect(waiting.text).toContain('Do not confirm on your phone any more.');
    await links.answer(phone, 'pin');
    expect(await links.until(link.id, 'paid')).toMatchObject({ late: true, paidBy: attempt.id });
    expect(await links.untilTold(link.id, 'paid_late')).toEqual(['created', 'expired', 'paid_late']);
    expect((await links.open(link.url)).text).toContain('The money came after the link was over.');
  });

  it('was cancelled by the shop: nobody can begin, and money on its way still counts', async () => {
    const link = await links.create();
    const { nonce } = await links.open(link.url);
    const phone = links.quietPhone();
    await links.pay(link.url, phone);
    await attemptOnPhone(link.id, phone);
    expect((await links.call(`POST /v1/payment-links/${link.id}/cancel`)).status).toBe(200);
    await links.post(`${link.url}/attempts`, { nonce, phone: stage.freshPhone(), method: 'mpesa_ke' });
    expect(await attemptsOf(link.id)).toHaveLength(1);
    await links.answer(phone, 'pin');
    expect(await links.until(link.id, 'paid')).toMatchObject({ late: true });
    expect(await links.untilTold(link.id, 'paid_late')).toEqual(['created', 'cancelled', 'paid_late']);

    const idle = await links.create();
    await links.call(`POST /v1/payment-links/${idle.id}/cancel`);
    expect((await links.open(idle.url)).text).toContain('This link was cancelled');
  });

  it('tells of a second payment when the first one comes to light late', async () => {
    const link = await links.create();
    const [first, second] = [links.quietPhone(), links.quietPhone()];
    await links.pay(link.url, first);
    const one = await attemptOnPhone(link.id, first);
    await links.answer(first, 'cancel');
    await links.untilTold(link.id, 'attempt_failed');
    await links.pay(link.url, second);
    const two = await attemptOnPhone(link.id, second);

    const { attemptId } = (await attemptsOf(link.id))[0]!;
    await stage.gateway.get(TransactionLifecycle).report({
      transactionId: one.id,
      event: 'succeeded',
      attemptId: attemptId!,
      evidence: { source: 'callback', says: 'succeeded' },
    });
    expect(await links.until(link.id, 'paid')).toMatchObject({ paidBy: one.id, late: false });
    await links.answer(second, 'pin');
    const words = await links.untilTold(link.id, 'duplicate_payment');
    expect(words).toEqual(['created', 'attempt_failed', 'paid', 'duplicate_payment']);
    expect(await links.read(link.id)).toMatchObject({ paidBy: one.id, duplicates: [two.id], status: 'paid' });
  });

  it('is not paid any more once people ruled that it never was', async () => {
    const link = await links.create();
    const phone = links.quietPhone();
    await links.pay(link.url, phone);
    const attempt = await attemptOnPhone(link.id, phone);
    await links.answer(phone, 'pin');
    await links.until(link.id, 'paid');
    const report = (event: 'contradicted' | 'ruled_failed'): Promise<unknown> =>
      stage.gateway.get(TransactionLifecycle).report({
        transactionId: attempt.id,
        event,
        evidence: { source: event === 'contradicted' ? 'inquiry' : 'ruling', says: 'failed' },
      });
    await report('contradicted');
    expect((await links.open(link.url)).text).toContain('A person is checking');
    await report('ruled_failed');
    expect(await links.read(link.id)).toMatchObject({ status: 'failed', paidBy: null, lastTransactionId: attempt.id });
    expect(await links.untilTold(link.id, 'attempt_failed')).toEqual(['created', 'paid', 'attempt_failed']);
    expect((await links.open(link.url)).text).toContain('This link cannot be paid');
  });

  it('stays paid by the second payment where people ruled that the first never was', async () => {
    const link = await links.create();
    const [first, second] = [links.quietPhone(), links.quietPhone()];
    await links.pay(link.url, first);
    const one = await attemptOnPhone(link.id, first);
    await links.answer(first, 'cancel');
    await links.untilTold(link.id, 'attempt_failed');
    await links.pay(link.url, second);
    const two = await attemptOnPhone(link.id, second);
    const { attemptId } = (await attemptsOf(link.id))[0]!;
    const report = (event: 'succeeded' | 'contradicted' | 'ruled_failed'): Promise<unknown> =>
      stage.gateway.get(TransactionLifecycle).report({
        transactionId: one.id,
        event,
        attemptId: attemptId!,
        evidence: { source: 'callback', says: event === 'succeeded' ? 'succeeded' : 'failed' },
      });
    await report('succeeded');
    await links.answer(second, 'pin');
    await links.untilTold(link.id, 'duplicate_payment');
    await report('contradicted');
    await report('ruled_failed');
    expect(await links.read(link.id)).toMatchObject({ status: 'paid', paidBy: two.id, duplicates: [] });
  });

  it('cannot be paid by a form that was open when the shop was suspended', async () => {
    const link = await links.create();
    const { nonce } = await links.open(link.url);
    const merchants = stage.gateway.get(MerchantsService);
    await merchants.update(stage.merchant.id, { status: 'suspended' });
    try {
      const sent = await links.post(`${link.url}/attempts`, { nonce, phone: stage.freshPhone(), method: 'mpesa_ke' });
      expect([sent.status, sent.text.includes('Back soon')]).toEqual([422, true]);
    } finally {
      await merchants.update(stage.merchant.id, { status: 'active' });
    }
    expect(await attemptsOf(link.id)).toEqual([]);
  });

  it('stops a payment that was not sent yet, for the customer and with the link', async () => {
    stage.mpesa.setFaults({ maintenance: true });
    const link = await links.create();
    const phone = stage.freshPhone();
    await links.pay(link.url, phone);
    const [attempt] = await attemptsOf(link.id);
    await stage.untilLine(attempt!.id, ({ event }) => event === 'deferred');
    const { nonce, text } = await links.open(link.url);
    expect(text).toContain('Stop and choose another way');
    expect((await links.post(`${link.url}/cancel`, { nonce }, { origin: 'https://evil.example' })).status).toBe(303);
    expect((await stage.transaction(attempt!.id)).status).toBe('created');
    expect((await links.post(`${link.url}/cancel`, { nonce })).status).toBe(303);
    expect((await stage.transaction(attempt!.id)).status).toBe('cancelled');
    expect((await links.open(link.url)).text).toContain('The payment was cancelled.');

    // Where it was just being sent in vain, it is not sent again.
    await links.pay(link.url, stage.freshPhone());
    await links.call(`POST /v1/payment-links/${link.id}/cancel`);
    const [, again] = await attemptsOf(link.id);
    await stage.until(again!.id, ['cancelled']);
    stage.mpesa.clearFaults();
    await stage.pass(60_000);
    expect(stage.promptsOn(phone)).toBe(0);
  });

  it('explains the phone’s own rules in plain words, and says when to come back', async () => {
    const phone = links.quietPhone();
    const [one, two] = [await links.create(), await links.create({ amount: '151' })];
    await links.pay(one.url, phone);
    await attemptOnPhone(one.id, phone);
    const busy = await links.pay(two.url, phone);
    expect([busy.status, Number(busy.headers.get('retry-after')) > 0]).toEqual([409, true]);
    expect(busy.text).toContain('A payment request may still be open on this phone.');
    expect(busy.text).not.toContain(one.reference);
    await links.answer(phone, 'pin');
    await links.until(one.id, 'paid');
    const three = await links.create();
    const repeated = await links.pay(three.url, phone, { lang: 'fr' });
    expect([repeated.status, repeated.text.includes('Le même montant vient d’être demandé')]).toEqual([409, true]);
  });

  it.each([
    [{ phone: '' }, 'Enter your mobile money number.'],
    [{ phone: 'hello' }, 'This number does not fit.'],
    [{ phone: '+22997000000' }, 'This number does not fit.'],
    [{ method: '' }, 'Choose how you want to pay.'],
    [{ method: 'telepathy' }, 'This way to pay is not available right now.'],
    [{ method: 'mtn_bj' }, 'This way to pay is not available right now.'],
    [{ phone: '<script>alert(1)</script>' }, '&lt;script&gt;alert(1)&lt;/scri'],
  ])('gives the form back with what is wrong: %j', async (fields, text) => {
    const link = await links.create();
    const answer = await links.pay(link.url, stage.freshPhone(), fields);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(text);
    expect(answer.text).not.toContain('<script>alert');
    expect(await attemptsOf(link.id)).toEqual([]);
  });

  it('speaks the language of the link, of the browser, or the one it is switched to', async () => {
    const [plain, french] = [await links.create(), await links.create({ locale: 'fr' })];
    const langOf = async (url: string, accepted: string) =>
      /<html lang="(..)">/.exec((await links.open(url, { 'accept-language': accepted })).text)?.[1];
    expect(await langOf(plain.url, 'sw, fr-CI;q=0.9, en;q=0.8')).toBe('fr');
    expect(await langOf(plain.url, 'sw')).toBe('en');
    expect(await langOf(french.url, 'en')).toBe('fr');
    expect(await langOf(`${french.url}?lang=en`, 'fr')).toBe('en');
    expect(await langOf(`${french.url}?lang=xx`, 'en')).toBe('fr');
    const sent = await links.pay(french.url, stage.freshPhone(), { lang: 'en' });
    expect(sent.headers.get('location')).toBe(`${new URL(french.url).pathname}?lang=en`);
  });

  it('hides a known number, and uses it when the customer types none', async () => {
    const phone = links.quietPhone();
    const link = await links.create({ customer: { phone, name: 'Achieng O.' } });
    const page = await links.open(link.url);
    expect(page.text).toContain(`placeholder="+254•••••${phone.slice(-4)}"`);
    expect(page.text).not.toContain(phone.slice(4));
    await links.post(`${link.url}/attempts`, { nonce: page.nonce, phone: '', method: 'mpesa_ke' });
    const attempt = await attemptOnPhone(link.id, phone);
    expect(attempt.party).toEqual({ phone, name: 'Achieng O.' });
  });

  it('is kept, framed and indexed by nobody, and takes nothing from elsewhere', async () => {
    const { headers, text } = await links.open((await links.create()).url);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect([headers.get('cache-control'), headers.get('referrer-policy'), headers.get('x-robots-tag')]).toEqual([
      'no-store',
      'same-origin',
      'noindex, nofollow',
    ]);
    expect(text).not.toMatch(/<style|<script>|\son\w+=|style="/);
    for (const [, path = ''] of text.matchAll(/(?:src|href)="(\/l\/-\/[^"]+)"/g)) {
      const asset = await fetch(`${stage.gateway.baseUrl}${path}`);
      expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    }
    expect((await fetch(`${stage.gateway.baseUrl}/l/-/0a7d5a;}/x.css`)).status).toBe(404);
  });

  it('says in a page that there is no such page', async () => {
    for (const token of ['x', 'A'.repeat(32), '-', '%2e%2e', 'null', "' OR 1=1--"]) {
      const answer = await links.open(`${stage.gateway.baseUrl}/l/${encodeURIComponent(token)}`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      expect(answer.text).toContain('No such page');
    }
  });

  it('says so where no way to pay is available', async () => {
    const link = await links.create();
    const { nonce } = await links.open(link.url);
    const { body } = await links.call('GET /v1/provider-accounts');
    const route = `PATCH /v1/provider-accounts/${body.data[0].id}`;
    await links.call(route, { enabled: false });
    expect((await links.open(link.url)).text).toContain('Back soon');
    const sent = await links.post(`${link.url}/attempts`, { nonce, phone: stage.freshPhone(), method: 'mpesa_ke' });
    expect([sent.status, sent.text.includes('Back soon')]).toEqual([422, true]);
    await links.call(route, { enabled: true });
    expect((await links.open(link.url)).text).toContain('Pay KES 150.00');
  });

  it('rings few phones for one visitor', async () => {
    const link = await links.create();
    const { nonce } = await links.open(link.url);
    const answers = [];
    for (let turn = 0; turn < 11; turn++) {
      answers.push(await links.post(`${link.url}/attempts`, { nonce, phone: '+22997000000', method: 'mpesa_ke' }));
    }
    expect(answers.map(({ status }) => status)).toEqual([...Array<number>(10).fill(422), 429]);
    const last = answers.at(-1)!;
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last.text).toContain('One moment, please');
  });
});
