import type { Browser } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { DexchangeStage } from '../support/dexchange.js';
import { LinkCalls } from '../support/link-stage.js';

// A browser takes its time to start, and more on a busy machine.
const PATIENCE_MS = 60_000;

describeInBrowser('A delegated payment link in a browser', (open) => {
  let browser: Browser;
  let stage: DexchangeStage;
  let links: LinkCalls;

  beforeAll(async () => {
    [browser, stage] = await Promise.all([open(), DexchangeStage.start('sqlite')]);
    links = new LinkCalls(stage);
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  it.each([
    ['with scripts', true],
    ['without scripts', false],
  ])(
    'is paid %s on the provider’s page, and comes back to the shop',
    async (_, javaScriptEnabled) => {
      const { id, url } = await links.create({ amount: '7500', currency: 'XOF', execution: 'delegated' });
      const context = await browser.newContext({
        viewport: { width: 360, height: 740 },
        javaScriptEnabled,
        locale: 'fr',
      });
      const page = await context.newPage();
      await page.route('https://shop.example/**', (route) => route.fulfill({ body: 'The shop.' }));
      await page.goto(url);
      await page.getByRole('heading', { name: 'Vous payez sur la page de DExchange' }).waitFor();
      await page.fill('input[name=phone]', '+2250700000150');
      await page.getByRole('button', { name: 'Payer' }).click();
      await stage.gateway.settled();
      // By its script, or by refreshing itself.
      await page.getByRole('link', { name: 'Continuer avec DExchange' }).click();

      await page.waitForURL(/\/process\/MID/);
      await page.fill('input[name=phone]', '770000150');
      await page.locator('button[value=pay]').click();
      // The provider's page leads back to ours, by way of our note that somebody came.
      await page.waitForURL((address) => address.href.startsWith(url));
      await links.until(id, 'paid');
      await page.getByText('Payé. Merci').waitFor();
      await page.getByRole('link', { name: 'Retour à' }).click();
      await page.waitForURL(/^https:\/\/shop\.example\/thanks\?cart=7&linkId=lnk_\w+&status=paid&/);
      await context.close();
    },
    PATIENCE_MS,
  );
});
