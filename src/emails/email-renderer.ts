import type { EmailFacts } from './email-facts.js';
import { formatAmount, formatInstant, formatMethod, toOneLine } from './email-format.js';
import { findDefinition } from '../providers/registry.js';
import { kindRow, type Tone } from './email-kinds.js';
import { toHtml, toText, type EmailView } from './email-layout.js';
import { fill, LISTED_FACTS, type ListedFact, type Words } from './email-words.js';
import { EN } from './email-words.en.js';
import { FR } from './email-words.fr.js';
import type { Email, EmailLocale } from './email.entity.js';

/** A mail in words: both bodies say the same. */
export interface RenderedEmail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

const WORDS: Readonly<Record<EmailLocale, Words>> = { en: EN, fr: FR };

const LABELS: Readonly<Record<Tone, Pick<EmailView, 'labelColour' | 'labelGround'>>> = {
  good: { labelColour: '#05603a', labelGround: '#d1fadf' },
  bad: { labelColour: '#912018', labelGround: '#fee4e2' },
  warning: { labelColour: '#7a2e0e', labelGround: '#fef0c7' },
  plain: { labelColour: '#344054', labelGround: '#eaecf0' },
};

const ACCENT = '#0a7d5a';
const LONGEST_SUBJECT = 150;
const LONGEST_FACT = 300;

// In both languages. Among others in a mailbox a test must not pass for money.
const TEST_MARK = '[Test] ';

// What helps the merchant to find it in the API, and says nothing to a customer.
const FOR_MERCHANTS: readonly ListedFact[] = ['id', 'person', 'failure', 'doubt', 'late'];

/** What of a mail's row decides how it looks. */
export type RenderableEmail = Pick<Email, 'kind' | 'locale' | 'content' | 'mode'>;

/** Writes a mail out in its language. `unsubscribeUrl` where its reader can stop such mails. */
export function renderEmail(email: RenderableEmail, unsubscribeUrl: string | undefined): RenderedEmail {
  const { kind, locale, mode } = email;
  const { merchant, facts } = email.content;
  const words = WORDS[locale];
  const values = toValues(email);
  const { heading, lead, label } = words.kinds[kind];
  const { to, tone } = kindRow(kind);
  const listed = LISTED_FACTS.filter((name) => to !== 'customer' || !FOR_MERCHANTS.includes(name));
  const view: EmailView = {
    ...LABELS[tone],
    locale,
    subject: renderSubject(email),
    heading: fill(heading, values),
    lead: fill(lead, values),
    label,
    accent: merchant.colour ?? ACCENT,
    merchantName: merchant.name,
    logoUrl: merchant.logoUrl,
    amount: values.amount,
    rows: listed.flatMap((name) => toRow(name, facts, words, locale)),
    testMode: mode === 'test' ? words.testMode : undefined,
    colon: words.colon,
    help: merchant.supportUrl !== null && to === 'customer' ? fill(words.help, values) : undefined,
    supportUrl: merchant.supportUrl,
    sentBy: fill(words.sentBy, values),
    why: unsubscribeUrl === undefined ? undefined : fill(words.whyNotice, values),
    unsubscribe: words.unsubscribe,
    unsubscribeUrl,
  };
  return { subject: view.subject, html: toHtml(view), text: toText(view) };
}

/** The subject alone, for lists. */
export function renderSubject(email: RenderableEmail): string {
  const subject = fill(WORDS[email.locale].kinds[email.kind].subject, toValues(email));
  return toOneLine(`${email.mode === 'test' ? TEST_MARK : ''}${subject}`, LONGEST_SUBJECT);
}

/** What sentences name. */
function toValues({ content, locale }: RenderableEmail): Record<string, string | undefined> {
  const { merchant, facts } = content;
  const { reference, host, provider, movement = '' } = facts;
  return {
    merchant: merchant.name,
    amount: toAmount(facts.amount, facts, locale),
    limit: toAmount(facts.limit, facts, locale),
    reference,
    host,
    provider: provider && toProviderName(provider),
    movement: WORDS[locale].movements[movement],
  };
}

function toAmount(amount: string | undefined, { currency }: EmailFacts, locale: EmailLocale): string | undefined {
  return amount === undefined || currency === undefined ? undefined : formatAmount(amount, currency, locale);
}

function toRow(name: ListedFact, facts: EmailFacts, words: Words, locale: EmailLocale): EmailView['rows'] {
  // On one line: what somebody wrote into a name must not look like a line of ours.
  const value = toOneLine(toReadable(name, facts, words, locale) ?? '', LONGEST_FACT);
  return value === '' ? [] : [{ name: words.facts[name], value }];
}

function toReadable(name: ListedFact, facts: EmailFacts, words: Words, locale: EmailLocale): string | undefined {
  switch (name) {
    case 'at':
    case 'since': {
      const instant = facts[name];
      return instant === undefined ? undefined : formatInstant(instant, facts.country, locale);
    }
    case 'method':
      return facts.method === undefined ? undefined : formatMethod(facts.method);
    case 'failure':
      return words.failures[facts.failure ?? ''];
    case 'doubt':
      return words.doubts[facts.doubt ?? ''];
    case 'disabled':
      return words.disabled[facts.disabled ?? ''];
    case 'late':
      return facts.late && words.late[facts.late];
    case 'provider':
      return facts.provider && toProviderName(facts.provider);
    case 'limit':
      return toAmount(facts.limit, facts, locale);
    case 'item':
    case 'reference':
    case 'description':
    case 'person':
    case 'phone':
    case 'receipt':
    case 'host':
    case 'id':
      return facts[name];
  }
}

function toProviderName(id: string): string {
  return findDefinition(id)?.name ?? id;
}
