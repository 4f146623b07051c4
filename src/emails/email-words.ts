import type { EmailKind } from './email-kinds.js';

/** What one kind of mail says. `{amount}`, `{merchant}`, `{reference}`, `{host}`, `{provider}`, `{limit}` and `{movement}` stand for facts. */
export interface KindWords {
  readonly subject: string;
  /** The line over everything else. */
  readonly heading: string;
  readonly lead: string;
  /** The word on the coloured label. */
  readonly label: string;
}

/** Names of facts, in the order in which mails list them. */
export const LISTED_FACTS = [
  'late',
  'item',
  'reference',
  'description',
  'person',
  'phone',
  'method',
  'receipt',
  'failure',
  'doubt',
  'provider',
  'limit',
  'host',
  'disabled',
  'since',
  'at',
  'id',
] as const;

export type ListedFact = (typeof LISTED_FACTS)[number];

/** Everything that mails say in one language. */
export interface Words {
  readonly kinds: Readonly<Record<EmailKind, KindWords>>;
  readonly facts: Readonly<Record<ListedFact, string>>;
  /** By code. What no code fits is left out of the mail. */
  readonly failures: Readonly<Record<string, string>>;
  readonly doubts: Readonly<Record<string, string>>;
  readonly disabled: Readonly<Record<string, string>>;
  readonly late: Readonly<Record<'payment' | 'link', string>>;
  readonly movements: Readonly<Record<string, string>>;
  readonly testMode: string;
  /** Between a fact's name and the fact. */
  readonly colon: string;
  readonly help: string;
  readonly sentBy: string;
  readonly whyNotice: string;
  readonly unsubscribe: string;
}

/** Puts values in the places of `{names}`. A name without a value leaves nothing behind. */
export function fill(sentence: string, values: Readonly<Record<string, string | undefined>>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}
