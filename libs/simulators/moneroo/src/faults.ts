import { choice, dose, flag, lookup, text, whole, type ValuesOf } from '#libs/simulators/kit';

const DIGITS = /^\d{4,15}$/;
/** How a payout or a payer's try ends. */
const OUTCOME = /^(?:success|no_funds|bad_recipient|refused|failed|pending|cancel|ignore)$/;
const OUTCOMES = 'success | no_funds | bad_recipient | refused | failed | pending | cancel | ignore';

/** Everything that goes wrong at Moneroo now and then, each off until it is asked for. */
export const FAULTS = {
  // How money moves.
  outcome: text('How everything ends, unless a rule below or its number says otherwise.', OUTCOME, OUTCOMES),
  outcomeByNumber: lookup(
    'The outcome by recipient or payer, before any magic number.',
    DIGITS,
    OUTCOME,
    '{ "22901…": outcome }',
  ),

  // Before anything is taken.
  throttled: dose('HTTP 429 Too Many Attempts.'),
  maintenance: dose('HTTP 503 with a page.'),
  errorBefore: dose('HTTP 500 Server Error; nothing was taken.'),
  requestLost: dose('The connection is cut before the request is looked at.'),

  // After it was taken: the money moves all the same.
  answerLost: dose('An initialize is taken, and the connection is cut instead of an answer.'),
  answerError: dose('An initialize is taken and answered with HTTP 500 Server Error.'),
  answerGateway: dose('An initialize is taken and answered with HTTP 502 and a page.'),
  answerUnreadable: dose('An initialize is taken and answered with HTTP 201 and a page.'),
  answerWithoutId: dose('An initialize is taken and answered with HTTP 201 and no id.'),
  slowAnswer: dose('The answer is kept back for slowAnswerMs. The request is taken at once.'),
  slowAnswerMs: whole('How long slowAnswer keeps it.', 30_000),

  // What verify and retrieve say.
  readError: dose('verify and retrieve answer HTTP 500.'),
  readNotFound: dose('verify and retrieve do not know the id.'),
  readStale: dose('verify and retrieve say `pending`, whatever the truth.'),
  readStatus: text('verify and retrieve give this word as the status.', /^\w{1,30}$/, 'word'),
  readAmount: text('verify and retrieve give this amount.', /^\d+(?:\.\d+)?$/, 'major units'),
  readCurrency: text('verify and retrieve give this currency.', /^[A-Z]{3}$/, 'code'),
  readEnvironment: text('verify and retrieve give this environment.', /^\w{1,20}$/, 'word'),
  staleFailure: flag('A success carries the failure message of its gateway’s earlier try.', false),
  successFlag: choice('The field `success` beside the envelope.', ['absent', 'true', 'wrong'], 'absent'),
  missingDisburse: dose('verify has no `disburse` and no `capture`.'),

  // Webhooks.
  webhookDrop: dose('The webhook is never sent.'),
  webhookCopies: whole('How many more times each webhook is sent.', 0, { max: 20 }),
  webhookExtraDelayMs: whole('How much later each webhook is sent.', 0),
  webhookInitiatedDelayMs: whole(
    'How much later than that `initiated` is sent: late enough, it comes after the end.',
    0,
  ),
  webhookEarly: dose('`initiated` is sent, and answered, before the initialize is.'),
  webhookSignature: choice('How webhooks are signed.', ['right', 'wrong', 'missing', 'prefixed'], 'right'),
  webhookStatus: text(
    'Webhooks give this status, and its event, instead of the truth.',
    /^(?:success|failed|cancelled)$/,
    'success | failed | cancelled',
  ),
  webhookAmount: text('Webhooks give this amount.', /^\d+(?:\.\d+)?$/, 'major units'),

  // Catalogues.
  catalogueError: dose('The catalogues answer HTTP 500.'),
} as const;

export type FaultValues = ValuesOf<typeof FAULTS>;
