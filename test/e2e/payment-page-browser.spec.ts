import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { LinkStage } from '../support/link-stage.js';
import { PaymentStage } from '../support/payments.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SCREENSHOTS = join(process.cwd(), 'coverage', 'payment-page');
const PHONE = { width: 360, height: 740 };
const MOST_BYTES = 50_000;
const MOST_REQUESTS = 5;

// A browser takes its time to start, and more on a busy machine.
const PATIENCE_MS = 60_000;

describeInBrowser('The payment page in a browser', (open) => {
  let browser: Browser;
  let stage: PaymentStage;
  let links: LinkStage;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [browser, stage] = await Promise.all([
      open(),
      PaymentStage.start({ database: 'sqlite', settings: { promptLifeMs: 600_000 } }),
    ]);
    links = new LinkStage(stage);
    await links.call('PATCH /v1/merchant', { name: 'Duka la Achieng', supportUrl: 'https://duka.example/help' });
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  async function visit(javaScriptEnabled = true, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled, locale: 'en-KE', colorScheme });
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    // The shop is somewhere else.
    await page.route('https://shop.example/**', (route) => route.fulfill({ body: 'The shop.' }));
    return page;
  }

  const complaints: string[] = [];
  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  /** Keeps a picture of the screen, and holds it against the rules for what everybody can use on a small phone. */
  async function look(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect([name, overflow]).toEqual([name, 0]);
    await page.evaluate(AXE);
    const found = await page.evaluate(
      `axe.run({ runOnly: ${JSON.stringify(WCAG)} }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
    );
    expect([name, found]).toEqual([name, []]);
  }

  async function untilOnPhone(linkId: string): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      const { lastTransactionId } = await links.read(linkId);
      if (lastTransactionId !== null) {
        await stage.until(lastTransactionId, ['pending']);
        return;
      }
      await stage.pass(1_000);
    }
    throw new Error('Nobody began to pay.');
  }

  it.each([
    ['with scripts', true],
    ['without scripts', false],
  ])(
    'is paid %s, from the number to the shop',
    async (name, scripts) => {
      const link = await links.create({ locale: 'en' });
      const page = await visit(scripts);
      const phone = links.quietPhone();
      await page.goto(link.url);
      if (scripts) await look(page, 'choose');
      await page.fill('input[name=phone]', phone);
      await page.getByRole('button', { name: 'Pay KES 150.00' }).click();
      await untilOnPhone(link.id);
      await page.getByText('Confirm on your phone').waitFor();
      if (scripts) await look(page, 'waiting');
      else await page.screenshot({ path: join(SCREENSHOTS, 'waiting-without-scripts.png'), fullPage: true });

      await links.answer(phone, 'pin');
      await links.until(link.id, 'paid');
      // By its script, or by refreshing itself.
      await page.getByText('Paid. Thank you!').waitFor();
      if (scripts) await look(page, 'paid');
      await page.getByRole('link', { name: 'Back to Duka la Achieng' }).click();
      await page.waitForURL(/^https:\/\/shop\.example\/thanks\?cart=7&linkId=lnk_\w+&status=paid&/);
      expect([name, (await links.read(link.id)).attempts]).toEqual([name, 1]);
      await page.context().close();
    },
    PATIENCE_MS,
  );

  it(
    'goes back to the shop by itself, unless the customer wants to stay',
    async () => {
      const link = await links.create();
      const phone = links.quietPhone();
      await links.pay(link.url, phone);
      await untilOnPhone(link.id);
      await links.answer(phone, 'pin');
      await links.until(link.id, 'paid');
      const [leaving, staying] = [await visit(), await visit()];
      await Promise.all([leaving.goto(link.url), staying.goto(link.url)]);
      await staying.getByRole('button', { name: 'Stay here' }).click();
      await leaving.waitForURL(/shop\.example\/thanks/);
      expect(staying.url()).toBe(link.url);
      await Promise.all([leaving.context().close(), staying.context().close()]);
    },
    PATIENCE_MS,
  );

  it(
    'says why it failed and lets the customer try again; two presses are one',
    async () => {
      const link = await links.create({ locale: 'fr', itemName: 'Deux sacs de maïs' });
      const page = await visit();
      const phone = links.quietPhone();
      await page.goto(link.url);
      await page.fill('input[name=phone]', phone);
      await page.getByRole('button', { name: 'Payer 150,00 KES' }).dblclick();
      await untilOnPhone(link.id);
      await links.answer(phone, 'cancel');
      await links.untilTold(link.id, 'attempt_failed');
      await page.getByText('Le paiement a été annulé.').waitFor();
      await look(page, 'failed-fr');
      expect((await links.read(link.id)).attempts).toBe(1);
      await page.fill('input[name=phone]', phone);
      await page.getByRole('button', { name: 'Payer' }).click();
      await page.getByText('Le même montant vient d’être demandé').waitFor();
      await look(page, 'fault-fr');
      await page.goBack();
      await page.reload();
      expect((await links.read(link.id)).attempts).toBe(1);
      // The refusal is a 409, and the browser says so.
      complaints.length = 0;
      await page.context().close();
    },
    PATIENCE_MS,
  );

  it(
    'shows each way in which a link can be over, and a page for none',
    async () => {
      const page = await visit();
      const [expired, cancelled] = [await links.create({ expiresInSeconds: 60 }), await links.create()];
      await links.call(`POST /v1/payment-links/${cancelled.id}/cancel`);
      await stage.pass(60_000);
      await links.until(expired.id, 'expired');
      await page.goto(expired.url);
      await look(page, 'expired');
      await page.getByRole('button', { name: 'Stay here' }).click();
      await page.goto(cancelled.url);
      await look(page, 'cancelled');

      const { body } = await links.call('GET /v1/provider-accounts');
      const account = `PATCH /v1/provider-accounts/${body.data[0].id}`;
      const idle = await links.create();
      await links.call(account, { enabled: false });
      await page.goto(idle.url);
      await look(page, 'maintenance');
      await links.call(account, { enabled: true });

      await page.goto(`${stage.gateway.baseUrl}/l/nothing`);
      await look(page, 'not-found');
      complaints.length = 0;
      await page.context().close();
    },
    PATIENCE_MS,
  );

  it.each([
    ['#ffd400', 'light'],
    ['#7a1fa2', 'dark'],
  ])(
    'can be read in the shop’s colour %s',
    async (colour, name) => {
      await links.call('PATCH /v1/merchant', { colour });
      const page = await visit();
      await page.goto((await links.create({ amount: '149500', itemName: 'Ã'.repeat(120) })).url);
      await look(page, `colour-${name}`);
      await links.call('PATCH /v1/merchant', { colour: null });
      await page.context().close();
    },
    PATIENCE_MS,
  );

  it.each(['#0b6e4f', '#ffd400', '#101820'])(
    'can be read on a phone that is set to dark, in the shop’s colour %s',
    async (colour) => {
      await links.call('PATCH /v1/merchant', { colour });
      const page = await visit(true, 'dark');
      await page.goto((await links.create()).url);
      await look(page, `dark-${colour.slice(1)}`);
      await page.getByRole('button', { name: 'Pay KES 150.00' }).click();
      await page.getByText('Enter your mobile money number.').waitFor();
      await look(page, `dark-fault-${colour.slice(1)}`);
      expect(complaints.splice(0)).toEqual([expect.stringContaining('422')]);
      await links.call('PATCH /v1/merchant', { colour: null });
      await page.context().close();
    },
    PATIENCE_MS,
  );

  it(
    'is light: few requests and few bytes at the first visit',
    async () => {
      const link = await links.create();
      const page = await visit();
      const sizes: number[] = [];
      page.on('response', (response) => {
        if (!response.url().startsWith('data:')) void response.body().then((body) => sizes.push(body.length));
      });
      await page.goto(link.url, { waitUntil: 'networkidle' });
      // The shop's logo would be one more.
      expect(sizes.length).toBeLessThan(MOST_REQUESTS);
      expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MOST_BYTES);
      await page.context().close();
    },
    PATIENCE_MS,
  );

  it(
    'is used with the keyboard alone',
    async () => {
      const link = await links.create();
      const page = await visit();
      await page.goto(link.url);
      const phone = links.quietPhone();
      await page.locator('input[name=phone]').focus();
      await page.keyboard.type(phone);
      await page.keyboard.press('Enter');
      await untilOnPhone(link.id);
      await page.getByText('Confirm on your phone').waitFor();
      await page.context().close();
    },
    PATIENCE_MS,
  );
});
