import type { Browser, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { createTestGateway, type TestGateway } from '../support/gateway.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await createTestGateway({ database: 'sqlite' });
});
afterAll(() => gateway.close());

describe('The documentation', () => {
  const get = async (path: string, accept = '*/*'): Promise<{ status: number; headers: Headers; text: string }> => {
    const answer = await fetch(`${gateway.baseUrl}${path}`, { headers: { accept }, redirect: 'manual' });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  it('is a page whose policy knows no exception, with nothing inline and nothing from elsewhere', async () => {
    const { headers, text } = await get('/docs');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'; style-src 'self'/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(text).not.toMatch(/<style|<script>|\son\w+=|style=|https?:/);
    for (const [, path = ''] of text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) expect((await get(path)).status).toBe(200);
  });

  it('serves of Swagger UI only what the page loads', async () => {
    for (const path of [
      '/docs/ui/',
      '/docs/ui/index.html',
      '/docs/ui/package.json',
      '/docs/ui/swagger-ui.js.map',
      '/docsx',
    ]) {
      const { status, headers } = await get(path);
      expect([path, status, headers.get('content-type')]).toEqual([
        path,
        404,
        'application/problem+json; charset=utf-8',
      ]);
    }
  });

  it('is where browsers go first, while programs are told where things are', async () => {
    const browser = await get('/', 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect([browser.status, browser.headers.get('location'), browser.headers.get('vary')]).toEqual([
      302,
      '/docs',
      'Accept',
    ]);
    const program = await get('/');
    expect(JSON.parse(program.text)).toEqual({
      name: 'Malipo',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      documentation: `${gateway.settings.publicUrl}/docs`,
      openapi: `${gateway.settings.publicUrl}/openapi.json`,
      health: `${gateway.settings.publicUrl}/health/ready`,
    });
  });
});

// A browser takes its time to start, and more on a busy machine.
const PATIENCE_MS = 60_000;

describeInBrowser('The documentation in a browser', (open) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await open();
  }, PATIENCE_MS);
  afterAll(() => browser.close());

  it.each([360, 1200])(
    'renders at a width of %d without a complaint, an overflow or a foreign request',
    async (width) => {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      const complaints: string[] = [];
      const foreign: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(gateway.baseUrl) && !url.startsWith('data:')) foreign.push(url);
      });

      await page.goto(`${gateway.baseUrl}/docs`);
      await page.waitForSelector('.opblock');
      expect(await overflowOf(page)).toBe(0);
      await page.click('#operations-Collections-createCollection .opblock-summary-control');
      await page.waitForSelector('#operations-Collections-createCollection .responses-inner');
      expect(await page.textContent('#operations-Collections-createCollection')).toContain('Idempotency-Key');
      expect(await overflowOf(page)).toBe(0);
      await page.click('.authorize');
      await page.waitForSelector('.modal-ux input');
      expect(await overflowOf(page)).toBe(0);

      expect([complaints, foreign]).toEqual([[], []]);
      await page.close();
    },
    PATIENCE_MS,
  );

  it(
    'can be tried out with a key',
    async () => {
      const { key } = await gateway.createMerchant({ name: 'Tried' });
      const page = await browser.newPage();
      await page.goto(`${gateway.baseUrl}/docs`);
      await page.click('.authorize');
      await page.fill('.modal-ux input', key);
      await page.click('.modal-ux .authorize');
      await page.click('.modal-ux .btn-done');
      const operation = page.locator('#operations-Merchant-getOwnMerchant');
      await operation.locator('.opblock-summary-control').click();
      await operation.locator('.try-out__btn').click();
      await operation.locator('.execute').click();
      await operation.locator('.live-responses-table .response-col_status').first().waitFor();
      expect(await operation.locator('.live-responses-table').textContent()).toContain('"name": "Tried"');
      await page.close();
    },
    PATIENCE_MS,
  );
});

function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
