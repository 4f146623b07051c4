import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { EMAIL_KIND_NAMES, kindRow } from '../../src/emails/email-kinds.js';
import { renderEmail, type RenderableEmail } from '../../src/emails/email-renderer.js';
import { describeInBrowser } from '../support/browser.js';
import { toSampleEmail } from '../support/email-samples.js';

/** Where the pictures of a run are left for people to look at; git ignores it. */
const PICTURES = join(import.meta.dirname, '../../.cache/email-pictures');

const UNSUBSCRIBE = 'https://pay.example/unsubscribe/eml_01KA3X6V0C8Q5R9B2D4F6H8J0K.c2lnbmF0dXJl';

/** What a mail looks like in a window of its own. */
interface Look {
  /** Wider than the window where something bursts it. */
  readonly width: number;
  /** Texts whose contrast with their ground is below WCAG's 4.5. */
  readonly faint: readonly string[];
}

/** Runs in the page: gives each window the height of its mail, and says how it looks. */
const LOOK = `(() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((channel) => {
      const part = channel / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    if (!element) return 'rgb(255, 255, 255)';
    const ground = getComputedStyle(element).backgroundColor;
    return channels(ground)[3] === 0 ? groundOf(element.parentElement) : ground;
  };
  const isFaint = (element) => {
    const [light, dark] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05) < 4.5;
  };
  return [...document.querySelectorAll('iframe')].map((frame) => {
    const mail = frame.contentDocument;
    const texts = [...mail.querySelectorAll('body *')]
      .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
      .filter((element) => element.getClientRects().length > 0 && getComputedStyle(element).fontSize !== '0px');
    frame.height = String(mail.documentElement.scrollHeight);
    const faint = texts.filter(isFaint).map((element) => element.textContent.trim().slice(0, 40));
    return { width: mail.documentElement.scrollWidth, faint: texts.length > 5 ? faint : ['nearly no text'] };
  });
})()`;

describeInBrowser('E-mails in a browser', (open) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await open();
    mkdirSync(PICTURES, { recursive: true });
  });
  afterAll(() => browser.close());

  /** Draws all of them side by side, each in a window of its own, and leaves one picture. */
  async function draw(
    emails: readonly RenderableEmail[],
    { width, scheme, name }: { width: number; scheme: 'light' | 'dark'; name: string },
  ): Promise<Look[]> {
    const page = await browser.newPage({ viewport: { width: 4 * (width + 8), height: 600 }, colorScheme: scheme });
    const frames = emails.map((email) => {
      const { html } = renderEmail(email, kindRow(email.kind).to === 'customer' ? undefined : UNSUBSCRIBE);
      const source = html.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
      return `<iframe srcdoc="${source}" width="${width}" height="560" style="border:0;margin:4px;vertical-align:top"></iframe>`;
    });
    await page.setContent(`<body style="margin:0;background:#888">${frames.join('')}`);
    const looks = await page.evaluate<Look[]>(LOOK);
    await page.screenshot({ path: join(PICTURES, `${name}-${width}-${scheme}.png`), fullPage: true });
    await page.close();
    return looks;
  }

  it.each([
    ['en', 360, 'light'],
    ['fr', 360, 'light'],
    ['en', 600, 'light'],
    ['fr', 600, 'dark'],
    ['en', 360, 'dark'],
  ] as const)('every kind in %s at %i px, %s: fits, and can be read', async (locale, width, scheme) => {
    const emails = EMAIL_KIND_NAMES.map((kind) => toSampleEmail(kind, locale));
    const looks = await draw(emails, { width, scheme, name: locale });
    expect(looks).toEqual(emails.map(() => ({ width, faint: [] })));
  });

  it('texts without a place to break, other directions and large amounts do not burst it', async () => {
    const email = toSampleEmail('receipt', 'en');
    const { merchant, facts } = email.content;
    const wild = {
      merchant: { ...merchant, name: 'متجر '.repeat(20), supportUrl: `https://duka.example/${'x'.repeat(300)}` },
      facts: { ...facts, reference: 'W'.repeat(128), description: '💸'.repeat(120), amount: '90071992547409.91' },
    };
    const emails: RenderableEmail[] = [{ ...email, mode: 'test', content: { ...email.content, ...wild } }];
    for (const width of [360, 600]) {
      expect(await draw(emails, { width, scheme: 'light', name: 'wild' })).toEqual([{ width, faint: [] }]);
    }
  });
});
