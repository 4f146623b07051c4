import { describeProvider, empty, json, type Control, type Situation } from '#libs/provider-kit/conformance';
import { DEFAULT_DIRECTORY, startMpesaSimulator } from '#libs/simulators/mpesa';
import { mpesa } from './index.js';

const CHECKOUT = 'ws_CO_140320261530211700000123';
const MERCHANT = 'a1b2-4c3d-9e8f-0123456789ab2201457';
const PHONE = '+254700000123';

const [app] = DEFAULT_DIRECTORY.apps;
const paybill = DEFAULT_DIRECTORY.merchants.find(({ till }) => till === undefined);
const store = DEFAULT_DIRECTORY.merchants.find(({ till }) => till !== undefined);
if (!app || !paybill || !store) throw new TypeError('The simulator has no app, paybill or till');
const { consumerKey, consumerSecret } = app;

const merchants = [
  { merchant: paybill, settings: { type: 'paybill', shortcode: paybill.shortcode } },
  { merchant: store, settings: { type: 'till', shortcode: store.shortcode, tillNumber: store.till } },
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
    account: { credentials: { consumerKey, consumerSecret, passkey: merchant.passkey }, settings },
    badCredentials: { consumerKey, consumerSecret: 'another-secret', passkey: merchant.passkey },

    async startSimulator() {
      const simulator = await startMpesaSimulator({
        settings: {
          acceptLoopbackCallbacks: true,
          promptDelayMs: 0,
          answerDelayMs: 50,
          processingDelayMs: 0,
          callbackDelayMs: 0,
          promptLifeMs: 50,
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

    callbacks: {
      samples: [
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
      arrivals: [{ movement: 'collections', kind: 'succeeded' }],
    },
  });
});
