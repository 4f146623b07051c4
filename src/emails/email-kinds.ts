/** Whom a kind of mail goes to. */
export type Audience =
  | 'customer' //  who pays, or is paid: the address that came with the transaction
  | 'merchant' //  the merchant's recipients
  | 'approvers'; // the merchant's approvers

/** How a mail looks at first sight: green, red, amber or plain. */
export type Tone = 'good' | 'bad' | 'warning' | 'plain';

interface KindRow {
  readonly to: Audience;
  /** Types of the events that it tells of. */
  readonly on: readonly string[];
  readonly tone: Tone;
  /** Whether a merchant that said nothing gets it. */
  readonly byDefault: boolean;
  /** Only for subjects in this state, where the type alone does not say it. */
  readonly status?: string;
}

/** Every kind of mail. A new one is a line here and its words in `email-words.*.ts`. */
// prettier-ignore
export const EMAIL_KINDS = {
  receipt:              { to: 'customer',  on: ['collection.succeeded', 'collection.succeeded_late'],  tone: 'good',    byDefault: true },
  refund_receipt:       { to: 'customer',  on: ['refund.succeeded'],                                   tone: 'good',    byDefault: true },
  payout_receipt:       { to: 'customer',  on: ['payout.succeeded'],                                   tone: 'good',    byDefault: false },
  collection_succeeded: { to: 'merchant',  on: ['collection.succeeded', 'collection.succeeded_late'],  tone: 'good',    byDefault: true },
  collection_failed:    { to: 'merchant',  on: ['collection.failed', 'collection.expired', 'collection.cancelled'], tone: 'bad', byDefault: true },
  collection_reversed:  { to: 'merchant',  on: ['collection.reversed'],                                tone: 'bad',     byDefault: true },
  payout_succeeded:     { to: 'merchant',  on: ['payout.succeeded'],                                   tone: 'good',    byDefault: true },
  payout_failed:        { to: 'merchant',  on: ['payout.failed', 'payout.expired', 'payout.reversed'], tone: 'bad',     byDefault: true },
  refund_succeeded:     { to: 'merchant',  on: ['refund.succeeded'],                                   tone: 'good',    byDefault: true },
  refund_failed:        { to: 'merchant',  on: ['refund.failed', 'refund.expired', 'refund.reversed'], tone: 'bad',     byDefault: true },
  payment_link_paid:    { to: 'merchant',  on: ['payment_link.paid', 'payment_link.paid_late'],        tone: 'good',    byDefault: true },
  payment_link_duplicate: { to: 'merchant', on: ['payment_link.duplicate_payment'],                    tone: 'warning', byDefault: true },
  review:               { to: 'merchant',  on: ['collection.review', 'payout.review', 'refund.review'], tone: 'warning', byDefault: true },
  payout_approval:      { to: 'approvers', on: ['payout.created'],                                     tone: 'warning', byDefault: true, status: 'awaiting_approval' },
  balance_low:          { to: 'merchant',  on: ['provider.balance_low'],                               tone: 'warning', byDefault: true },
  webhook_failing:      { to: 'merchant',  on: ['webhook_endpoint.failing'],                           tone: 'warning', byDefault: true },
  webhook_disabled:     { to: 'merchant',  on: ['webhook_endpoint.disabled'],                          tone: 'bad',     byDefault: true },
} as const satisfies Readonly<Record<string, KindRow>>;

export type EmailKind = keyof typeof EMAIL_KINDS;

/** Every kind's name, in the order of the table. */
export const EMAIL_KIND_NAMES = Object.keys(EMAIL_KINDS) as readonly EmailKind[];

const byType = new Map<string, EmailKind[]>();
for (const kind of EMAIL_KIND_NAMES) {
  for (const type of EMAIL_KINDS[kind].on) byType.set(type, [...(byType.get(type) ?? []), kind]);
}

/** The kinds that an event may lead to, by its type alone; most lead to none. */
export function findKinds(type: string | null): readonly EmailKind[] {
  return (type !== null && byType.get(type)) || [];
}

/** The row of a kind, with every property that a row can have. */
export function kindRow(kind: EmailKind): KindRow {
  return EMAIL_KINDS[kind];
}
