import { createHmac } from 'node:crypto';
import {
  describeProvider,
  json,
  type Control,
  type MovementStage,
  type Situation,
} from '#libs/provider-kit/conformance';
import { DEFAULT_DIRECTORY, DEFAULT_WEBHOOK_SECRET, startMonerooSimulator } from '#libs/simulators/moneroo';
import { moneroo } from './index.js';

const [app] = DEFAULT_DIRECTORY.apps;
if (!app) throw new TypeError('The simulator has no app');
const secretKey = app.keys.find((key) => key.startsWith('pvk_sandbox_')) ?? '';

const PERSON = { email: 'ama.k@example.com', firstName: 'Ama', lastName: 'Koffi' };
const PHONE = '+2290190112233';
const TEST_NUMBER = '4149518161';

const ended = (control: Control) => control('POST', '/_control/idle', { waitMs: 10_000 });
const faults = (name: string, changes: Record<string, unknown>): Situation => ({
  name,
  arrange: (control) => control('PUT', '/_control/faults', changes),
});
const after = (changes: Record<string, unknown>): Pick<Situation, 'arrange'> => ({
  arrange: async (control) => {
    await ended(control);
    await control('PUT', '/_control/faults', changes);
  },
});
const afterwards = (name: string, changes: Record<string, unknown>): Situation => ({ name, ...after(changes) });
/** The last four digits of a number tell the simulator what to do. */
const endingWith = (digits: string): Pick<Situation, 'order' | 'arrange'> => ({
  order: { party: { ...PERSON, phone: `+229019011${digits}` } },
  arrange: ended,
});
const refused = (status: number, message: string, errors: unknown = null) =>
  json(status, { message, data: {}, errors });

const verified = (changes: Record<string, unknown>) =>
  json(200, {
    message: 'fetched',
    data: {
      id: 'another',
      status: 'success',
      amount: 2500,
      currency: 'XOF',
      environment: 'sandbox',
      metadata: [],
      ...changes,
    },
    errors: null,
  });

const movement = (resource: 'payments' | 'payouts'): MovementStage => ({
  order: { method: 'mtn_bj', amount: '2500', party: { ...PERSON, phone: PHONE } },
  isSubmit: ({ method, path }) => method === 'POST' && path === `/v1/${resource}/initialize`,
  isInquiry: ({ method, path }) => method === 'GET' && path.startsWith(`/v1/${resource}/`) && path.endsWith('/verify'),
  accepts: 'accepted',
  rejections: [
    {
      name: 'a currency without a gateway',
      arrange: (control) => control('PUT', '/_control/settings', { sandboxMethods: 'demo' }),
      reason: 'provider_misconfigured',
    },
    {
      name: 'a number of another country',
      order: { party: { ...PERSON, phone: '+254700000123' } },
      reason: 'invalid_recipient',
    },
    {
      name: 'an e-mail that is none',
      order: { party: { ...PERSON, email: 'ama', phone: PHONE } },
      reason: 'provider_rejected',
    },
    { name: 'a malformed request', reply: refused(400, 'Bad request'), reason: 'provider_rejected' },
    { name: 'no right to it', reply: refused(403, 'Forbidden'), reason: 'provider_misconfigured' },
    {
      name: 'a route that is gone',
      reply: json(404, { message: 'The route v1/x could not be found.' }),
      reason: 'provider_misconfigured',
    },
    {
      name: 'a recipient it cannot read',
      reply: refused(422, 'Invalid.', { 'recipient.msisdn': ['The recipient.msisdn field must be an integer.'] }),
      reason: 'invalid_recipient',
    },
    {
      name: 'a field it cannot read, as a list',
      reply: refused(422, 'Invalid.', [
        { type: 'validation', message: 'The description is too long.', hint: 'description' },
      ]),
      reason: 'provider_rejected',
    },
  ],
  deferrals: [faults('over the limit', { throttled: true })],
  doubts: [
    faults('an initialize that was taken, its answer lost', { answerLost: true }),
    faults('an initialize that was taken, answered as an error', { answerError: true }),
    faults('an initialize that was taken, answered by a proxy', { answerGateway: true }),
    faults('an initialize that was taken, answered in HTML', { answerUnreadable: true }),
    faults('an initialize that was taken, answered without an id', { answerWithoutId: true }),
    faults('a request that was lost', { requestLost: true }),
    faults('an error before anything was taken', { errorBefore: true }),
    faults('maintenance', { maintenance: true }),
    { name: '"success" without an id', reply: json(201, { success: true, message: 'ok', data: {}, errors: null }) },
    { name: 'a 409 that no page names', reply: refused(409, 'Conflict') },
    { name: 'a 401 in HTML', reply: { status: 401, body: '<html></html>' } },
  ],
  unknownWord: json(201, { message: 'Accepted', data: { identifier: 'pd_1' }, errors: null }),
  quoting: (text) => refused(422, `The request with ${text} is invalid.`, { field: [text] }),
  bare429: 'deferred',
  inquiries: {
    answers: [
      { name: 'paid', kind: 'succeeded', arrange: ended },
      { name: 'paid, with a stale failure beside it', kind: 'succeeded', ...after({ staleFailure: true }) },
      { name: 'paid, with a success flag that lies', kind: 'succeeded', ...after({ successFlag: 'wrong' }) },
      {
        name: 'no money',
        kind: 'failed',
        reason: resource === 'payouts' ? 'merchant_balance_low' : 'insufficient_funds',
        ...endingWith('9901'),
      },
      { name: 'a wallet that is not there', kind: 'failed', reason: 'invalid_recipient', ...endingWith('9902') },
      { name: 'failed', kind: 'failed', reason: 'provider_rejected', ...endingWith('9904') },
      { name: 'refused by the gateway', kind: 'failed', reason: 'provider_rejected', ...endingWith('9905') },
      {
        name: 'failed without a word',
        kind: 'failed',
        reason: 'unknown_reason',
        ...after({ readStatus: 'failed' }),
      },
      { name: 'pending for ever', kind: 'pending', ...endingWith('9903') },
      {
        name: 'pending, with nothing about the way',
        kind: 'pending',
        ...after({ readStale: true, missingDisburse: true }),
      },
    ],
    noise: [
      afterwards('a server error', { readError: true }),
      afterwards('an id it does not know', { readNotFound: true }),
      afterwards('the other environment', { readEnvironment: 'live' }),
      afterwards('an environment that no page names', { readEnvironment: 'staging' }),
      afterwards('a currency that does not exist', { readCurrency: 'ZZZ' }),
      afterwards('an amount that francs cannot have', { readAmount: '2500.5' }),
      { name: 'another transaction', reply: verified({}) },
      faults('the limit', { throttled: true }),
    ],
    unknownWord: verified({ status: 'parked' }),
  },
});

const webhook = (event: string, data: Record<string, unknown> = {}) => {
  const [, status] = event.split('.');
  const body = JSON.stringify({
    event,
    data: { id: 'po_a1b2c3d4e5f6', amount: 2500, currency: 'XOF', status, ...data },
  });
  // As PHP writes it: whoever signs what JSON.stringify makes of it signs other bytes.
  const sent = body.replaceAll('/', '\\/');
  return {
    headers: {
      'content-type': 'application/json',
      'x-moneroo-signature': createHmac('sha256', DEFAULT_WEBHOOK_SECRET).update(sent).digest('hex'),
    },
    body: sent,
  };
};
const customer = { firstName: 'Ama', lastName: 'Koffi / Sœurs', phone: '+229 01 90 11 22 33' };

describeProvider({
  definition: moneroo,
  account: { credentials: { secretKey, webhookSecret: DEFAULT_WEBHOOK_SECRET }, settings: {} },
  badCredentials: { secretKey: 'pvk_sandbox_wrong1|01J8Z0000000000000SANDBOX2', webhookSecret: 'another-secret' },

  async startSimulator({ webhookUrl }) {
    const simulator = await startMonerooSimulator({
      directory: { apps: [{ ...app, webhooks: [{ url: webhookUrl, secret: DEFAULT_WEBHOOK_SECRET }] }] },
      settings: {
        sandboxMethods: 'all',
        requestsPerMinute: 0,
        pendingDelayMs: 0,
        processingDelayMs: 0,
        answerDelayMs: 0,
      },
    });
    return { baseUrl: simulator.baseUrl, stop: () => simulator.close() };
  },

  collections: {
    ...movement('payments'),
    inquiries: {
      ...movement('payments').inquiries,
      unknownWord: verified({ status: 'parked' }),
      noise: movement('payments').inquiries?.noise ?? [],
      answers: [
        ...(movement('payments').inquiries?.answers ?? []),
        {
          name: 'cancelled by the customer',
          kind: 'cancelled',
          reason: 'cancelled_by_customer',
          ...endingWith('9906'),
        },
        { name: 'nobody has paid yet', kind: 'pending', ...endingWith('9907') },
      ],
    },
  },
  payouts: {
    ...movement('payouts'),
    rejections: [
      ...movement('payouts').rejections,
      {
        name: 'a test account that the catalogue does not name',
        order: {
          method: 'moneroo_payout_demo',
          amount: '5',
          party: { ...PERSON, phone: `+1${TEST_NUMBER}`, fields: { account_number: 'x' } },
        },
        reason: 'invalid_recipient',
      },
    ],
  },
  catalogue: { holds: 'wave_sn' },

  callbacks: {
    samples: [
      { name: 'a payout paid', raw: webhook('payout.success', { customer }), trust: 'signed', kind: 'succeeded' },
      {
        name: 'a payout failed',
        raw: webhook('payout.failed'),
        trust: 'signed',
        kind: 'failed',
        reason: 'unknown_reason',
      },
      { name: 'a payout begun', raw: webhook('payout.initiated'), trust: 'signed', kind: 'pending' },
      {
        name: 'a payment paid',
        raw: webhook('payment.success', { metadata: { attempt_id: 'att_1' } }),
        trust: 'signed',
        kind: 'succeeded',
      },
      { name: 'a payment cancelled', raw: webhook('payment.cancelled'), trust: 'signed', kind: 'cancelled' },
      { name: 'a payer’s failed try', raw: webhook('payment.failed'), trust: 'signed', kind: 'pending' },
      {
        name: 'an event without a status',
        raw: webhook('payout.success', { status: undefined }),
        trust: 'signed',
        kind: 'succeeded',
      },
      {
        name: 'a cancelled payout, which cannot be',
        raw: webhook('payout.cancelled'),
        trust: 'signed',
        kind: 'unknown',
      },
      {
        name: 'an event that its status belies',
        raw: webhook('payout.success', { status: 'failed' }),
        trust: 'signed',
        kind: 'unknown',
      },
    ],
    unknownWord: webhook('payout.parked'),
    arrivals: [
      { movement: 'payouts', kind: 'succeeded' },
      { movement: 'payouts', kind: 'pending' },
      { movement: 'payouts', kind: 'failed', ...endingWith('9904'), arrange: undefined },
      { movement: 'collections', kind: 'succeeded' },
      { movement: 'collections', kind: 'cancelled', ...endingWith('9906'), arrange: undefined },
      {
        movement: 'payouts',
        kind: 'succeeded',
        arrange: (control) => control('PUT', '/_control/faults', { webhookEarly: true, webhookCopies: 2 }),
      },
    ],
  },
});
