import type { MpesaSimulatorOptions } from './index.js';
import { call, Merchant, PAYER, toPassword, toPush } from './spec-support.js';

let merchant: Merchant;
const open = async (options: MpesaSimulatorOptions = {}): Promise<void> => {
  merchant = await Merchant.open(options);
};
afterEach(() => merchant.close());

describe('an accepted push', () => {
  it('is answered with the documented five members and ids of the documented shapes', async () => {
    await open({ time: { now: () => Date.UTC(2026, 2, 14, 21, 30, 21, 170), after: () => () => undefined } });
    const answer = await merchant.push();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.json).toEqual({
      MerchantRequestID: expect.stringMatching(/^[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\d+$/),
      // Half past midnight in Nairobi: already the fifteenth. One sub-second digit, then the payer.
      CheckoutRequestID: 'ws_CO_150320260030211700000123',
      ResponseCode: '0',
      ResponseDescription: 'Success. Request accepted for processing',
      CustomerMessage: 'Success. Request accepted for processing',
    });
  });

  it('is no idempotent thing: the same reference makes two prompts with two ids', async () => {
    await open({
      settings: { subscriberLock: 'off' },
      time: { now: () => 1_773_491_421_170, after: () => () => undefined },
    });
    const ids = [await merchant.pushed(), await merchant.pushed(), await merchant.pushed(), await merchant.pushed()];
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => /^ws_CO_\d{14}\d{1,3}700000123$/.test(id))).toBe(true);
    expect(merchant.simulator.prompts().filter(({ shownAt }) => shownAt !== null)).toHaveLength(4);
  });

  it('takes numbers and strings, and a TransactionType with a trailing space', async () => {
    await open();
    const changes = {
      BusinessShortCode: '174379',
      Amount: 1,
      PartyA: 254700000123,
      PhoneNumber: 254700000123,
      PartyB: 174379,
    };
    expect((await merchant.push({ ...changes, TransactionType: 'CustomerPayBillOnline ' })).status).toBe(200);
  });

  it('names the business and the account in the prompt', async () => {
    await open();
    await merchant.pushed();
    expect(merchant.simulator.phone(PAYER)?.prompt).toMatchObject({
      text: 'Do you want to pay KES 150 to Demo Shop Account no. ORDER-7781? Enter M-PESA PIN',
      amount: '150.00',
      reference: 'ORDER-7781',
    });
  });

  it('of a till goes by store number, till and CustomerBuyGoodsOnline', async () => {
    await open({
      directory: {
        apps: [{ consumerKey: 'demo-consumer-key', consumerSecret: 'demo-consumer-secret' }],
        merchants: [{ shortcode: '603021', name: 'Kiosk', passkey: 'k', till: '5203021' }],
      },
    });
    const till = {
      BusinessShortCode: 603021,
      Password: toPassword('603021', 'k'),
      PartyB: '5203021',
      TransactionType: 'CustomerBuyGoodsOnline',
    };
    await merchant.pushed(till);
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.ear.hear(1);
    expect(merchant.simulator.balance('603021', 'Merchant Account')).toBe(15_000n);
    // The till number is no BusinessShortCode.
    expect((await merchant.push({ ...till, BusinessShortCode: 520302 })).json).toMatchObject({
      errorMessage: 'Merchant does not exist',
    });
  });
});

describe('validation', () => {
  it.each<[string, Record<string, unknown>]>([
    ['BusinessShortCode', { BusinessShortCode: undefined }],
    ['BusinessShortCode', { BusinessShortCode: 'shop' }],
    ['Password', { Password: '' }],
    ['Timestamp', { Timestamp: '2026-03-14T15:30:21Z' }],
    ['Timestamp', { Timestamp: '20260230153021' }],
    ['TransactionType', { TransactionType: 'Pay' }],
    ['Amount', { Amount: 0 }],
    ['Amount', { Amount: '1.50' }],
    ['Amount', { Amount: -5 }],
    ['Amount', { Amount: 250_001 }],
    ['Amount', { Amount: undefined }],
    ['PartyA', { PartyA: '0700000123' }],
    ['PartyB', { PartyB: undefined }],
    ['PhoneNumber', { PhoneNumber: '254800000123', PartyA: PAYER }],
    ['PhoneNumber', { PhoneNumber: '+254700000123', PartyA: PAYER }],
    ['CallBackURL', { CallBackURL: undefined }],
    ['CallBackURL', { CallBackURL: 'pay.example.co.ke/hooks' }],
    ['CallBackURL', { CallBackURL: 'https://pay.example.co.ke/hook s' }],
    ['CallBackURL', { CallBackURL: 'https://<your-host>/hooks' }],
    ['AccountReference', { AccountReference: undefined }],
    // The field is optional on the portal, and named after one that nobody sends.
    ['Remarks', { TransactionDesc: undefined }],
  ])('names %s', async (field, changes) => {
    await open();
    const answer = await merchant.push(changes);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      requestId: expect.any(String),
      errorCode: '400.002.02',
      errorMessage: `Bad Request - Invalid ${field}`,
    });
    expect(merchant.simulator.prompts()).toEqual([]);
  });

  it('takes the largest amount', async () => {
    await open();
    expect((await merchant.push({ Amount: 250_000 })).status).toBe(200);
  });

  it('misses the first field in a form, and refuses what is no JSON object', async () => {
    await open();
    const url = `${merchant.simulator.baseUrl}/mpesa/stkpush/v1/processrequest`;
    const headers = { Authorization: `Bearer ${merchant.token}` };
    const form = await call(url, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ BusinessShortCode: '174379' }),
    });
    expect(form).toMatchObject({
      status: 400,
      json: { errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid BusinessShortCode' },
    });
    for (const body of ['{"BusinessShortCode":', '[]', 'null']) {
      const answer = await call(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body,
      });
      expect(answer).toMatchObject({
        status: 400,
        json: { errorCode: '400.002.05', errorMessage: 'Invalid Request Payload' },
      });
    }
  });

  it('answers GET with 405.001 and an unknown path with 404.001.01', async () => {
    await open();
    expect(await call(`${merchant.simulator.baseUrl}/mpesa/stkpush/v1/processrequest`)).toMatchObject({
      status: 405,
      json: { errorCode: '405.001', errorMessage: 'GET Method Not Allowed' },
    });
    for (const path of ['/', '/mpesa/stkpush/v2/processrequest']) {
      expect(await call(`${merchant.simulator.baseUrl}${path}`)).toMatchObject({
        status: 404,
        json: { errorCode: '404.001.01', errorMessage: 'Resource not found' },
      });
    }
  });

  it('knows merchants by shortcode and passkey', async () => {
    await open();
    expect(await merchant.push({ BusinessShortCode: 600999, Password: toPassword('600999') })).toMatchObject({
      status: 500,
      json: { errorCode: '500.001.1001', errorMessage: 'Merchant does not exist' },
    });
    for (const Password of [
      toPassword('174379', 'another passkey'),
      toPassword('174379', undefined, '20260314153022'),
    ]) {
      expect(await merchant.push({ Password })).toMatchObject({
        status: 500,
        json: { errorCode: '500.001.1001', errorMessage: 'Wrong credentials' },
      });
    }
  });

  it('looks at the age of the Timestamp only where told to', async () => {
    const now = Date.UTC(2026, 2, 14, 12, 30, 21);
    await open({ time: { now: () => now, after: () => () => undefined }, settings: { timestampToleranceMs: 60_000 } });
    const at = (Timestamp: string): Record<string, unknown> => ({
      Timestamp,
      Password: toPassword('174379', undefined, Timestamp),
    });
    expect((await merchant.push(at('20260314153021'))).status).toBe(200);
    // The same instant on a clock in London: the usual mistake.
    expect((await merchant.push(at('20260314123021'))).json).toMatchObject({
      errorMessage: 'Bad Request - Invalid Timestamp',
    });
  });
});

describe('callback URLs', () => {
  const push = (CallBackURL: string): Promise<{ status: number; json: unknown }> => merchant.push({ CallBackURL });

  it.each([
    'http://pay.example.co.ke/hooks',
    'https://localhost/hooks',
    'https://127.0.0.1/hooks',
    'https://[::1]/hooks',
    'https://[::ffff:127.0.0.1]/hooks',
    'https://192.168.1.4/hooks',
    'https://10.0.0.4/hooks',
    'https://intranet/hooks',
    'https://shop.ngrok.io/hooks',
    'https://pay.example.co.ke/MPESA/hooks',
    'https://pay.example.co.ke/safaricom',
    'https://pay.example.co.ke/hooks?query=1',
  ])('refuse %s', async (url) => {
    await open({ settings: { acceptLoopbackCallbacks: false } });
    expect(await push(url)).toMatchObject({
      status: 400,
      json: { errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid CallBackURL' },
    });
  });

  it.each(['https://pay.example.co.ke/hooks/9f2c', 'https://8.8.8.8/hooks', 'https://example.invalid/hooks'])(
    'take %s',
    async (url) => {
      await open({ settings: { acceptLoopbackCallbacks: false } });
      expect((await push(url)).status).toBe(200);
    },
  );

  it('may be loopback where that is switched on, and still hold no forbidden word', async () => {
    await open();
    expect((await push('http://127.0.0.1:9/hooks/mpesa')).status).toBe(400);
    expect((await push('http://127.0.0.1:9/hooks')).status).toBe(200);
  });

  it('may hold such words where that is switched on', async () => {
    await open({ settings: { refuseForbiddenWords: false } });
    expect((await push('http://127.0.0.1:9/hooks/mpesa')).status).toBe(200);
  });
});

describe('one prompt at a time', () => {
  const LOCKED = 'Unable to lock subscriber, a transaction is already in process for the current subscriber';

  it('refuses a second push at once', async () => {
    await open();
    await merchant.pushed();
    expect(await merchant.push({ Amount: 7 })).toMatchObject({
      status: 500,
      json: { errorCode: '500.001.1001', errorMessage: LOCKED },
    });
    expect((await merchant.push({ PhoneNumber: '254711222333' })).status).toBe(200);
    await merchant.simulator.answer(PAYER, 'cancel');
    await merchant.ear.hear(1);
    expect((await merchant.push({ Amount: 7 })).status).toBe(200);
  });

  it('ends it with 1001, and shows no prompt, where that is switched on', async () => {
    await open({ settings: { subscriberLock: 'async' } });
    await merchant.pushed();
    const second = await merchant.pushed({ Amount: 7 });
    const [heard] = await merchant.ear.hear(1);
    expect(JSON.parse(heard?.text ?? '')).toMatchObject({
      Body: { stkCallback: { CheckoutRequestID: second, ResultCode: 1001, ResultDesc: LOCKED } },
    });
    expect(merchant.simulator.prompts()[1]).toMatchObject({ shownAt: null, resultCode: '1001' });
  });
});

describe('a push that does not fit its merchant', () => {
  it.each([
    ['2028', { TransactionType: 'CustomerBuyGoodsOnline' }],
    ['SFC_IC0003', { PartyB: '600100' }],
  ])('ends with %s and no prompt', async (code, changes) => {
    await open();
    const id = await merchant.pushed(changes);
    const [heard] = await merchant.ear.hear(1);
    const expected = /^\d+$/.test(code) ? Number(code) : code;
    expect(JSON.parse(heard?.text ?? '')).toMatchObject({
      Body: { stkCallback: { CheckoutRequestID: id, ResultCode: expected } },
    });
    expect((await merchant.query(id)).json).toMatchObject({ ResultCode: code });
    expect(merchant.simulator.prompts()[0]?.shownAt).toBeNull();
  });

  it('is refused at once where that is switched on', async () => {
    await open({ faults: { productMismatchAnswer: 'sync' } });
    expect((await merchant.push({ TransactionType: 'CustomerBuyGoodsOnline' })).json).toMatchObject({
      errorCode: '500.001.1001',
      errorMessage: 'Merchant 174379 not allowed to carry out transaction type CustomerBuyGoodsOnline',
    });
  });

  it('ends with 1025 where the text of the prompt is too long', async () => {
    await open();
    await merchant.pushed({ AccountReference: 'R'.repeat(130) });
    const [heard] = await merchant.ear.hear(1);
    expect(JSON.parse(heard?.text ?? '')).toMatchObject({ Body: { stkCallback: { ResultCode: 1025 } } });
  });

  it('ends with 3 above the cap where the gateway lets it pass', async () => {
    await open({ settings: { overCap: 'async', customerOpeningBalance: 900_000 } });
    await merchant.pushed({ Amount: 250_001 });
    await merchant.simulator.answer(PAYER, 'pin');
    const [heard] = await merchant.ear.hear(1);
    expect(JSON.parse(heard?.text ?? '')).toMatchObject({ Body: { stkCallback: { ResultCode: 3 } } });
    expect(merchant.simulator.transfers()).toEqual([]);
  });
});

it('toPush is a push that is right in every field', async () => {
  await open();
  expect(Object.keys(toPush('https://pay.example.co.ke/hooks/9f2c'))).toHaveLength(11);
  expect((await merchant.push()).status).toBe(200);
});
