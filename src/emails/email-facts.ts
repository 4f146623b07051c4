import { Money, Msisdn } from '#libs/primitives';
import { z } from 'zod';
import type { EventRecord } from '../events/event.entity.js';

/**
 * What mails tell of an event, in no language yet. Nothing here may identify somebody to people who do not know them:
 * phones are masked, and of an endpoint's address, which may hold a secret, only the host is kept.
 */
export interface EmailFacts {
  /** Major units, exact: `150.00`. */
  amount?: string;
  /** ISO 4217. */
  currency?: string;
  reference?: string;
  /** What a link sells. */
  item?: string;
  description?: string;
  /** Unified method code. */
  method?: string;
  /** Masked. */
  phone?: string;
  /** ISO 3166-1 alpha-2, as far as the phone tells: whose clock times are told by. */
  country?: string;
  person?: string;
  receipt?: string;
  /** A failure's code. */
  failure?: string;
  /** A doubt's reason. */
  doubt?: string;
  /** What kind of movement a review is about. */
  movement?: string;
  host?: string;
  /** Of a balance: whose it is, and from where on the merchant wants to be warned (major units). */
  provider?: string;
  limit?: string;
  /** Why an endpoint was disabled. */
  disabled?: string;
  /** Of money that came after its story had been told as over: whose story that was. */
  late?: 'payment' | 'link';
  /** Epoch ms. */
  since?: number;
  /** Epoch ms: when it happened. */
  at: number;
  /** The object's id. */
  id: string;
}

/** Facts, and what decides whether and to whom they are sent. */
export interface EmailNews {
  readonly facts: EmailFacts;
  readonly status: string | undefined;
  /** The address and language that came with the transaction. */
  readonly customer: { readonly email: string | undefined; readonly locale: string | undefined };
}

const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
const Party = z.object({ phone: Text, name: Text, firstName: Text, lastName: Text, email: Text, locale: Text });

const Available = z.object({ account: z.string(), available: z.string(), currency: z.string() });
const Limit = z.object({ amount: z.string(), currency: z.string(), account: Text });

const Subject = z.object({
  id: Text,
  providerAccountId: Text,
  balances: z.array(Available).default([]),
  lowBalance: Limit.nullish(),
  provider: Text,
  kind: Text,
  status: Text,
  amount: Text,
  currency: Text,
  reference: Text,
  itemName: Text,
  description: Text,
  method: Text,
  receipt: Text,
  customer: Party.nullish(),
  recipient: Party.nullish(),
  failure: z.object({ code: z.string() }).nullish(),
  doubt: z.object({ reason: z.string() }).nullish(),
  url: Text,
  disabledReason: Text,
  failingSince: Text,
});

/** What an event's object says. Undefined where it is nothing that mails can tell of. */
export function toNews(event: Pick<EventRecord, 'type' | 'data' | 'createdAt'>): EmailNews | undefined {
  const subject = Subject.safeParse(event.data).data;
  if (!subject) return undefined;
  const party = subject.customer ?? subject.recipient ?? undefined;
  const phone = party?.phone === undefined ? undefined : Msisdn.parse(party.phone);
  const { reference, method, receipt, lowBalance } = subject;
  const id = subject.id ?? subject.providerAccountId;
  if (id === undefined) return undefined;
  const { amount, currency } = lowBalance ? sumUp(subject.balances, lowBalance) : subject;
  const facts = {
    ...{ id, amount, currency, reference, method, receipt, at: event.createdAt },
    ...(lowBalance && { provider: subject.provider, limit: lowBalance.amount }),
    item: subject.itemName,
    // An endpoint's description is the merchant's note to itself; it helps there to tell endpoints apart.
    description: subject.description,
    phone: phone?.masked,
    country: phone?.country,
    person: party && toName(party),
    failure: subject.failure?.code,
    doubt: subject.doubt?.reason,
    movement: subject.kind,
    host: subject.url !== undefined && URL.canParse(subject.url) ? new URL(subject.url).host : undefined,
    disabled: subject.disabledReason,
    since: subject.failingSince === undefined ? undefined : Date.parse(subject.failingSince),
    late: toLate(event.type),
  };
  return {
    facts: withoutGaps(facts),
    status: subject.status,
    customer: { email: party?.email, locale: party?.locale },
  };
}

function toLate(type: string | null): EmailFacts['late'] {
  if (type?.endsWith('_late') !== true) return undefined;
  return type.startsWith('payment_link.') ? 'link' : 'payment';
}

/** What the limit is about: one account, or all of its currency together. */
function sumUp(
  balances: readonly z.infer<typeof Available>[],
  { currency, account }: z.infer<typeof Limit>,
): { amount: string; currency: string } {
  const amounts = balances
    .filter((balance) => balance.currency === currency && (account === undefined || balance.account === account))
    .map(({ available }) => Money.parse(available, currency))
    .filter((amount) => typeof amount !== 'string');
  const sum = amounts.reduce((total, amount) => total.plus(amount), Money.ofMinor(0n, currency));
  return { amount: sum.format(), currency };
}

function toName({ name, firstName, lastName }: z.infer<typeof Party>): string | undefined {
  return name ?? ([firstName, lastName].filter((part) => part !== undefined).join(' ') || undefined);
}

// What is undefined would not survive being stored, so it is not there from the start.
function withoutGaps(facts: { [K in keyof EmailFacts]: EmailFacts[K] | undefined }): EmailFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined)) as unknown as EmailFacts;
}
