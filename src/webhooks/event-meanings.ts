/** What happened to a collection, payout or refund. */
const MOVEMENT: Readonly<Record<string, string>> = {
  created: 'It was taken in and will be sent to the provider.',
  pending: 'The provider has it; the customer or the network must act.',
  unconfirmed: 'It was sent and we do not know what became of it. We keep asking; do not send it again.',
  review: 'Evidence contradicts, or nobody can tell: two people of yours decide.',
  succeeded: 'It is proven that the money moved.',
  succeeded_late:
    'It is proven that the money moved after all, although it had been told as failed, cancelled or expired.',
  failed: 'It is proven that no money moved; `failure` says why.',
  cancelled: 'It was cancelled, by the customer or before it was sent.',
  expired: 'Nobody acted in time, and the provider agrees that nothing was paid.',
  reversed: 'It had succeeded and was taken back by the provider.',
  updated: 'Something was learned later, such as the receipt; the status stays.',
};

/** What each event type tells, in one sentence, by family and word. */
export const EVENT_MEANINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  collection: MOVEMENT,
  payout: MOVEMENT,
  refund: MOVEMENT,
  payment_link: {
    created: 'A link was made.',
    attempt_failed: 'Somebody tried to pay and did not succeed; the link is still open.',
    paid: 'The link is paid.',
    paid_late: 'Money came after the link had ended.',
    duplicate_payment: 'A second payment for the same link succeeded.',
    expired: 'Its time is over and nothing was paid.',
    cancelled: 'You cancelled it.',
  },
  payouts: {
    stopped:
      'Somebody pulled the switch: nothing is sent until payouts are started again; we keep asking about what was sent.',
    started: 'Payouts are sent again.',
  },
  payout_batch: {
    awaiting_approval: 'It waits for another person.',
    approved: 'It is approved and begins to be sent.',
    progress: 'More of its rows are final.',
    paused: 'It was paused; rows that were not sent yet wait.',
    completed: 'All its rows are final.',
  },
  webhook_endpoint: {
    failing: 'It has answered nothing but failures for half an hour. Told to your other endpoints.',
    recovered: 'It takes messages again.',
    disabled: 'It answered 410, or failed for 120 hours; nothing is sent there any more. Told to your other endpoints.',
  },
  provider: {
    degraded: 'Too many calls to a provider fail: payouts wait, collections go another way or are refused.',
    recovered: 'Calls to it get through again.',
    balance_low: 'What an account of yours at a provider holds fell below the threshold that you set.',
  },
  test: { ping: 'You asked for it with `POST /v1/webhook-endpoints/{id}/test`. Nothing happened.' },
};
