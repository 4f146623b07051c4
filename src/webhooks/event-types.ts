const MOVEMENT = [
  'created',
  'pending',
  'unconfirmed',
  'review',
  'succeeded',
  'succeeded_late',
  'failed',
  'cancelled',
  'expired',
  'reversed',
  'updated',
] as const;

/** Every event a merchant can hear of, by what it is about. The one list: patterns, checks and documentation use it. */
const EVENTS = {
  collection: MOVEMENT,
  payout: MOVEMENT,
  refund: MOVEMENT,
  payment_link: ['created', 'attempt_failed', 'paid', 'paid_late', 'duplicate_payment', 'expired', 'cancelled'],
  payouts: ['stopped', 'started'],
  payout_batch: ['awaiting_approval', 'approved', 'progress', 'paused', 'completed'],
  webhook_endpoint: ['failing', 'recovered', 'disabled'],
  provider: ['degraded', 'recovered', 'balance_low'],
  test: ['ping'],
} as const;

/** The full names, such as `collection.succeeded`. */
export const EVENT_TYPES: readonly string[] = Object.entries(EVENTS).flatMap(([family, names]) =>
  names.map((name) => `${family}.${name}`),
);

/** What an endpoint can listen to: single types, whole families such as `payout.*`, and everything. */
export const EVENT_PATTERNS: readonly string[] = [
  '*',
  ...Object.keys(EVENTS).map((family) => `${family}.*`),
  ...EVENT_TYPES,
];

const patterns: ReadonlySet<unknown> = new Set(EVENT_PATTERNS);

/** Whether an endpoint can listen to this. */
export function isEventPattern(value: unknown): value is string {
  return patterns.has(value);
}

/** Whether an endpoint that listens to these patterns wants to hear of the type. */
export function matchesType(listened: readonly string[], type: string): boolean {
  const family = `${type.slice(0, type.indexOf('.'))}.*`;
  return listened.some((pattern) => pattern === '*' || pattern === type || pattern === family);
}
