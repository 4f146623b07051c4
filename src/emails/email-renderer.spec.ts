import { toSampleData, toSampleEmail } from '../../test/support/email-samples.js';
import { EVENT_TYPES } from '../webhooks/event-types.js';
import { toNews } from './email-facts.js';
import { EMAIL_KIND_NAMES, EMAIL_KINDS, findKinds, kindRow } from './email-kinds.js';
import { renderEmail, renderSubject } from './email-renderer.js';
import { EN } from './email-words.en.js';
import { FR } from './email-words.fr.js';
import { EMAIL_LOCALES } from './email.entity.js';

const every = EMAIL_KIND_NAMES.flatMap((kind) => EMAIL_LOCALES.map((locale) => [kind, locale] as const));
const URL_OF_READER = 'https://pay.example/unsubscribe/x';

describe('Every kind of mail', () => {
  it.each(EMAIL_KIND_NAMES)('%s follows events that there are', (kind) => {
    for (const type of EMAIL_KINDS[kind].on) {
      expect(EVENT_TYPES).toContain(type);
      expect(findKinds(type)).toContain(kind);
    }
  });

  it('is found by its events alone: an accepted collection leads to none', () => {
    for (const type of ['collection.created', 'collection.pending', 'test.ping', null])
      expect(findKinds(type)).toEqual([]);
  });

  it.each(every)('%s in %s says the same in HTML and in text, with nothing left open', (kind, locale) => {
    const { subject, html, text } = renderEmail(toSampleEmail(kind, locale), URL_OF_READER);
    for (const written of [subject, html, text]) expect(written).not.toMatch(/\{\w|undefined|null|NaN|\[object/);
    const words = (locale === 'fr' ? FR : EN).kinds[kind];
    const plain = unescape(html);
    expect(text).toContain(words.label);
    expect(plain).toContain(words.label);
    for (const [, name = '', value = ''] of text.matchAll(/^([^:\n]+): (.+)$/gm)) {
      expect(plain).toContain(name.trim());
      expect(plain).toContain(value);
    }
    expect(subject).not.toMatch(/\n/);
  });

  it.each(every)('%s in %s shows nobody’s phone and no secret of an address', (kind, locale) => {
    const { html, text } = renderEmail(toSampleEmail(kind, locale), URL_OF_READER);
    expect(html + text).not.toMatch(/254708374149|708374149|771234567|secret-in-the-path|token=abc/);
  });

  it.each(EMAIL_KIND_NAMES)('%s can be stopped by its reader if it is a notice, and only then', (kind) => {
    const isNotice = kindRow(kind).to !== 'customer';
    const { html, text } = renderEmail(toSampleEmail(kind, 'en'), isNotice ? URL_OF_READER : undefined);
    expect([html.includes('unsubscribe'), text.includes('unsubscribe')]).toEqual([isNotice, isNotice]);
  });

  it.each([
    ['en', 'KES\u00a04,200.00'],
    ['fr', '4\u00a0200\u00a0F\u00a0CFA'],
  ] as const)('balance_low in %s says %s, what the limit is about', (locale, amount) => {
    expect(renderSubject(toSampleEmail('balance_low', locale))).toContain(amount);
  });

  it('names every failure and doubt in both languages', () => {
    for (const list of ['failures', 'doubts', 'disabled', 'movements'] as const) {
      expect(Object.keys(FR[list]).sort()).toEqual(Object.keys(EN[list]).sort());
    }
  });

  it('is written in French with spaces that do not break before double signs', () => {
    expect(JSON.stringify(FR)).not.toMatch(/ [:;?!»]|« /);
  });

  it('leaves a reason out that it has no words for', () => {
    const email = toSampleEmail('collection_failed', 'en');
    const facts = { ...email.content.facts, failure: 'brand_new' };
    const { text } = renderEmail({ ...email, content: { ...email.content, facts } }, undefined);
    expect(text).not.toMatch(/Reason|brand_new/);
  });

  it('escapes whatever a merchant or customer wrote, and compiles none of it', () => {
    const evil = `<img src=x onerror=alert(1)>"'{{this}}{{{this}}}`;
    const email = toSampleEmail('receipt', 'en');
    const { merchant, facts } = email.content;
    const content = {
      ...email.content,
      merchant: { ...merchant, name: evil, supportUrl: `https://x.example/"onmouseover="alert(1)` },
      facts: { ...facts, reference: evil, description: evil, receipt: evil },
    };
    const { html } = renderEmail({ ...email, content }, undefined);
    expect(html).not.toContain('<img src=x');
    expect(html).not.toMatch(/href="[^"]*"onmouseover/);
    expect(html).toContain('{{this}}');
  });

  it('shows the merchant’s logo where there is one, and says that test mode moved nothing', () => {
    const email = toSampleEmail('receipt', 'fr');
    const merchant = { ...email.content.merchant, logoUrl: 'https://elan.example/logo.png' };
    const { html } = renderEmail({ ...email, mode: 'test', content: { ...email.content, merchant } }, undefined);
    expect(html).toMatch(/<img class="strong" src="https:\/\/elan\.example\/logo\.png" alt="Boutique Élan &amp; Fils"/);
    expect(unescape(html)).toContain('Mode test\u00a0: aucun argent réel');
  });

  it('keeps each fact on its own line, whatever somebody wrote into a name or a description', () => {
    const email = toSampleEmail('collection_succeeded', 'en');
    const facts = {
      ...email.content.facts,
      person: 'Bob\r\nReceipt number: FORGED',
      description: 'one\u2028Amount: KES 9,999.00\u202e',
    };
    const { text } = renderEmail({ ...email, content: { ...email.content, facts } }, undefined);
    expect(text).toContain('\nName: Bob Receipt number: FORGED\n');
    expect(text).toContain('\nDescription: one Amount: KES 9,999.00\n');
    expect(text.match(/^Receipt number: /gm)).toHaveLength(1);
  });

  it.each(every)('%s in %s says in its subject that it is a test, and only then', (kind, locale) => {
    const email = toSampleEmail(kind, locale);
    expect(renderSubject({ ...email, mode: 'test' })).toBe(`[Test] ${renderSubject(email)}`);
    expect(renderSubject(email)).not.toMatch(/test/i);
  });

  it.each([
    ['collection_succeeded', 'collection.succeeded_late', 'en', 'It came after all: it had been reported'],
    ['collection_succeeded', 'collection.succeeded_late', 'fr', 'Il est arrivé après coup'],
    ['payment_link_paid', 'payment_link.paid_late', 'en', 'It came after the link had ended'],
    ['payment_link_paid', 'payment_link.paid_late', 'fr', 'Il est arrivé après la fin du lien'],
  ] as const)('%s of %s tells the merchant in %s that the money is late', (kind, type, locale, words) => {
    const facts = toNews({ type, data: toSampleData(kind, locale), createdAt: 0 })!.facts;
    const email = toSampleEmail(kind, locale, { facts });
    expect(renderEmail(email, undefined).text).toContain(words);
    expect(renderEmail(toSampleEmail(kind, locale), undefined).text).not.toContain(words);
    // To the customer it is a payment like any other.
    expect(renderEmail(toSampleEmail('receipt', locale, { facts }), undefined).text).not.toContain(words);
  });

  it.each(EMAIL_KIND_NAMES)('%s sets a space that does not break before a colon in French', (kind) => {
    const { text } = renderEmail(toSampleEmail(kind, 'fr'), URL_OF_READER);
    expect(text).not.toMatch(/[\p{L} ]: /u);
    expect(text).toMatch(/^Date\u00a0: 22/m);
  });

  it('cuts a subject that is too long, and never a character in half', () => {
    const email = toSampleEmail('receipt', 'en');
    const merchant = { ...email.content.merchant, name: '💸'.repeat(120) };
    const subject = renderSubject({ ...email, content: { ...email.content, merchant } });
    expect([...subject].length).toBeLessThanOrEqual(150);
    expect(subject.isWellFormed()).toBe(true);
  });
});

function unescape(html: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#x3D': '=' };
  return html.replace(/&(amp|lt|gt|quot|#x27|#x3D);/g, (_, name: string) => names[name] ?? '');
}
