import type { FailureReason } from '#libs/provider-kit';
import {
  describeProvider,
  empty,
  json,
  type Control,
  type InquiryStage,
  type Situation,
} from '#libs/provider-kit/conformance';
import { DEFAULT_DIRECTORY, SIMULATOR_CERTIFICATE, startMpesaSimulator } from '#libs/simulators/mpesa';
import { z } from 'zod';
import { mpesa } from './index.js';

const CHECKOUT = 'ws_CO_140320261530211700000123';
const MERCHANT = 'a1b2-4c3d-9e8f-0123456789ab2201457';
const PHONE = '+254700000123';

const [app] = DEFAULT_DIRECTORY.apps;
const paybill = DEFAULT_DIRECTORY.merchants.find(({ till }) => till === undefined);
const store = DEFAULT_DIRECTORY.merchants.find(({ till }) => till !== undefined);
const initiator = paybill?.initiator;
if (!app || !paybill || !store || !initiator)
  throw new TypeError('The simulator has no app, paybill, till or operator');
const { consumerKey, consumerSecret } = app;

const merchants = [
  {
    merchant: paybill,
    settings: { type: 'paybill', shortcode: paybill.shortcode, certificate: SIMULATOR_CERTIFICATE },
  },
  {
    merchant: store,
    settings: { type: 'till', shortcode: store.shortcode, tillNumber: store.till, certificate: SIMULATOR_CERTIFICATE },
  },
];

const faults = (name: string, changes: Record<string, unknown>): Situation => ({
  name,
  arrange: (control) => control('PUT', '/_control/faults', changes),
});
const error = (status: number, errorCode: string, errorMessage: string) =>
  json(status, { requestId: MERCHANT, errorCode, errorMessage });
const ended = (control: Control) => control('POST', '/_control/idle', { waitMs: 5_000 });
/** The simulator ends a push to such a phone with these last six digits as its code. */
const endingWith = (code: string): Pick<Situation, 'order' | 'arrange'> => ({
  order: { party: { phone: `+254700${code.padStart(6, '0')}` } },
  arrange: ended,
});
/** Nobody answers the prompt on the published test number. */
const ringing = { party: { phone: '+254708374149' } };
const afterwards = (name: string, changes: Record<string, unknown>): Situation => ({
  name,
  arrange: async (control) => {
    await ended(control);
    await control('PUT', '/_control/faults', changes);
  },
});

const operator = { initiatorName: initiator.name, initiatorPassword: initiator.password };

/** A payout or reversal that was refused, whatever the API. */
const refusedOrders = (api: 'b2c' | 'reversal'): readonly (Situation & { readonly reason: FailureReason })[] => [
  {
    ...faults('an app without the product', { tokenRejected: true, tokenRejection: 'noApiProduct' }),
    reason: 'provider_misconfigured',
  },
  {
    name: 'the URL of the Result',
    // What a reversal undoes was collected before.
    arrange: (control) =>
      control('PUT', '/_control/settings', { refuseForbiddenWords: true, acceptLoopbackCallbacks: false }),
    reason: 'provider_rejected',
  },
  { name: 'validation', reply: error(400, '400.002.02', 'Bad Request - Invalid Amount'), reason: 'provider_rejected' },
  {
    name: 'an operator that it cannot read',
    reply: error(400, '400.002.02', `Bad Request - Invalid ${api === 'b2c' ? 'InitiatorName' : 'Initiator'}`),
    reason: 'provider_misconfigured',
  },
];

const deferredOrders = (api: 'b2c' | 'reversal'): readonly Situation[] => [
  faults('spike arrest', { spikeArrest: true, gatewayScope: api }),
  faults('spike arrest as 429', { spikeArrest: true, throttleStatus: '429', gatewayScope: api }),
  faults('system busy', { systemBusy: true, gatewayScope: api }),
  faults('quota', { quotaViolation: true, gatewayScope: api }),
  faults('maintenance', { maintenance: true, gatewayScope: api }),
  faults('no route', { apigeeFault: true, gatewayScope: api }),
];

const doubtfulOrders = (api: 'b2c' | 'reversal'): readonly Situation[] => [
  faults('the firewall', { firewall403: true, gatewayScope: api }),
  faults('a request that was lost', { requestLost: true, gatewayScope: api }),
  faults('a duplicate', { orderRefusal: 'duplicate', orderScope: api }),
  faults('the same code for a plain fault', { orderRefusal: 'systemError', orderScope: api }),
  faults('an internal error', { orderRefusal: 'internalError', orderScope: api }),
  faults('an order that was taken, its answer cut', { orderAnswerLost: true, orderScope: api }),
  faults('an order that was taken, answered in HTML', { orderAnswerUnreadable: true, orderScope: api }),
  faults('an order that was taken, answered with nothing', { orderAnswerEmpty: true, orderScope: api }),
  faults('an order that was taken, answered as an error', { orderAnswerError: true, orderScope: api }),
  faults('an order that was taken, answered by a proxy', { orderAnswerBadGateway: true, orderScope: api }),
  { name: 'yes without an id', reply: json(200, { ResponseCode: '0', ResponseDescription: 'Accept' }) },
];

const acknowledged = (changes: Record<string, string>) =>
  json(200, { ConversationID: 'AG_1', OriginatorConversationID: 'a1b2', ResponseCode: '0', ...changes });

/** What a status query may come to. Its answer is a Result, in whichever shape. */
const statusAnswers = (failing: Record<string, unknown>): InquiryStage => ({
  answers: [
    { name: 'carried out', kind: 'asked', thenArrives: 'succeeded', arrange: ended },
    {
      ...faults('its codes as text', { resultCodeType: 'string', resultAmountForm: '"500.00"' }),
      kind: 'asked',
      thenArrives: 'succeeded',
    },
    {
      ...faults('the portal’s names of the parties', { statusParties: 'bothDebit' }),
      kind: 'asked',
      thenArrives: 'succeeded',
    },
    {
      ...faults('another order of everything', { resultParameterOrder: 'reversed', resultReference: 'array' }),
      kind: 'asked',
      thenArrives: 'succeeded',
    },
    { ...faults('authorized', { statusContradiction: 'Pending Authorized' }), kind: 'asked', thenArrives: 'pending' },
    { ...faults('declined', { statusContradiction: 'Declined' }), kind: 'asked', thenArrives: 'failed' },
    { ...faults('expired', { statusContradiction: 'Expired' }), kind: 'asked', thenArrives: 'expired' },
    { ...faults('not found, which proves nothing', { statusUnknown: true }), kind: 'asked', thenArrives: 'unknown' },
    {
      ...faults('no operator', { statusOfUnknown: 'SFC_IC0003', statusUnknown: true }),
      kind: 'asked',
      thenArrives: 'unknown',
    },
    { ...faults('a query that failed', { statusResult: '2001' }), kind: 'asked', thenArrives: 'unknown' },
    {
      ...faults('a status that nobody knows', { statusContradiction: 'Reticulated' }),
      kind: 'asked',
      thenArrives: 'unknown',
    },
    {
      ...faults('a success without parameters', { resultParameters: 'missing', orderScope: 'status' }),
      kind: 'asked',
      thenArrives: 'unknown',
    },
    { ...faults('more to come', { resultType: '1', orderScope: 'status' }), kind: 'asked', thenArrives: 'unknown' },
    { ...faults('an order that failed', failing), kind: 'asked' },
  ],
  noise: [
    faults('the firewall', { firewall403: true, gatewayScope: 'status' }),
    faults('a spike arrest', { spikeArrest: true, gatewayScope: 'status' }),
    faults('a fault', { orderRefusal: 'systemError', orderScope: 'status' }),
  ],
  unknownWord: acknowledged({ ResponseCode: '77' }),
});

const result = (purpose: string, fields: string) => ({
  purpose,
  body: `{ "Result": { "ResultType": 0, "OriginatorConversationID": "att_01J", "ConversationID": "AG_20260314_1", ${fields} } }`,
});
const parameters = (...rows: [string, string][]) =>
  `"ResultParameters": { "ResultParameter": [${rows.map(([key, value]) => `{ "Key": "${key}", "Value": ${value} }`).join()}] }`;
const paidOut = parameters(
  ['TransactionAmount', '500'],
  ['TransactionReceipt', '"UCE8M2XQ4T"'],
  ['ReceiverPartyPublicName', '"254700000123 - Jane Doe"'],
);
const statusOf = (word: string) =>
  `"ResultCode": 0, ${parameters(
    ['TransactionStatus', `"${word}"`],
    ['Amount', '"500"'],
    ['ConversationID', '"AG_20260314_1"'],
    ['OriginatorConversationID', '"att_01J"'],
    ['ReceiptNo', '"UCE8M2XQ4T"'],
  )}`;

const arranged = (changes: Record<string, unknown>): Pick<Situation, 'arrange'> => ({
  arrange: (control) => control('PUT', '/_control/faults', changes),
});

const Paid = z.object({ receipt: z.string() });

/** A payment that is in the simulator's book, made without the adapter: what a reversal undoes. */
async function payByMenu(control: Control, shortcode: string): Promise<{ receipt: string }> {
  const payment = { shortcode, phone: PHONE.slice(1), amount: 150 };
  return Paid.parse(await control('POST', '/_control/payments', payment));
}

const items = (amount: string) => `"CallbackMetadata": { "Item": [
  { "Name": "Amount", "Value": ${amount} }, { "Name": "MpesaReceiptNumber", "Value": "UCE4K7Q2ZP" }, { "Name": "Balance" },
  { "Name": "TransactionDate", "Value": 20260314153047 }, { "Name": "PhoneNumber", "Value": 254700000123 } ] }`;
const callback = (fields: string) => ({
  headers: { 'content-type': 'application/json;charset=UTF-8', businessshortcode: '174379' },
  body: `{ "Body": { "stkCallback": { "MerchantRequestID": "${MERCHANT}", "CheckoutRequestID": "${CHECKOUT}", ${fields} } } }`,
});

describe.each(merchants)('$settings.type', ({ merchant, settings }) => {
  describeProvider({
    definition: mpesa,
    account: { credentials: { consumerKey, consumerSecret, passkey: merchant.passkey, ...operator }, settings },
    badCredentials: { consumerKey, consumerSecret: 'another-secret', passkey: merchant.passkey, ...operator },

    async startSimulator() {
      const simulator = await startMpesaSimulator({
        settings: {
          acceptLoopbackCallbacks: true,
          promptDelayMs: 0,
          answerDelayMs: 50,
          processingDelayMs: 0,
          callbackDelayMs: 0,
          promptLifeMs: 50,
          orderDelayMs: 20,
          reversalDelayMs: 20,
        },
      });
      return { baseUrl: simulator.baseUrl, stop: () => simulator.close() };
    },

    token: {
      isToken: ({ path }) => path.startsWith('/oauth/'),
      refusals: [
        error(404, '404.001.03', 'Invalid Access Token'),
        error(400, '400.003.01', 'Invalid Access Token'),
        error(401, '401.002.01', 'Error Occurred - Invalid Access Token - r4nd0mTwentyEightCharToken00'),
        error(401, '401.001', 'Invalid Access Token'),
        error(401, '401.003.01', 'Invalid Access Token'),
        empty(401),
        json(401, { ResponseDescription: 'Invalid Access Token - Invalid API call as no apiproduct match found' }),
      ],
    },

    collections: {
      order: { method: 'mpesa_ke', amount: '150', party: { phone: PHONE } },
      isSubmit: ({ path }) => path === '/mpesa/stkpush/v1/processrequest',
      isInquiry: ({ path }) => path === '/mpesa/stkpushquery/v1/query',
      accepts: 'accepted',
      volatileFields: ['Timestamp', 'Password'],
      rejections: [
        { ...faults('merchant unknown', { pushRefusal: 'merchant' }), reason: 'provider_misconfigured' },
        { ...faults('wrong passkey', { pushRefusal: 'credentials' }), reason: 'provider_misconfigured' },
        {
          ...faults('wrong passkey, older words', { pushRefusal: 'credentialsOld' }),
          reason: 'provider_misconfigured',
        },
        { ...faults('type not allowed', { pushRefusal: 'transactionType' }), reason: 'provider_misconfigured' },
        { ...faults('subscriber locked', { pushRefusal: 'lock' }), reason: 'subscriber_busy' },
        {
          ...faults('an app without the product', { tokenRejected: true, tokenRejection: 'noApiProduct' }),
          reason: 'provider_misconfigured',
        },
        // The simulator looks at the phone itself: 02… is no mobile number.
        { name: 'a phone that is none', order: { party: { phone: '+254202711000' } }, reason: 'invalid_recipient' },
        { name: 'a foreign phone', order: { party: { phone: '+256772123456' } }, reason: 'invalid_recipient' },
        { name: 'above the maximum', order: { amount: '250001' }, reason: 'provider_rejected' },
        {
          name: 'the URL of the callback',
          arrange: (control) => control('PUT', '/_control/settings', { acceptLoopbackCallbacks: false }),
          reason: 'provider_rejected',
        },
      ],
      deferrals: [
        faults('spike arrest', { spikeArrest: true }),
        faults('spike arrest as 429', { spikeArrest: true, throttleStatus: '429', gatewayScope: 'push' }),
        faults('system busy', { pushRefusal: 'busy' }),
        faults('quota', { quotaViolation: true, gatewayScope: 'push' }),
        faults('maintenance', { maintenance: true, gatewayScope: 'push' }),
        faults('no route', { apigeeFault: true, gatewayScope: 'push' }),
        faults('the firewall in front of the token', { firewall403: true, gatewayScope: 'oauth' }),
        faults('a token that is refused again and again', { tokenRejected: true }),
      ],
      doubts: [
        faults('the firewall', { firewall403: true, gatewayScope: 'push' }),
        faults('an internal error', { internalError: true, gatewayScope: 'push' }),
        faults('a request that was lost', { requestLost: true, gatewayScope: 'push' }),
        faults('a push that was taken, its answer cut', { pushAnswerLost: true }),
        faults('a push that was taken, answered in HTML', { pushAnswerUnreadable: true }),
        faults('a push that was taken, answered with nothing', { pushAnswerEmpty: true }),
        faults('a push that was taken, answered as an error', { pushAnswerError: true }),
        faults('a push that was taken, answered by a proxy', { pushAnswerBadGateway: true }),
        faults('a note of 2018', { pushRefusal: 'iccid' }),
        { name: 'the shared code without words', reply: error(500, '500.001.1001', '') },
        { name: 'yes without an id', reply: json(200, { ResponseCode: '0', ResponseDescription: 'Success' }) },
      ],
      unknownWord: json(200, { MerchantRequestID: MERCHANT, CheckoutRequestID: CHECKOUT, ResponseCode: '77' }),
      quoting: (text) => error(400, '400.002.02', `Bad Request - ${text}`),
      bare429: 'deferred',
      inquiries: {
        answers: [
          { name: 'paid', kind: 'succeeded', arrange: ended },
          { name: 'wrong PIN', kind: 'failed', reason: 'wrong_pin', ...endingWith('2001') },
          { name: 'no money', kind: 'failed', reason: 'insufficient_funds', ...endingWith('1') },
          { name: 'same amount again', kind: 'failed', reason: 'duplicate_suspected', ...endingWith('17') },
          { name: 'cancelled', kind: 'cancelled', reason: 'cancelled_by_customer', ...endingWith('1032') },
          { name: 'not answered', kind: 'expired', reason: 'customer_unreachable', ...endingWith('1037') },
          { name: 'not processed in time', kind: 'expired', reason: 'customer_timeout', ...endingWith('1019') },
          { name: 'in flight, 4999', kind: 'pending', order: ringing },
          { ...faults('in flight, HTTP 500', { inFlight: '500' }), kind: 'pending', order: ringing },
          { ...faults('in flight, empty message', { inFlight: 'empty' }), kind: 'pending', order: ringing },
        ],
        noise: [
          afterwards('the noise that shares its code', { queryNoise: true, queryNoiseMessage: '' }),
          afterwards('the noise with words', { queryNoise: true }),
          afterwards('a transaction that does not exist', { queryUnknown: true }),
          afterwards('an undocumented code', { queryContradiction: 'E3008' }),
          afterwards('a platform fault', { queryContradiction: '9999' }),
          faults('the firewall', { firewall403: true, gatewayScope: 'query' }),
          faults('a spike arrest', { spikeArrest: true, gatewayScope: 'query' }),
        ],
        unknownWord: json(200, { ResponseCode: '0', CheckoutRequestID: CHECKOUT, ResultCode: '7777' }),
      },
    },

    payouts: {
      order: { method: 'mpesa_ke', amount: '500', party: { phone: PHONE } },
      isSubmit: ({ path }) => path === '/mpesa/b2c/v3/paymentrequest',
      isInquiry: ({ path }) => path === '/mpesa/transactionstatus/v1/query',
      accepts: 'accepted',
      volatileFields: ['SecurityCredential'],
      rejections: [
        ...refusedOrders('b2c'),
        { name: 'a phone that is none', order: { party: { phone: '+254202711000' } }, reason: 'invalid_recipient' },
        { name: 'a foreign phone', order: { party: { phone: '+256772123456' } }, reason: 'invalid_recipient' },
      ],
      deferrals: deferredOrders('b2c'),
      doubts: doubtfulOrders('b2c'),
      unknownWord: acknowledged({ ResponseCode: '77' }),
      quoting: (text) => error(400, '400.002.02', `Bad Request - ${text}`),
      bare429: 'deferred',
      inquiries: statusAnswers({ payoutResult: '2040' }),
    },

    reversals: {
      order: async (control) => ({
        method: 'mpesa_ke',
        amount: '150',
        party: { phone: PHONE },
        original: await payByMenu(control, merchant.shortcode),
      }),
      isSubmit: ({ path }) => path === '/mpesa/reversal/v1/request',
      isInquiry: ({ path }) => path === '/mpesa/transactionstatus/v1/query',
      accepts: 'accepted',
      volatileFields: ['SecurityCredential'],
      rejections: refusedOrders('reversal').filter(({ name }) => name !== 'the URL of the Result'),
      deferrals: deferredOrders('reversal'),
      doubts: doubtfulOrders('reversal'),
      unknownWord: acknowledged({ ResponseCode: '77' }),
      quoting: (text) => error(400, '400.002.02', `Bad Request - ${text}`),
      bare429: 'deferred',
      inquiries: statusAnswers({ reversalResult: '2006' }),
    },

    balance: { kind: 'asked', callbackPurposes: ['balance', 'balance_timeout'] },

    callbacks: {
      samples: [
        {
          name: 'a payout',
          raw: result('payout', `"ResultCode": 0, "TransactionID": "UCE8M2XQ4T", ${paidOut}`),
          trust: 'path',
          kind: 'succeeded',
        },
        {
          name: 'a payout without parameters',
          raw: result('payout', '"ResultCode": "0", "TransactionID": "UCE8M2XQ4T"'),
          trust: 'path',
          kind: 'succeeded',
        },
        {
          name: 'an empty float',
          raw: result('payout', '"ResultCode": 1, "TransactionID": "UCE0000000"'),
          trust: 'path',
          kind: 'failed',
          reason: 'merchant_balance_low',
        },
        {
          name: 'a payout to nobody',
          raw: result(
            'payout',
            '"ResultCode": "SFC_IC0003", "ResultParameters": { "ResultParameter": { "Key": "BOCompletedTime", "Value": 20260314153102 } }',
          ),
          trust: 'path',
          kind: 'failed',
          reason: 'invalid_recipient',
        },
        { name: 'a duplicate', raw: result('payout', '"ResultCode": 15'), trust: 'path', kind: 'unknown' },
        {
          name: 'a notice of the queue',
          raw: result('payout_timeout', '"ResultCode": 1'),
          trust: 'unsigned',
          kind: 'unknown',
        },
        {
          name: 'a notice of the queue that claims success',
          raw: result('payout_timeout', `"ResultCode": 0, ${paidOut}`),
          trust: 'unsigned',
          kind: 'unknown',
        },
        {
          name: 'a reversal',
          raw: result('reversal', '"ResultCode": 0, "TransactionID": "UCE9R1VRSL"'),
          trust: 'path',
          kind: 'succeeded',
        },
        {
          name: 'a reversal of what was reversed',
          raw: result('reversal', '"ResultCode": "R000001"'),
          trust: 'path',
          kind: 'unknown',
        },
        {
          name: 'a reversal of nothing',
          raw: result('reversal', '"ResultCode": "R000002"'),
          trust: 'path',
          kind: 'failed',
          reason: 'provider_rejected',
        },
        { name: 'a status', raw: result('payout_status', statusOf('Completed')), trust: 'path', kind: 'succeeded' },
        {
          name: 'a status of failure',
          raw: result('payout_status', statusOf('Declined')),
          trust: 'path',
          kind: 'failed',
        },
        {
          name: 'a reversal’s status',
          raw: result('reversal_status', statusOf('Completed')),
          trust: 'path',
          kind: 'succeeded',
        },
        {
          name: 'a status on the path of a payout',
          raw: result('payout', statusOf('Completed')),
          trust: 'path',
          kind: 'unknown',
        },
        {
          name: 'a payout on the path of a status',
          raw: result('payout_status', `"ResultCode": 0, ${paidOut}, "ReferenceData": {}`),
          trust: 'path',
          kind: 'unknown',
        },
        {
          name: 'a payment',
          raw: callback(`"ResultCode": 0, "ResultDesc": "…", ${items('150.00')}`),
          trust: 'unsigned',
          kind: 'succeeded',
        },
        {
          name: 'a payment without items',
          raw: callback('"ResultCode": 0, "ResultDesc": "…"'),
          trust: 'unsigned',
          kind: 'succeeded',
        },
        {
          name: 'an empty wallet',
          raw: callback('"ResultCode": 1, "ResultDesc": "…"'),
          trust: 'unsigned',
          kind: 'failed',
          reason: 'insufficient_funds',
        },
        {
          name: 'a cancelled prompt',
          raw: callback('"ResultCode": "1032", "ResultDesc": "…"'),
          trust: 'unsigned',
          kind: 'cancelled',
          reason: 'cancelled_by_customer',
        },
        {
          name: 'a prompt that nobody answered',
          raw: callback('"ResultCode": 1037, "ResultDesc": "No response from user."'),
          trust: 'unsigned',
          kind: 'expired',
          reason: 'customer_unreachable',
        },
      ],
      unknownWord: callback('"ResultCode": 7777, "ResultDesc": "…"'),
      arrivals: [
        { movement: 'collections', kind: 'succeeded' },
        { movement: 'payouts', kind: 'succeeded' },
        { movement: 'payouts', kind: 'failed', order: { party: { phone: '+254700002040' } } },
        { movement: 'payouts', kind: 'unknown', ...arranged({ queueTimeout: true }) },
        { movement: 'payouts', kind: 'succeeded', ...arranged({ queueTimeoutAnyway: true }) },
        {
          movement: 'payouts',
          kind: 'succeeded',
          ...arranged({ resultOriginator: 'gateway', resultReceipt: 'missing' }),
        },
        { movement: 'reversals', kind: 'succeeded' },
        { movement: 'reversals', kind: 'unknown', ...arranged({ reversalResult: 'R000001' }) },
      ],
    },
  });
});
