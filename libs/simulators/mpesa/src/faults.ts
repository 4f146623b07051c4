import { choice, dose, flag, lookup, text, whole, type FaultBoard, type ValuesOf } from '#libs/simulators/kit';

const PHONE = /^254[17]\d{8}$/;
const AMOUNT = /^[1-9]\d*$/;
/** What a phone does with a prompt, or the ResultCode a push ends with. */
const OUTCOME = /^(?:approve|wrong_pin|cancel|ignore|unreachable|\d{1,9}|[A-Z][A-Z_]*\d+)$/;
const RESULT_CODE = /^(?:\d{1,9}|[A-Z][A-Z_]*\d+)$/;

const ORDER_ID = /^\S{1,64}$/;
/** The APIs that take an order now and send its Result later (§8). */
export const ORDER_APIS = ['b2c', 'status', 'reversal', 'balance'] as const;
export type OrderApi = (typeof ORDER_APIS)[number];
/** What a status query says about a transaction (§10). */
export const TRANSACTION_STATUSES = [
  'Initiated',
  'Authorized',
  'Pending Authorized',
  'Completed',
  'Cancelled',
  'Declined',
  'Expired',
] as const;

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
  gatewayScope: choice(
    'Which calls the gateway faults below strike.',
    ['all', 'oauth', 'push', 'query', ...ORDER_APIS],
    'all',
  ),
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
  badGatewayStatus: choice(
    'HTTP status of badGateway, pushAnswerBadGateway and orderAnswerBadGateway.',
    ['502', '503', '504'],
    '502',
  ),
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
  callbackCheckoutRequestId: text("A CheckoutRequestID that is not this push's.", ORDER_ID, 'id'),
  callbackMerchantRequestId: text("A MerchantRequestID that is not this push's.", ORDER_ID, 'id'),
  resultDescForm: choice('How 1032 is worded in callbacks.', ['usual', 'capitalised', 'prefixed'], 'usual'),

  // Orders: payouts, reversals, status queries and balance queries, which are answered by a Result.
  orderScope: choice(
    'Which of B2C, status, reversal and balance the faults of orders, queue and Results below strike.',
    ['all', ...ORDER_APIS],
    'all',
  ),
  orderRefusal: choice(
    'Every order is refused: 500.002.1001 System internal error, 500.002.1001 Duplicate although it is none, or 500.003.1001.',
    ['off', 'systemError', 'duplicate', 'internalError'],
    'off',
  ),
  orderAnswerLost: dose('The order is taken, and the connection is cut instead of an acknowledgement.'),
  orderAnswerUnreadable: dose('The order is taken and answered with HTTP 200 and an HTML page.'),
  orderAnswerEmpty: dose('The order is taken and answered with HTTP 200 and no body.'),
  orderAnswerError: dose('The order is taken and answered with HTTP 500, 500.002.1001 System internal error.'),
  orderAnswerBadGateway: dose('The order is taken and answered with an HTML page and badGatewayStatus.'),
  duplicateAnswer: choice(
    'An OriginatorConversationID that was used: refuse at once, or take the order and end it with 15.',
    ['sync', 'async'],
    'sync',
  ),
  queueTimeout: dose(
    'The order expires in the queue: a notice to QueueTimeOutURL, no Result, and nothing is carried out.',
  ),
  queueTimeoutAnyway: dose('A notice to QueueTimeOutURL comes although the order is carried out; so does its Result.'),
  noticeShape: choice(
    'The body of that notice: a Result, or an empty object. No sample is published.',
    ['result', 'empty'],
    'result',
  ),
  payoutResult: text(
    'Every payout ends with this ResultCode and moves nothing, unless it is 0.',
    RESULT_CODE,
    'ResultCode',
  ),
  payoutResultByPhone: lookup(
    'The same by recipient, before any magic number.',
    PHONE,
    RESULT_CODE,
    '{ "2547…": ResultCode }',
  ),
  reversalResult: text('Every reversal ends with this ResultCode.', RESULT_CODE, 'ResultCode'),
  statusResult: text('Every status query ends with this ResultCode.', RESULT_CODE, 'ResultCode'),
  balanceResult: text('Every balance query ends with this ResultCode.', RESULT_CODE, 'ResultCode'),
  statusOfOpen: choice(
    'TransactionStatus of an order that has not ended.',
    ['Initiated', 'Authorized', 'Pending Authorized'],
    'Initiated',
  ),
  statusOfFailed: choice(
    'What a status query says about an order that failed: a TransactionStatus, or a ResultCode as if there had been none.',
    ['Declined', 'Cancelled', 'Expired', '2033', 'SFC_IC0003'],
    'Declined',
  ),
  statusOfUnknown: choice('ResultCode about a transaction that is not found.', ['2033', 'SFC_IC0003'], '2033'),
  statusUnknown: dose('A transaction that is there is not found.'),
  statusContradiction: choice(
    'Status queries report this TransactionStatus, or a word that nobody knows, instead of the truth.',
    ['off', ...TRANSACTION_STATUSES, 'Reticulated'],
    'off',
  ),
  statusParties: choice(
    "Names of the parties in a status Result: as expected, or both DebitPartyName as in the portal's sample.",
    ['usual', 'bothDebit'],
    'usual',
  ),
  resultDrop: dose('The Result is never sent.'),
  resultEarly: dose('The order is carried out at once, and its Result is sent before the acknowledgement.'),
  resultExtraDelayMs: whole('Added to the setting callbackDelayMs.', 0),
  resultCopies: whole('How many more times each Result is sent.', 0, { max: 20 }),
  resultCopyDelayMs: whole('Between two of those copies.', 0),
  resultContradiction: text(
    'Results report this ResultCode instead of the truth; 0 comes with an invented receipt.',
    RESULT_CODE,
    'ResultCode',
  ),
  resultCodeType: choice(
    'JSON type of ResultCode and ResultType: usual is a number, and a string for the balance.',
    ['usual', 'number', 'string'],
    'usual',
  ),
  resultType: choice('ResultType: 0 completed, 1 more messages to come.', ['0', '1'], '0'),
  resultOriginator: choice(
    "OriginatorConversationID of a Result: the order's, or another of the gateway's.",
    ['echo', 'gateway'],
    'echo',
  ),
  resultParameters: choice('Whether a success carries its ResultParameters.', ['present', 'missing'], 'present'),
  resultFailureParameters: choice(
    'ResultParameters of a failure: absent, or a single object BOCompletedTime.',
    ['absent', 'single'],
    'absent',
  ),
  resultParameterOrder: choice('Order of the parameters.', ['usual', 'reversed'], 'usual'),
  resultReference: choice(
    'ReferenceItem: an object, an array, an object without Value, or no ReferenceData.',
    ['object', 'array', 'withoutValue', 'absent'],
    'object',
  ),
  resultAmountForm: choice('How amounts are written.', ['usual', '500', '500.00', '"500"', '"500.00"'], 'usual'),
  resultReceipt: choice(
    'Whether TransactionReceipt (B2C), ReceiptNo (status) and TransactionID are named.',
    ['present', 'missing'],
    'present',
  ),
  resultAmount: text('An amount that is not the one moved.', AMOUNT, 'whole shillings'),
  resultPhone: text("A phone that is not the customer's.", PHONE, '2547…'),
  resultConversationId: text("A ConversationID that is not this order's.", ORDER_ID, 'id'),
  resultOriginatorConversationId: text("An OriginatorConversationID that is not this order's.", ORDER_ID, 'id'),
  failedTransactionId: choice(
    'TransactionID of a failure: the day and zeros, or like any other.',
    ['zeros', 'normal'],
    'zeros',
  ),
} as const;

export type FaultValues = ValuesOf<typeof FAULTS>;

/** The faults as they are set now. */
export type Faults = FaultBoard<typeof FAULTS>;

/** Whether the faults of orders strike this API now. */
export function isInScope(faults: Faults, api: OrderApi): boolean {
  const scope = faults.get('orderScope');
  return scope === 'all' || scope === api;
}
