import type { Dice } from './dice.js';

/** Where in the story a fault can strike. */
export type Moment =
  | 'request'
  | 'gate'
  | 'push'
  | 'queue'
  | 'query'
  | 'answer'
  | 'callback'
  | 'attack'
  | 'receiver'
  | 'client'
  | 'process'
  | 'clock';

/** Everything that can go wrong, as data: a feature that moves money adds its own rows. */
// prettier-ignore
export const FAULTS = {
  // On the way to the provider.
  connection_refused:    { moment: 'request', tells: 'the connection is refused: nothing leaves' },
  connection_stuck:      { moment: 'request', tells: 'no connection opens within the time-out: nothing leaves' },
  request_lost:          { moment: 'request', tells: 'the request leaves and never arrives' },
  request_reset:         { moment: 'request', tells: 'the connection breaks before the request arrives' },
  // The gateway in front of the provider: nothing is taken.
  throttled:             { moment: 'gate', tells: 'Spike Arrest Violation' },
  too_busy:              { moment: 'gate', tells: 'System is busy' },
  quota_used_up:         { moment: 'gate', tells: 'Quota Violation' },
  maintenance:           { moment: 'gate', tells: 'under maintenance' },
  firewall_page:         { moment: 'gate', tells: 'HTTP 403 and a page of the firewall' },
  bad_gateway_page:      { moment: 'gate', tells: 'HTTP 502, 503 or 504 and an HTML page' },
  internal_error:        { moment: 'gate', tells: 'HTTP 500 Internal Server Error' },
  no_proxy:              { moment: 'gate', tells: 'an Apigee fault' },
  token_refused:         { moment: 'gate', tells: 'a good access token is refused' },
  // The instruction.
  instruction_refused:   { moment: 'push', tells: 'refused with a documented error' },
  callback_early:        { moment: 'push', tells: 'the end and its callback are faster than the answer' },
  answer_html:           { moment: 'push', tells: 'taken, and answered with an HTML page' },
  answer_empty:          { moment: 'push', tells: 'taken, and answered with HTTP 200 and nothing' },
  answer_error:          { moment: 'push', tells: 'taken, and answered with HTTP 500' },
  answer_bad_gateway:    { moment: 'push', tells: 'taken, and answered with a bad gateway page' },
  queue_expired:         { moment: 'queue', tells: 'a payout expires in the queue: a notice, and nothing is carried out' },
  queue_notice:          { moment: 'queue', tells: 'a notice says that a payout expired in the queue, and it is carried out all the same' },
  // The inquiry.
  query_noise:           { moment: 'query', tells: '500.001.1001, whatever the truth' },
  query_unknown:         { moment: 'query', tells: 'The transaction does not Exist, though it does' },
  query_contradicting:   { moment: 'query', tells: 'says cancelled although the customer paid' },
  query_premature:       { moment: 'query', tells: 'says cancelled while the prompt is still open' },
  // The way back.
  answer_lost:           { moment: 'answer', tells: 'handled, and the answer is lost' },
  answer_reset:          { moment: 'answer', tells: 'handled, and the connection breaks before the answer' },
  answer_late:           { moment: 'answer', tells: 'handled, and the answer takes its time' },
  // Callbacks.
  callback_lost:         { moment: 'callback', tells: 'never arrives' },
  callback_late:         { moment: 'callback', tells: 'arrives minutes or hours late' },
  callback_duplicated:   { moment: 'callback', tells: 'arrives several times' },
  callback_mismatching:  { moment: 'callback', tells: 'carries another amount, phone or id' },
  callback_contradicting:{ moment: 'callback', tells: 'claims the opposite of what happened' },
  callback_no_receipt:   { moment: 'callback', tells: 'carries no receipt' },
  callback_garbled:      { moment: 'callback', tells: 'is cut off in the middle' },
  // Somebody who knows a callback address.
  forged_success:        { moment: 'attack', tells: 'somebody claims that it was paid' },
  forged_refusal:        { moment: 'attack', tells: 'somebody claims that it was cancelled' },
  forged_mixup:          { moment: 'attack', tells: "somebody reports another customer's payment as this one" },
  forged_stranger:       { moment: 'attack', tells: 'somebody posts to an address that we never gave out' },
  // Webhook receivers.
  receiver_failing:      { moment: 'receiver', tells: 'answers HTTP 503' },
  receiver_silent:       { moment: 'receiver', tells: 'takes the message and never answers' },
  // The merchant's own connection.
  client_answer_lost:    { moment: 'client', tells: 'the merchant never hears our answer' },
  // Our process.
  crash_at_statement:    { moment: 'process', tells: 'the process dies between two statements of the database' },
  crash_before_send:     { moment: 'process', tells: 'the process dies between the write and the send' },
  crash_after_send:      { moment: 'process', tells: 'the process dies when the request has just left' },
  process_frozen:        { moment: 'process', tells: 'the process stands still for longer than its leases' },
  // Our clock.
  clock_forward:         { moment: 'clock', tells: 'the clock is set forward' },
  clock_back:            { moment: 'clock', tells: 'the clock is set back' },
} as const satisfies Record<string, { readonly moment: Moment; readonly tells: string }>;

export type FaultKind = keyof typeof FAULTS;

const KINDS = Object.keys(FAULTS) as FaultKind[];

export function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(FAULTS, text);
}

/** In how many of the runs a kind of fault is there at all, and how often it strikes then. */
const PRESENT = 0.3;
const CERTAIN = 0.5;
const ODDS = [0.02, 0.06, 0.15, 0.4] as const;

/**
 * Which faults a run has and how often each strikes. Each run draws a selection of its own: with everything at once,
 * faults would hide each other.
 */
export class FaultPlan {
  readonly struck = new Map<FaultKind, number>();
  private readonly odds = new Map<FaultKind, number>();
  private calm = false;

  constructor(
    private readonly dice: Dice,
    private readonly onStrike: (kind: FaultKind) => void,
    /** These are there in any case, and often. */
    certain: readonly FaultKind[] = [],
  ) {
    for (const kind of KINDS) if (dice.chance(PRESENT)) this.odds.set(kind, dice.pick(ODDS));
    for (const kind of certain) this.odds.set(kind, CERTAIN);
  }

  /** The storm is over: from now on everything works, so that all that is open must come to its end. */
  end(): void {
    this.calm = true;
  }

  /** The fault that strikes at this moment, if one does. */
  draw<M extends Moment>(moment: M, factor = 1): FaultAt<M> | undefined {
    if (this.calm) return undefined;
    // Every kind throws its dice, present or not, so that the ones after it do not depend on it.
    const drawn = KINDS.filter((kind) => FAULTS[kind].moment === moment)
      .map((kind) => ({ kind, lot: this.dice.fraction() / ((this.odds.get(kind) ?? 0) * factor) }))
      .sort((a, b) => a.lot - b.lot)[0];
    if (!drawn || drawn.lot >= 1) return undefined;
    this.note(drawn.kind);
    // Filtered by its moment above.
    return drawn.kind as FaultAt<M>;
  }

  /** Whether this one strikes now: for faults that have a place of their own in the story. */
  strikes(kind: FaultKind, factor = 1): boolean {
    const struck = this.dice.chance((this.odds.get(kind) ?? 0) * factor) && !this.calm;
    if (struck) this.note(kind);
    return struck;
  }

  private note(kind: FaultKind): void {
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
    this.onStrike(kind);
  }
}

/** The kinds that strike at one moment. */
export type FaultAt<M extends Moment> = {
  [K in FaultKind]: (typeof FAULTS)[K]['moment'] extends M ? K : never;
}[FaultKind];
