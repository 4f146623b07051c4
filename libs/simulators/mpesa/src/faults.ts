import {
  choice,
  dose,
  draw,
  flag,
  lookup,
  SwitchBoard,
  text,
  whole,
  type Dose,
  type ValuesOf,
} from '#libs/simulators/kit';

const PHONE = /^254[17]\d{8}$/;
const AMOUNT = /^[1-9]\d*$/;
/** What a phone does with a prompt, or the ResultCode a push ends with. */
const OUTCOME = /^(?:approve|wrong_pin|cancel|ignore|unreachable|\d{1,9}|[A-Z][A-Z_]*\d+)$/;
const RESULT_CODE = /^(?:\d{1,9}|[A-Z][A-Z_]*\d+)$/;

/** Everything that goes wrong at Safaricom now and then, each off until it is asked for. */
export const FAULTS = {
  // What phones do.
  outcome: text(
    'What every phone does, unless a rule below or its number says otherwise: approve, wrong_pin, cancel, ignore, unreachable, or a ResultCode.',
    OUTCOME,
    'outcome',
  ),
  outcomeByPhone: lookup('The outcome by phone, before any magic number.', PHONE, OUTCOME, '{ "2547…": outcome }'),
  outcomeByAmount: lookup(
    'The outcome by amount in whole shillings, before any magic amount.',
    AMOUNT,
    OUTCOME,
    '{ "150": outcome }',
  ),

  // Tokens.
  oauthEmpty400: dose('OAuth answers good credentials with HTTP 400 and an empty text/plain body.'),
  wrongCredentialsAnswer: choice('How OAuth answers wrong credentials.', ['empty', '400.008.01'], 'empty'),
  expiresInType: choice('JSON type of expires_in.', ['string', 'number'], 'string'),
  strictSingleToken: flag(
    'A new token ends the earlier ones of its app. The portal says so; published clients live as if not.',
    false,
  ),
  tokenRejected: dose('A good token is answered as a bad one.'),
  tokenRejection: choice(
    'How a bad token is answered.',
    ['404.001.03', '400.003.01', '401.002.01', '401.001', '401.003.01', 'plain401', 'noApiProduct'],
    '404.001.03',
  ),

  // The gateway in front; nothing is taken.
  gatewayScope: choice('Which calls the gateway faults below strike.', ['all', 'oauth', 'push', 'query'], 'all'),
  firewall403: dose('HTTP 403 with an HTML page that mentions an Incapsula incident.'),
  spikeArrest: dose('500.003.02 Error Occurred: Spike Arrest Violation.'),
  systemBusy: dose('500.003.02 System is busy. Please try again in few minutes.'),
  quotaViolation: dose('500.003.03 Quota Violation.'),
  throttleStatus: choice('HTTP status of the three above.', ['500', '429'], '500'),
  maintenance: dose(
    '00.002.1001 Service is currently under maintenance. The HTTP status, 503 here, is not documented.',
  ),
  internalError: dose('HTTP 500, 500.003.1001 Internal Server Error.'),
  apigeeFault: dose('HTTP 404 with an Apigee fault instead of the usual envelope.'),
  badGateway: dose('An HTML page with the status of badGatewayStatus.'),
  badGatewayStatus: choice('HTTP status of badGateway and pushAnswerBadGateway.', ['502', '503', '504'], '502'),
  requestLost: dose('The connection is cut before the request is looked at.'),
  slowAnswer: dose('The answer is kept back for slowAnswerMs. The request is taken at once.'),
  slowAnswerMs: whole('How long slowAnswer keeps it.', 30_000),

  // The push.
  pushRefusal: choice(
    'Every push is refused with this error of §3.4.',
    ['off', 'merchant', 'credentials', 'credentialsOld', 'lock', 'busy', 'iccid', 'transactionType'],
    'off',
  ),
  productMismatchAnswer: choice(
    'PartyB or TransactionType that do not fit the shortcode: end with SFC_IC0003 or 2028, or refuse at once.',
    ['async', 'sync'],
    'async',
  ),
  pushAnswerLost: dose('The push is taken, and the connection is cut instead of an answer.'),
  pushAnswerUnreadable: dose('The push is taken and answered with HTTP 200 and an HTML page.'),
  pushAnswerEmpty: dose('The push is taken and answered with HTTP 200 and no body.'),
  pushAnswerError: dose('The push is taken and answered with HTTP 500, 500.003.1001 Internal Server Error.'),
  pushAnswerBadGateway: dose('The push is taken and answered with an HTML page and badGatewayStatus.'),

  // The query.
  inFlight: choice(
    'How a query answers while the prompt is open: code 4999, HTTP 500 "being processed", or an empty errorMessage.',
    ['4999', '500', 'empty'],
    '4999',
  ),
  queryNoise: dose('HTTP 500 with 500.001.1001, whatever the truth. "21%" was measured.'),
  queryNoiseMessage: choice(
    'What the noise says.',
    ['The transaction is being processed', ''],
    'The transaction is being processed',
  ),
  queryUnknown: dose('A known id is answered with "The transaction does not Exist".'),
  queryUnknownForMs: whole('For this long after a push its id is not known to queries.', 0),
  queryContradiction: text(
    'Once a transaction has ended, queries report this ResultCode instead of the truth.',
    RESULT_CODE,
    'ResultCode',
  ),
  queryEarlyFailure: text(
    'While the prompt is still open, queries report this ResultCode as if it were final.',
    RESULT_CODE,
    'ResultCode',
  ),
  queryResultCodeType: choice('JSON type of ResultCode in a query.', ['string', 'number'], 'string'),

  // The callback.
  callbackDrop: dose('The callback is never sent.'),
  callbackEarly: dose('The phone answers at once, and the callback is sent before the push is answered.'),
  callbackExtraDelayMs: whole('Added to the setting callbackDelayMs.', 0),
  callbackCopies: whole('How many more times each callback is sent.', 0, { max: 20 }),
  callbackCopyDelayMs: whole('Between two of those copies.', 0),
  callbackRetries: whole('Further tries after an answer that is not 2xx, or none. Safaricom makes none.', 0, {
    max: 20,
  }),
  callbackContradiction: text(
    'Callbacks report this ResultCode instead of the truth; 0 comes with an invented receipt.',
    RESULT_CODE,
    'ResultCode',
  ),
  callbackResultCodeType: choice('JSON type of ResultCode in a callback.', ['number', 'string'], 'number'),
  callbackBalance: choice(
    "The Balance item: without Value, left out, or with the sandbox's text.",
    ['withoutValue', 'omitted', 'withValue'],
    'withoutValue',
  ),
  callbackAmountForm: choice('How the amount is written.', ['1.00', '1.0', '1'], '1.00'),
  callbackReceipt: choice('Whether a success carries its MpesaReceiptNumber.', ['present', 'missing'], 'present'),
  callbackAmount: text('An amount that is not the one paid.', AMOUNT, 'whole shillings'),
  callbackPhone: text("A phone that is not the payer's.", PHONE, '2547…'),
  callbackCheckoutRequestId: text("A CheckoutRequestID that is not this push's.", /^\S{1,64}$/, 'id'),
  callbackMerchantRequestId: text("A MerchantRequestID that is not this push's.", /^\S{1,64}$/, 'id'),
  resultDescForm: choice('How 1032 is worded in callbacks.', ['usual', 'capitalised', 'prefixed'], 'usual'),
} as const;

export type FaultValues = ValuesOf<typeof FAULTS>;

/** The faults that strike by dose. */
export type DoseName = { [K in keyof FaultValues]: Dose extends FaultValues[K] ? K : never }[keyof FaultValues];

/** The faults as they are set now. */
export class Faults extends SwitchBoard<typeof FAULTS> {
  constructor(
    start: Readonly<Record<string, unknown>>,
    private readonly random: () => number,
  ) {
    super(FAULTS, start);
  }

  /** Whether this fault strikes now. Uses up one of a counted dose. */
  strikes(name: DoseName): boolean {
    const { strikes, left } = draw(this.get(name), this.random);
    this.set({ [name]: left });
    return strikes;
  }
}
