import type { MpesaSimulatorOptions } from './index.js';
import { fetchToken, Merchant, PAYER } from './spec-support.js';

let merchant: Merchant;
const open = async (options: MpesaSimulatorOptions = {}): Promise<void> => {
  merchant = await Merchant.open(options);
};
afterEach(() => merchant.close());

/** A push that was approved, and whose callbacks are through. */
async function pay(changes: Record<string, unknown> = {}): Promise<string> {
  const id = await merchant.pushed(changes);
  await merchant.simulator.answer(PAYER, 'pin');
  await merchant.simulator.idle();
  return id;
}

const heardCallbacks = (): {
  [key: string]: unknown;
  CallbackMetadata?: { Item: { Name: string; Value?: unknown }[] };
}[] => merchant.ear.heard.map(({ text }) => JSON.parse(text).Body.stkCallback);

describe('the gateway in front', () => {
  it.each([
    ['spikeArrest', 500, { errorCode: '500.003.02', errorMessage: 'Error Occurred: Spike Arrest Violation' }],
    ['systemBusy', 500, { errorCode: '500.003.02', errorMessage: 'System is busy. Please try again in few minutes.' }],
    ['quotaViolation', 500, { errorCode: '500.003.03', errorMessage: 'Quota Violation' }],
    [
      'maintenance',
      503,
      { errorCode: '00.002.1001', errorMessage: expect.stringContaining('Service is currently under maintenance') },
    ],
    ['internalError', 500, { errorCode: '500.003.1001', errorMessage: 'Internal Server Error' }],
  ] as const)('answers by %s and takes nothing', async (fault, status, body) => {
    await open();
    merchant.simulator.setFaults({ [fault]: 1 });
    expect(await merchant.push()).toMatchObject({ status, json: body });
    expect(merchant.simulator.prompts()).toEqual([]);
    expect((await merchant.push()).status).toBe(200);
  });

  it('throttles with 429 where that is switched on', async () => {
    await open({ faults: { throttleStatus: '429', spikeArrest: true, gatewayScope: 'push' } });
    expect((await merchant.push()).status).toBe(429);
  });

  it('shows the firewall page, Apigee faults and bad gateways that are no JSON or no envelope', async () => {
    await open();
    merchant.simulator.setFaults({ firewall403: 1 });
    const page = await merchant.push();
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html']);
    expect(page.text).toContain('Incapsula incident ID');
    merchant.simulator.setFaults({ apigeeFault: 1 });
    expect(await merchant.push()).toMatchObject({
      status: 404,
      json: { fault: { faultstring: expect.any(String), detail: { errorcode: expect.any(String) } } },
    });
    merchant.simulator.setFaults({ badGateway: 1, badGatewayStatus: '504' });
    expect(await merchant.push()).toMatchObject({ status: 504, json: undefined });
  });

  it('strikes only where its scope lies', async () => {
    await open({ faults: { gatewayScope: 'query', firewall403: true } });
    expect((await merchant.query('ws_CO_1')).status).toBe(403);
    expect((await merchant.push()).status).toBe(200);
    expect(await fetchToken(merchant.simulator.baseUrl)).toHaveLength(28);
  });

  it('cuts connections before anything is taken', async () => {
    await open({ faults: { gatewayScope: 'push', requestLost: 1 } });
    await expect(merchant.push()).rejects.toThrow();
    expect(merchant.simulator.prompts()).toEqual([]);
  });

  it('strikes by percentage as chance has it', async () => {
    const chances = [0.2, 0.209, 0.21, 0.9];
    await open({ random: () => chances.shift() ?? 1, faults: { gatewayScope: 'query', spikeArrest: '21%' } });
    const messages = [];
    for (let turn = 0; turn < 4; turn++) messages.push((await merchant.query('ws_CO_1')).json);
    expect(messages.map((body) => (body as { errorCode: string }).errorCode)).toEqual([
      '500.003.02',
      '500.003.02',
      '500.001.1001',
      '500.001.1001',
    ]);
  });
});

describe('a push whose answer goes wrong', () => {
  it.each([
    ['pushAnswerUnreadable', { status: 200, json: undefined }],
    ['pushAnswerEmpty', { status: 200, text: '' }],
    ['pushAnswerError', { status: 500, json: { errorCode: '500.003.1001' } }],
    ['pushAnswerBadGateway', { status: 502, json: undefined }],
  ] as const)('was taken all the same: %s', async (fault, answer) => {
    await open({ faults: { [fault]: true } });
    expect(await merchant.push()).toMatchObject(answer);
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.ear.hear(1);
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it('was taken and paid although the connection was cut', async () => {
    await open({ faults: { pushAnswerLost: 1 } });
    await expect(merchant.push()).rejects.toThrow();
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.ear.hear(1);
    expect(merchant.simulator.transfers()).toMatchObject([{ reference: 'ORDER-7781', callbackUrl: merchant.ear.url }]);
  });

  it('was taken although the caller did not wait for a slow answer', async () => {
    await open({
      faults: { slowAnswer: 1, slowAnswerMs: 60_000, gatewayScope: 'push' },
      settings: { answerDelayMs: 0 },
    });
    const abort = new AbortController();
    const { toPush } = await import('./spec-support.js');
    const push = fetch(`${merchant.simulator.baseUrl}/mpesa/stkpush/v1/processrequest`, {
      method: 'POST',
      signal: abort.signal,
      headers: { Authorization: `Bearer ${merchant.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(toPush(merchant.ear.url)),
    });
    await merchant.ear.hear(1); // The callback came before the answer.
    abort.abort();
    await expect(push).rejects.toThrow();
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it.each([
    ['merchant', 'Merchant does not exist'],
    ['credentials', 'Wrong credentials'],
    ['credentialsOld', '[MerchantValidate] - Wrong credentials'],
    ['lock', 'Unable to lock subscriber, a transaction is already in process for the current subscriber'],
    ['busy', 'System is busy. Please try again in few minutes.'],
    ['iccid', 'Missing ICCID value in request'],
    ['transactionType', 'Merchant 174379 not allowed to carry out transaction type CustomerPayBillOnline'],
  ] as const)('is refused by %s', async (pushRefusal, errorMessage) => {
    await open({ faults: { pushRefusal } });
    expect(await merchant.push()).toMatchObject({ status: 500, json: { errorMessage } });
    expect(merchant.simulator.prompts()).toEqual([]);
  });
});

describe('a query while the prompt is open', () => {
  it('answers 4999 with HTTP 200 today', async () => {
    await open();
    const id = await merchant.pushed();
    expect(await merchant.query(id)).toMatchObject({
      status: 200,
      json: { ResponseCode: '0', ResultCode: '4999', ResultDesc: 'The transaction is still under processing' },
    });
  });

  it('answers HTTP 500 as it did for years, its requestId the CheckoutRequestID', async () => {
    await open({ faults: { inFlight: '500' } });
    const id = await merchant.pushed();
    const answer = await merchant.query(id);
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      requestId: id,
      errorCode: '500.001.1001',
      errorMessage: 'The transaction is being processed',
    });
  });

  it('answers HTTP 200 with an empty errorMessage', async () => {
    await open({ faults: { inFlight: 'empty' } });
    const answer = await merchant.query(await merchant.pushed());
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ requestId: expect.any(String), errorCode: '500.001.1001', errorMessage: '' });
  });

  it('reports a failure too early', async () => {
    await open({ faults: { queryEarlyFailure: '1032' } });
    const id = await merchant.pushed();
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: '1032' });
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.ear.hear(1);
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: '0' });
  });

  it('does not know a young push', async () => {
    await open({ faults: { queryUnknownForMs: 60_000 } });
    expect(await merchant.query(await merchant.pushed())).toMatchObject({
      status: 500,
      json: { errorMessage: 'The transaction does not Exist' },
    });
  });
});

describe('a query after the end', () => {
  it('makes noise, forgets, contradicts and comes back to the truth', async () => {
    await open();
    const id = await pay();
    merchant.simulator.setFaults({ queryNoise: 1 });
    expect(await merchant.query(id)).toMatchObject({
      status: 500,
      json: { errorCode: '500.001.1001', errorMessage: 'The transaction is being processed' },
    });
    merchant.simulator.setFaults({ queryNoise: 1, queryNoiseMessage: '' });
    expect(await merchant.query(id)).toMatchObject({
      status: 500,
      json: { errorCode: '500.001.1001', errorMessage: '' },
    });
    merchant.simulator.setFaults({ queryUnknown: 1 });
    expect((await merchant.query(id)).json).toMatchObject({ errorMessage: 'The transaction does not Exist' });
    merchant.simulator.setFaults({ queryContradiction: '1037' });
    expect((await merchant.query(id)).json).toMatchObject({
      ResultCode: '1037',
      ResultDesc: 'DS timeout user cannot be reached.',
    });
    expect(heardCallbacks()).toMatchObject([{ ResultCode: 0 }]);
    merchant.simulator.clearFaults();
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: '0' });
    merchant.simulator.setFaults({ queryResultCodeType: 'number' });
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: 0 });
  });
});

describe('a callback', () => {
  it('can be dropped, and is on record as dropped', async () => {
    await open({ faults: { callbackDrop: 1 } });
    await pay();
    expect(merchant.ear.heard).toEqual([]);
    expect((await merchant.control('GET', '/callbacks')).json).toMatchObject([
      { state: 'dropped', sentAt: null, status: null },
    ]);
    await pay({ Amount: 7 });
    expect(merchant.ear.heard).toHaveLength(1);
  });

  it('can come three times, the same each time', async () => {
    await open({ faults: { callbackCopies: 2, callbackCopyDelayMs: 5 } });
    await pay();
    expect(new Set(merchant.ear.heard.map(({ text }) => text)).size).toBe(1);
    expect(merchant.ear.heard).toHaveLength(3);
  });

  it('can come before the push is answered', async () => {
    await open({ faults: { callbackEarly: 1 } });
    const answer = await merchant.push();
    expect(heardCallbacks()).toMatchObject([
      { ResultCode: 0, CheckoutRequestID: (answer.json as { CheckoutRequestID: string }).CheckoutRequestID },
    ]);
    await merchant.simulator.idle();
    expect(merchant.ear.heard).toHaveLength(1);
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it('can come late', async () => {
    const delays: number[] = [];
    const time = {
      now: () => Date.now(),
      after: (delayMs: number, work: () => void) => (delays.push(delayMs), setImmediate(work), () => undefined),
    };
    await open({ time, faults: { callbackExtraDelayMs: 3_600_000 } });
    await merchant.pushed();
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.ear.hear(1);
    expect(delays).toContain(3_600_000);
  });

  it('is sent once whatever the answer, and again only where that is switched on', async () => {
    await open({ settings: { callbackRetryDelayMs: 1 } });
    merchant.ear.answers.push(500);
    await pay();
    expect(merchant.ear.heard).toHaveLength(1);
    expect((await merchant.control('GET', '/callbacks')).json).toMatchObject([{ state: 'answered', status: 500 }]);
    merchant.simulator.setFaults({ callbackRetries: 1 });
    merchant.ear.answers.push(500);
    await pay({ Amount: 7 });
    expect(merchant.ear.heard).toHaveLength(3);
  });

  it('to nobody is on record as unanswered', async () => {
    await open();
    await pay({ CallBackURL: 'http://127.0.0.1:9/nobody' });
    expect((await merchant.control('GET', '/callbacks')).json).toMatchObject([
      { state: 'unanswered', status: null, error: expect.any(String) },
    ]);
  });

  it('can carry what is not true', async () => {
    await open({
      faults: {
        callbackAmount: '151',
        callbackPhone: '254711222333',
        callbackCheckoutRequestId: 'ws_CO_other',
        callbackMerchantRequestId: 'other',
      },
    });
    await pay();
    expect(heardCallbacks()[0]).toMatchObject({ CheckoutRequestID: 'ws_CO_other', MerchantRequestID: 'other' });
    expect(heardCallbacks()[0]?.CallbackMetadata?.Item).toEqual(
      expect.arrayContaining([
        { Name: 'Amount', Value: 151 },
        { Name: 'PhoneNumber', Value: 254711222333 },
      ]),
    );
    expect(merchant.simulator.transfers()).toMatchObject([{ amount: '150.00', party: PAYER }]);
  });

  it('can contradict the truth both ways', async () => {
    await open({ faults: { callbackContradiction: '1032' } });
    await pay();
    expect(heardCallbacks()).toMatchObject([{ ResultCode: 1032 }]);
    merchant.simulator.setFaults({ callbackContradiction: '0' });
    await merchant.pushed({ Amount: 7 });
    await merchant.simulator.answer(PAYER, 'cancel');
    await merchant.simulator.idle();
    expect(heardCallbacks()[1]).toMatchObject({
      ResultCode: 0,
      CallbackMetadata: { Item: expect.arrayContaining([{ Name: 'MpesaReceiptNumber', Value: expect.any(String) }]) },
    });
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it('varies its types, its items and its words', async () => {
    await open({
      faults: {
        callbackResultCodeType: 'string',
        callbackBalance: 'omitted',
        callbackReceipt: 'missing',
        callbackAmountForm: '1',
      },
    });
    await pay();
    expect(heardCallbacks()[0]).toMatchObject({ ResultCode: '0' });
    expect(heardCallbacks()[0]?.CallbackMetadata?.Item.map(({ Name }) => Name)).toEqual([
      'Amount',
      'TransactionDate',
      'PhoneNumber',
    ]);
    expect(merchant.ear.heard[0]?.text).toContain('"Value":150}');
    merchant.simulator.setFaults({ callbackBalance: 'withValue', callbackAmountForm: '1.0' });
    await pay({ Amount: 7 });
    expect(merchant.ear.heard[1]?.text).toContain('"Value":7.0}');
    expect(heardCallbacks()[1]?.CallbackMetadata?.Item).toContainEqual({
      Name: 'Balance',
      Value: '{Amount={CurrencyCode=KES, MinimumAmount=700, BasicAmount=7.00}}',
    });
    for (const [form, words] of [
      ['capitalised', 'Request Cancelled by user.'],
      ['prefixed', '[STK_CB - ]Request cancelled by user'],
    ] as const) {
      merchant.simulator.setFaults({ resultDescForm: form });
      await merchant.pushed({ Amount: 8 });
      await merchant.simulator.answer(PAYER, 'cancel');
      await merchant.simulator.idle();
      expect(heardCallbacks().at(-1)).toMatchObject({ ResultDesc: words });
    }
  });
});
