import {
  Bench,
  describeProvider,
  json,
  listChecks,
  runCheck,
  type Control,
  type MovementStage,
  type Order,
  type Situation,
  type Stage,
} from '#libs/provider-kit/conformance';
import { DEFAULT_DIRECTORY, startDexchangeSimulator } from '#libs/simulators/dexchange';
import type { Credentials, Settings } from './config.js';
import { dexchange } from './index.js';

const [merchant] = DEFAULT_DIRECTORY.merchants;
if (!merchant) throw new TypeError('The simulator has no merchant');

const DAY_MS = 86_400_000;
const OTP = '482913';

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
/** The last two digits of a number tell the simulator what to do. */
const numberEnding = (digits: string): { order: Partial<Order> } => ({
  order: { party: { phone: `+2217712345${digits}` } },
});
const endingWith = (digits: string): Pick<Situation, 'order' | 'arrange'> => ({
  ...numberEnding(digits),
  arrange: ended,
});
const dayLater = async (control: Control) => {
  await control('POST', '/_control/clock', { advanceMs: DAY_MS });
  await ended(control);
};
const refused = (status: number, ...message: string[]) => json(status, { message, success: false });
const initiated = (transaction: Record<string, unknown>) => json(201, { message: 'ok', transaction });

const stageOf = (resource: 'direct' | 'link'): MovementStage => {
  const submitPath = resource === 'direct' ? '/api/v1/transaction/init' : '/api/v1/transaction/merchant/get-link';
  const readPath =
    resource === 'direct' ? /^\/api\/v1\/transaction\/TID\w+$/ : /^\/api\/v1\/transaction\/merchant\/MID\w+$/;
  const read = (changes: Record<string, unknown>) =>
    json(200, { message: 'ok', transaction: { Amount: 2500, Number: '771234567', Status: 'SUCCESS', ...changes } });
  return {
    order: { method: 'wave_sn', amount: '2500', party: { phone: '+221771234567' } },
    isSubmit: ({ method, path }) => method === 'POST' && path === submitPath,
    isInquiry: ({ method, path }) => method === 'GET' && readPath.test(path),
    accepts: 'accepted',
    rejections: [
      { name: 'an amount below the least', order: { amount: '99' }, reason: 'limit_exceeded' },
      { ...faults('our address', { addressRefused: true }), reason: 'provider_misconfigured' },
      { ...faults('a suspended merchant', { merchantSuspended: true }), reason: 'provider_misconfigured' },
      { name: 'a field it cannot read', reply: refused(400, 'ItemName must be a string'), reason: 'provider_rejected' },
      { name: 'one message as a text', reply: json(400, { message: 'Bad request' }), reason: 'provider_rejected' },
      {
        name: 'its message inside the transaction',
        reply: json(400, { transaction: { success: false, message: 'Invalid phone number' } }),
        reason: 'invalid_recipient',
      },
      {
        name: 'the same again, as the operator sees it',
        reply: refused(400, 'Une transaction identique est en cours'),
        reason: 'duplicate_suspected',
      },
      {
        ...faults('known words inside an answer of success', { failureInside: 'limit exceeded' }),
        reason: 'limit_exceeded',
      },
    ],
    deferrals: [faults('maintenance', { maintenance: true }), faults('over the limit', { throttled: true })],
    doubts: [
      faults('taken, its answer lost', { answerLost: true }),
      faults('taken, answered as an error', { answerError: true }),
      faults('taken, answered with 503', { answerUnavailable: true }),
      faults('taken, answered with 504', { answerTimeout: true }),
      faults('taken, answered in HTML', { answerUnreadable: true }),
      faults('taken, answered without an id', { answerWithoutId: true }),
      faults('lost on the way', { requestLost: true }),
      faults('an error before anything was taken', { errorBefore: true }),
      faults('unknown words inside an answer of success', { failureInside: 'Veuillez patienter' }),
      { name: 'an id that was used already', reply: refused(409, 'externalTransactionId already used') },
      { name: 'a 403 in HTML', reply: { status: 403, body: '<html>maintenance</html>' } },
      { name: 'a route that is gone', reply: refused(404, 'Cannot POST /api/v1') },
      {
        name: 'an answer about another transaction',
        reply: initiated({ transactionId: 'TID1', externalTransactionId: 'att_other', Status: 'PENDING' }),
      },
    ],
    unknownWord: initiated({ success: true, reference: 'TID1', Status: 'PENDING' }),
    quoting: (text) => refused(400, `The request with ${text} is invalid.`),
    bare429: 'deferred',
    inquiries: {
      answers: [
        { name: 'paid', kind: 'succeeded', arrange: ended },
        { name: 'paid, in the generic envelope', kind: 'succeeded', ...after({ dataEnvelope: true }) },
        {
          name: 'paid, in the plugin’s word and another spelling',
          kind: 'succeeded',
          arrange: async (control) => {
            await ended(control);
            await control('PUT', '/_control/settings', { successWord: 'COMPLETED', statusKey: 'status' });
          },
        },
        { name: 'failed', kind: 'failed', reason: 'unknown_reason', ...endingWith('02') },
        { name: 'cancelled', kind: 'cancelled', ...endingWith('03') },
        { name: 'given up', kind: 'expired', reason: 'expired', ...numberEnding('04'), arrange: dayLater },
        { name: 'rejected, as integrators saw it', kind: 'failed', reply: read({ Status: 'REJECTED' }) },
        { name: 'still open', kind: 'pending', ...after({ readStale: true }) },
        { name: 'a webhook that lied about it', kind: 'failed', ...endingWith('09') },
      ],
      noise: [
        afterwards('a server error', { readError: true }),
        afterwards('an id it does not know', { readNotFound: true }),
        afterwards('another amount', { readAmount: '2600' }),
        faults('the limit', { throttled: true }),
        faults('maintenance', { maintenance: true }),
        { name: 'a success whose amount is none', reply: read({ Amount: '2500.5' }) },
      ],
      unknownWord: read({ Status: 'PARKED' }),
    },
  };
};

const direct = stageOf('direct');
const aboutAnother: Situation[] = [
  afterwards('another number', { readNumber: '770000099' }),
  afterwards('another service', { readService: 'OM_ML_CASHOUT' }),
];
const withNoise = (stage: MovementStage, noise: readonly Situation[]): MovementStage => ({
  ...stage,
  ...(stage.inquiries && { inquiries: { ...stage.inquiries, noise: [...stage.inquiries.noise, ...noise] } }),
});
const abroad = {
  name: 'a number of another country',
  order: { party: { phone: '+254700000123' } },
  reason: 'invalid_recipient',
} as const;

const webhook = (changes: Record<string, unknown> = {}) => ({
  body: JSON.stringify({
    id: 'TIDQ4M8XR02LB',
    externalTransactionId: 'att_01J8Z0000000000000000DEMO',
    transactionType: 'CASHOUT',
    AMOUNT: 7500,
    FEE: 113,
    PHONE_NUMBER: '770000001',
    STATUS: 'SUCCESS',
    CUSTOM_DATA: '{"attemptId":"att_01J8Z0000000000000000DEMO"}',
    COMPLETED_AT: '2026-11-20T10:30:41Z',
    BALANCE: 412300,
    PREVIOUS_BALANCE: 404913,
    CURRENT_BALANCE: 412300,
    ...changes,
  }),
});

const stage: Stage<Credentials, Settings> = {
  definition: dexchange,
  account: { credentials: { apiKey: merchant.key }, settings: {} },
  badCredentials: { apiKey: 'sk.wrong.simulated-dexchange' },

  async startSimulator() {
    const simulator = await startDexchangeSimulator({
      settings: { requestsPerMinute: 0, speed: 1_000_000_000, answerDelayMs: 0, fixedOtp: OTP },
    });
    return { baseUrl: simulator.baseUrl, stop: () => simulator.close() };
  },

  collections: {
    ...withNoise(direct, aboutAnother),
    rejections: [
      ...direct.rejections,
      abroad,
      {
        name: 'the payer’s wallet is empty',
        reply: refused(400, 'Solde insuffisant'),
        reason: 'insufficient_funds',
      },
      {
        name: 'a service it no longer has',
        reply: refused(400, 'Service not found'),
        reason: 'provider_misconfigured',
      },
    ],
  },
  payouts: {
    ...withNoise(direct, aboutAnother),
    rejections: [
      ...direct.rejections,
      abroad,
      {
        name: 'more than the merchant has',
        arrange: (control) => control('PUT', '/_control/balance', { balance: 100 }),
        reason: 'merchant_balance_low',
      },
    ],
  },
  links: stageOf('link'),
  balance: { kind: 'balances' },
  catalogue: { holds: 'WAVE_SN_CASHOUT' },

  callbacks: {
    samples: [
      { name: 'paid', raw: webhook(), trust: 'unsigned', kind: 'succeeded' },
      {
        name: 'paid, in the plugin’s word',
        raw: webhook({ STATUS: 'COMPLETED' }),
        trust: 'unsigned',
        kind: 'succeeded',
      },
      { name: 'a link paid', raw: webhook({ id: 'MID7Q2K9ZT4XA' }), trust: 'unsigned', kind: 'succeeded' },
      { name: 'failed', raw: webhook({ STATUS: 'FAILED' }), trust: 'unsigned', kind: 'failed' },
      {
        name: 'a payout failed, without our id',
        raw: webhook({ STATUS: 'REJECTED', transactionType: 'CASHIN', externalTransactionId: undefined }),
        trust: 'unsigned',
        kind: 'failed',
      },
      { name: 'cancelled', raw: webhook({ STATUS: 'CANCELED' }), trust: 'unsigned', kind: 'cancelled' },
      { name: 'expired', raw: webhook({ STATUS: 'EXPIRED' }), trust: 'unsigned', kind: 'expired' },
      { name: 'pending, after the end', raw: webhook({ STATUS: 'PENDING' }), trust: 'unsigned', kind: 'pending' },
    ],
    unknownWord: webhook({ STATUS: 'PARKED' }),
    arrivals: [
      { movement: 'collections', kind: 'succeeded' },
      { movement: 'collections', kind: 'failed', ...numberEnding('02') },
      { movement: 'collections', kind: 'cancelled', ...numberEnding('03') },
      { movement: 'collections', kind: 'pending', ...numberEnding('08') },
      { movement: 'payouts', kind: 'succeeded' },
      { movement: 'payouts', kind: 'failed', ...numberEnding('02') },
      { movement: 'links', kind: 'succeeded' },
      {
        movement: 'payouts',
        kind: 'succeeded',
        arrange: (control) =>
          control('PUT', '/_control/faults', { webhookBeforeResponse: true, duplicateWebhook: true }),
      },
    ],
  },
};

describeProvider(stage);

/** The code is asked for by one rail alone, which nobody pays on without it. */
describe('the one-time code of Wizall conforms', () => {
  const wizall: Stage<Credentials, Settings> = {
    ...stage,
    collections: {
      ...direct,
      order: { method: 'wizall_sn', amount: '2500', party: { phone: '+221771234567' } },
      otp: {
        isSubmit: ({ method, path }) => method === 'POST' && path === '/api/v1/transaction/confirm/wizall',
        code: OTP,
        accepts: 'accepted',
      },
    },
  };
  const bench = new Bench<unknown, unknown>(wizall);
  beforeAll(() => bench.open());
  afterAll(() => bench.close());
  const checks = listChecks(wizall, bench.connect()).filter(({ name }) => name.includes('one-time code'));

  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => runCheck(bench, check));

  it('the rail asks for it, and a wrong one is refused', async () => {
    await bench.reset();
    const outcome = await bench.submitIn('collections', { name: '' });
    expect(outcome).toMatchObject({ kind: 'accepted', nextAction: { type: 'enter_otp' } });
    const provider = bench.connect();
    const { attempt } = await bench.submitAccepted('collections', provider);
    const movement = bench.movement('collections', provider);
    expect(await movement.submitOtp?.(attempt, '000000')).toMatchObject({ kind: 'rejected', reason: 'wrong_pin' });
    expect(await movement.inquire(attempt)).toMatchObject({ kind: 'pending' });
    expect(await movement.submitOtp?.({ ...attempt, references: {} }, OTP)).toMatchObject({ kind: 'unknown' });
  });
});
