import { X509Certificate } from 'node:crypto';
import { Money, Msisdn, systemClock } from '#libs/primitives';
import {
  createTokenCache,
  namesKnownId,
  type HttpExchange,
  type HttpRequest,
  type Instruction,
  type MethodFacts,
} from '#libs/provider-kit';
import { SIMULATOR_CERTIFICATE } from '#libs/simulators/mpesa';
import { PUBLISHED_CERTIFICATES } from './certificates.js';
import { ORDER_RESULT_CODES } from './order-codes.js';
import { mpesa } from './index.js';
import { toSecurityCredential } from './security-credential.js';

const operator = { initiatorName: 'testapi', initiatorPassword: 'Initiator#1' };
const credentials = { consumerKey: 'key', consumerSecret: 'secret', passkey: 'passkey' };
const acknowledged = { ResponseCode: '0', ConversationID: 'AG_1', OriginatorConversationID: 'gw-1' };

function connect(account: { credentials?: object; settings?: object; answer?: unknown } = {}) {
  const sent: HttpRequest[] = [];
  const send = (request: HttpRequest): Promise<HttpExchange> => {
    sent.push(request);
    const isToken = request.url.includes('/oauth/');
    const body = isToken ? { access_token: 'token', expires_in: '3599' } : (account.answer ?? acknowledged);
    const text = JSON.stringify(body);
    return Promise.resolve({ kind: 'response', status: 200, headers: {}, text, body, durationMs: 1 });
  };
  const provider = mpesa.connect(
    {
      id: 'pac_1',
      mode: 'test',
      credentials: mpesa.credentials.parse({ ...credentials, ...operator, ...account.credentials }),
      settings: mpesa.settings.parse({ shortcode: '174379', type: 'paybill', ...account.settings }),
      baseUrl: 'https://daraja.example',
    },
    { http: { send }, clock: systemClock, tokens: createTokenCache({ clock: systemClock }) },
  );
  return { provider, sent, bodies: () => sent.flatMap(({ json }) => (json === undefined ? [] : [json])) };
}

const kes = (amount: string): Money => {
  const money = Money.parse(amount, 'KES');
  if (typeof money === 'string') throw new TypeError(money);
  return money;
};

function instruct(kind: MethodFacts['kind'], changes: Partial<Instruction> = {}): Instruction {
  const method = mpesa.methods.find((candidate) => candidate.kind === kind);
  const phone = Msisdn.parse('+254700000123');
  if (!method || !phone) throw new TypeError('No method or phone');
  return {
    attemptId: 'att_01J',
    amount: kes('150'),
    party: { phone },
    method,
    reference: 'INV-118/a',
    callbackUrls: {
      ...{ payout: 'https://m.example/1', payout_timeout: 'https://m.example/2' },
      ...{ reversal: 'https://m.example/3', reversal_timeout: 'https://m.example/4' },
    },
    sendBefore: Date.now() + 60_000,
    ...changes,
  };
}

const original = { receipt: 'UCE4K7Q2ZP', amount: kes('150') };

it('without an API operator there are neither payouts, reversals nor balances', () => {
  const { provider } = connect({ credentials: { initiatorName: undefined, initiatorPassword: undefined } });
  expect(Object.keys(provider).sort()).toEqual(['callbacks', 'check', 'collections']);
});

it('a payout says everything that the page wants, and nothing twice differently', async () => {
  const { provider, bodies } = connect({ settings: { payoutShortcode: '600996' } });
  for (let i = 0; i < 2; i++) await provider.payouts?.submit(instruct('payout', { description: 'Salary, March' }));
  const [first, second] = bodies();
  expect(first).toEqual({
    ...{ OriginatorConversationID: 'att_01J', InitiatorName: 'testapi', CommandID: 'BusinessPayment' },
    ...{ SecurityCredential: expect.stringMatching(/^[A-Za-z0-9+/]{342}==$/), Amount: '150', PartyA: '600996' },
    ...{ PartyB: '254700000123', Remarks: 'Salary March', Occassion: 'INV 118 a' },
    ...{ ResultURL: 'https://m.example/1', QueueTimeOutURL: 'https://m.example/2' },
  });
  expect(second).toEqual(first);
});

it('a status is asked for by the id that the gateway took, on the shortcode that paid', async () => {
  const { provider, bodies } = connect({ settings: { payoutShortcode: '600996' } });
  const { party, amount, method } = instruct('payout');
  const callbackUrls = { payout_status: 'https://m.example/5', payout_status_timeout: 'https://m.example/6' };
  const sent = { attemptId: 'att_01J', sentAt: 0, party, amount, method, callbackUrls };
  const others = { OriginatorConversationID: 'gw-1' };
  const answers = [
    await provider.payouts?.inquire({ ...sent, references: {} }),
    await provider.payouts?.inquire({ ...sent, references: { others } }),
  ];
  expect(bodies()).toMatchObject([
    { OriginalConversationID: 'att_01J', PartyA: '600996', IdentifierType: '4', ResultURL: 'https://m.example/5' },
    { OriginalConversationID: 'gw-1' },
  ]);
  expect(answers[0]).toMatchObject({ kind: 'asked', references: { providerReference: 'AG_1', others } });
});

it('a reversal undoes one receipt as a whole', async () => {
  const { provider, bodies } = connect({ settings: { payoutShortcode: '600996' } });
  const outcome = await provider.reversals?.submit(instruct('collection', { original }));
  expect(outcome).toMatchObject({
    kind: 'accepted',
    references: { providerReference: 'gw-1', others: { ConversationID: 'AG_1' } },
  });
  expect(bodies()).toMatchObject([
    {
      ...{ TransactionID: 'UCE4K7Q2ZP', Amount: '150', ReceiverParty: '174379', RecieverIdentifierType: '11' },
      ...{ CommandID: 'TransactionReversal', Initiator: 'testapi', Remarks: 'Refund', Occasion: 'att_01J' },
    },
  ]);
});

it.each<[string, Partial<Instruction>]>([
  ['nothing to undo', {}],
  ['no receipt', { original: { amount: kes('150') } }],
  ['only a part', { original: { ...original, amount: kes('151') } }],
])('a reversal of %s is refused unsent', async (_, changes) => {
  const { provider, sent } = connect();
  expect(await provider.reversals?.submit(instruct('collection', changes))).toMatchObject({ kind: 'rejected' });
  expect(sent).toEqual([]);
});

it('an acknowledgement without the id to ask by leaves a reversal unknown, and a payout accepted', async () => {
  const { provider } = connect({ answer: { ResponseCode: '0', ConversationID: 'AG_1' } });
  expect(await provider.reversals?.submit(instruct('collection', { original }))).toMatchObject({ kind: 'unknown' });
  expect(await provider.payouts?.submit(instruct('payout'))).toMatchObject({ kind: 'accepted' });
});

it('the Result of a payout whose acknowledgement was lost names an id that is known: ours', () => {
  const { provider } = connect();
  const body = Buffer.from(
    '{"Result":{"ResultType":0,"ResultCode":0,"OriginatorConversationID":"att_01J","ConversationID":"AG_1"}}',
  );
  const raw = { method: 'POST', headers: {}, body, sourceAddress: '192.0.2.1', purpose: 'payout' };
  const message = provider.callbacks?.parse(raw);
  if (!message) throw new TypeError('No message');
  expect(provider.callbacks?.authenticate(raw)).toBe('path');
  expect(namesKnownId(message, { attemptId: 'att_01J', references: {} })).toBe(true);
  expect(namesKnownId(message, { attemptId: 'att_02J', references: {} })).toBe(false);
});

describe('the security credential', () => {
  it.each(['test', 'live'] as const)('fits the certificate that is published for %s', (mode) => {
    const certificate = PUBLISHED_CERTIFICATES[mode];
    expect(new X509Certificate(certificate).subject).toContain('safaricom.co.ke');
    expect(Buffer.from(toSecurityCredential('Initiator#1', certificate), 'base64')).toHaveLength(256);
  });

  it('differs each time, as its padding does', () => {
    const made = [1, 2].map(() => toSecurityCredential('Initiator#1', SIMULATOR_CERTIFICATE));
    expect(new Set(made).size).toBe(2);
  });

  it('holds a password of 100 bytes and no more', () => {
    const given = (initiatorPassword: string) => ({ ...credentials, ...operator, initiatorPassword });
    expect(mpesa.credentials.safeParse(given('x'.repeat(100))).success).toBe(true);
    expect(mpesa.credentials.safeParse(given('é'.repeat(51))).success).toBe(false);
  });
});

describe('result codes of orders', () => {
  it.each(ORDER_RESULT_CODES)('$code stands once', ({ code }) => {
    expect(ORDER_RESULT_CODES.filter((row) => row.code === code)).toHaveLength(1);
  });

  // Each of these has been called a failure somewhere, and may have paid.
  it.each(['15', '17', '26', '100000000', '100000007', 'R000001'])('%s ends nothing', (code) => {
    expect(ORDER_RESULT_CODES.find((row) => row.code === code)?.says.kind).toBe('unknown');
  });
});
