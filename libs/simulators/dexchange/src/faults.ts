import { dose, flag, lookup, text, whole, type ValuesOf } from '#libs/simulators/kit';

const NUMBER = /^\d{8,10}$/;
/** How a collection or a payout goes on, by the names that magic numbers have. */
const OUTCOME =
  /^(?:success|failed|cancelled|expired|slow|gateway_timeout|no_webhook|webhook_storm|forged|late|identical|ignore)$/;
const OUTCOMES =
  'success | failed | cancelled | expired | slow | gateway_timeout | no_webhook | webhook_storm | forged | late | identical | ignore';

/** Everything that goes wrong at DExchange now and then, each off until it is asked for. */
export const FAULTS = {
  // How money moves.
  outcome: text('How everything goes on, unless a rule below or its number says otherwise.', OUTCOME, OUTCOMES),
  outcomeByNumber: lookup(
    'The outcome by national number, before any magic number.',
    NUMBER,
    OUTCOME,
    '{ "77…": outcome }',
  ),
  finalAtOnce: dose('An init is answered with its final status; no webhook is needed, and one comes all the same.'),

  // Before anything is taken.
  requestLost: dose('The connection is cut before the request is looked at.'),
  errorBefore: dose('HTTP 500; nothing was taken.'),
  maintenance: dose('HTTP 403 API under maintenance.'),
  addressRefused: dose('HTTP 403 IP address not authorized.'),
  merchantSuspended: dose('HTTP 403 Merchant account is not active.'),
  throttled: dose('HTTP 429 Too many requests.'),

  // After it was taken: the money moves all the same.
  answerLost: dose('An init, a link or an OTP is taken, and the connection is cut instead of an answer.'),
  answerError: dose('The same, answered with HTTP 500.'),
  answerUnavailable: dose('The same, answered with HTTP 503 and a page.'),
  answerTimeout: dose('The same, answered with HTTP 504 and a page.'),
  answerUnreadable: dose('The same, answered with HTTP 201 and a page.'),
  answerWithoutId: dose('The same, answered with HTTP 201 and no id.'),
  slowAnswer: dose('The answer is kept back for slowAnswerMs. The request is taken at once.'),
  slowAnswerMs: whole('How long slowAnswer keeps it.', 30_000),

  // Not taken, and said inside an answer of success.
  failureInside: text(
    'An init is not taken, and answered with HTTP 201, `success: false` and this message.',
    /^.{1,100}$/,
    'words',
  ),

  // What the status endpoints say.
  readError: dose('They answer HTTP 500.'),
  readNotFound: dose('They do not know the id.'),
  readStale: dose('They say PENDING, whatever the truth.'),
  readStatus: text('They give this word as the status.', /^\w{1,30}$/, 'word'),
  readAmount: text('They give this amount.', /^\d{1,12}$/, 'francs'),
  readNumber: text('They give this number.', NUMBER, 'digits'),
  readService: text('They give this service code.', /^\w{1,40}$/, 'code'),
  dataEnvelope: flag('Answers have the generic envelope of the index page: everything inside `data`.', false),

  // Webhooks.
  webhookDrop: dose('The webhook is never sent.'),
  duplicateWebhook: dose('The webhook is sent twice.'),
  webhookExtraDelayMs: whole('How much later each webhook is sent.', 0),
  webhookBeforeResponse: dose('Everything happens, and the webhook is answered, before the init or the link is.'),
  webhookStatus: text('Webhooks give this status.', /^\w{1,30}$/, 'word'),
  webhookAmount: text('Webhooks give this amount.', /^\d{1,12}$/, 'francs'),
  webhookExternalId: text('Webhooks give this externalTransactionId.', /^[\w-]{1,64}$/, 'id'),

  // The rest.
  servicesError: dose('The list of services answers HTTP 500.'),
  balanceError: dose('The balance answers HTTP 500.'),
} as const;

export type FaultValues = ValuesOf<typeof FAULTS>;
