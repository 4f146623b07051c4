import { choice, flag, whole, type ValuesOf } from '#libs/simulators/kit';

/** How the simulated world is when nothing goes wrong: its rules, its clocks, its limits. */
export const SETTINGS = {
  sandboxMethods: choice(
    'Which methods a sandbox key may use: the two test methods in USD, as a fresh sandbox has, or all.',
    ['demo', 'all'],
    'demo',
  ),
  requestsPerMinute: whole('Requests a key may make in a minute before it gets 429; 0 has no limit.', 120),
  pendingDelayMs: whole('From an accepted payout, or the payer’s yes, to `pending`.', 300),
  processingDelayMs: whole('From `pending` to the end.', 1_000),
  answerDelayMs: whole(
    'How long a payer whose phone the merchant named waits before paying, where nobody opens the checkout page.',
    6_000,
  ),
  abandonMs: whole(
    'After this long a checkout that nobody paid on is `cancelled`. Sources say 5 or 10 minutes.',
    600_000,
  ),
  retryAfterFailure: flag(
    'After a failed try the payer may try again on the checkout page, so that a success can follow `payment.failed`.',
    true,
  ),
  webhookTimeoutMs: whole('How long a webhook waits for its answer.', 3_000, { min: 1 }),
  webhookTries: whole('How often a webhook is sent that does not get exactly 200.', 4, { min: 1, max: 20 }),
  webhookRetryDelayMs: whole('Between two of those tries.', 600_000),
  gatewayFloat: whole('Major units of each currency in the gateway account behind payouts.', 1_000_000_000),
  retrieveShape: choice(
    'How `GET /v1/{payments,payouts}/{id}` words its answer: in the older form of its own, or as verify does.',
    ['older', 'same'],
    'older',
  ),
  bodyStyle: choice(
    'How webhook bodies are written: as PHP does (`\\/` and `\\uXXXX`), so that verifiers who write them again fail, or plainly.',
    ['php', 'plain'],
    'php',
  ),
  webhookMetadata: flag('Webhooks carry the metadata. The documentation shows none.', false),
  errorsForm: choice(
    'How `errors` lists what is wrong: by field, or as a list of type, message and hint.',
    ['map', 'array'],
    'map',
  ),
  topLevelRecipient: flag(
    'Take `msisdn`, `phone` and `account_number` beside `recipient` too, as older documentation said.',
    false,
  ),
  processEnabled: flag('`POST /v1/payments/{id}/process` works. Moneroo enables it on request.', false),
} as const;

export type SettingValues = ValuesOf<typeof SETTINGS>;
