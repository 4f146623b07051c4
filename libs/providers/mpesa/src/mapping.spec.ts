import { Money, Msisdn } from '#libs/primitives';
import type { HttpAnswer, Instruction } from '#libs/provider-kit';
import { toAccountReference, toOutcome, toPushBody, toReport, toTimestamp, toTransactionDesc } from './mapping.js';
import type { Settings } from './config.js';
import { mpesa } from './provider.js';

const NOON_UTC = Date.UTC(2026, 2, 14, 12, 30, 21);
const paybill: Settings = { type: 'paybill', shortcode: '174379' };
const till: Settings = { type: 'till', shortcode: '174379', tillNumber: '5512345' };
const CHECKOUT = 'ws_CO_140320261530211700000123';

describe('timestamps', () => {
  it.each([
    ['an afternoon', NOON_UTC, '20260314153021'],
    ['one second before midnight in Nairobi', Date.UTC(2025, 11, 31, 20, 59, 59), '20251231235959'],
    ['midnight in Nairobi, still last year in UTC', Date.UTC(2025, 11, 31, 21, 0, 0), '20260101000000'],
    ['a leap day', Date.UTC(2028, 1, 28, 22, 0, 0, 999), '20280229010000'],
  ])('%s', (_, at, expected) => expect(toTimestamp(at)).toBe(expected));
});

describe('a push', () => {
  it('of a paybill pays the shortcode', () => {
    expect(push(paybill)).toEqual({
      BusinessShortCode: '174379',
      Password: Buffer.from('174379secret-passkey20260314153021').toString('base64'),
      Timestamp: '20260314153021',
      TransactionType: 'CustomerPayBillOnline',
      Amount: '150',
      PartyA: '254700000123',
      PartyB: '174379',
      PhoneNumber: '254700000123',
      CallBackURL: 'https://pay.example.co.ke/callbacks/9f2c',
      AccountReference: 'ORDER7781',
      TransactionDesc: 'Order 7781',
    });
  });

  it('of a till asks as the store and pays the till', () => {
    expect(push(till)).toMatchObject({
      BusinessShortCode: '174379',
      TransactionType: 'CustomerBuyGoodsOnline',
      PartyB: '5512345',
      Password: Buffer.from('174379secret-passkey20260314153021').toString('base64'),
    });
  });

  it('sent again a minute later differs in its timestamp and password alone', () => {
    const again = toPushBody(
      { passkey: 'secret-passkey', settings: paybill },
      instruction(),
      toTimestamp(NOON_UTC + 60_000),
    );
    const varying = { Timestamp: expect.any(String), Password: expect.any(String) };
    expect(again).toEqual({ ...push(paybill), ...varying });
  });

  it.each([
    ['cents', { amount: money('150.50') }, 'provider_rejected'],
    ['nothing', { amount: money('0') }, 'provider_rejected'],
    ['less than nothing', { amount: money('-5') }, 'provider_rejected'],
    ['another currency', { amount: money('150', 'UGX') }, 'provider_rejected'],
    ['a phone of another country', { party: { phone: phone('+256772123456') } }, 'invalid_recipient'],
    ['a phone too short for Kenya', { party: { phone: phone('+25420271100') } }, 'invalid_recipient'],
  ])('of %s is rejected before anything is sent', (_, change, reason) => {
    expect(push(paybill, change)).toEqual({ kind: 'rejected', reason });
  });

  it('without a callback URL is a fault of ours, not an answer', () => {
    expect(() => push(paybill, { callbackUrls: {} })).toThrow(TypeError);
  });
});

describe('AccountReference', () => {
  it.each([
    ['INV-118', 'INV118'],
    ['ORDER-7781', 'ORDER7781'],
    ['invoice/2026/000118', 'ce2026000118'],
    ['a@b#c&d<e>f', 'abcdef'],
    ['zażółć 42', 'za42'],
    ['***', 'FVS1B2C3D4E5'],
  ])('%s → %s', (reference, expected) => {
    expect(toAccountReference({ reference, attemptId: 'att_01KABCDEFGHJKMNPFVS1B2C3D4E5' })).toBe(expected);
  });
});

describe('TransactionDesc', () => {
  it.each([
    [undefined, 'Payment'],
    ['', 'Payment'],
    ['  ', 'Payment'],
    ['<&>', 'Payment'],
    ['Order 118', 'Order 118'],
    ['Order #118, two boxes', 'Order 118 two'],
    ['Thirteen chars and more', 'Thirteen char'],
    ['Pay with M-PESA', 'Payment'],
    ['m pesa', 'Payment'],
    ['Safaricom airtime', 'Payment'],
    ['Executive desk', 'Payment'],
    ['SQL course', 'Payment'],
    ['a cmd', 'Payment'],
    ['your query', 'Payment'],
  ])('%j → %s', (description, expected) => expect(toTransactionDesc(description)).toBe(expected));
});

describe('an answer to a push', () => {
  const references = { providerReference: CHECKOUT };

  it.each([
    ['with a numeric code', 200, { ResponseCode: 0, CheckoutRequestID: CHECKOUT }, { kind: 'accepted', references }],
    [
      'with an empty second id',
      200,
      { ResponseCode: '0', CheckoutRequestID: CHECKOUT, MerchantRequestID: '' },
      { kind: 'accepted', references },
    ],
    ['that says yes but no id', 200, { ResponseCode: '0' }, { kind: 'unknown' }],
    ['with an empty id', 200, { ResponseCode: '0', CheckoutRequestID: '' }, { kind: 'unknown' }],
    ['with an undocumented code', 200, { ResponseCode: '1', CheckoutRequestID: CHECKOUT }, { kind: 'unknown' }],
    ['that says yes with HTTP 201', 201, { ResponseCode: '0', CheckoutRequestID: CHECKOUT }, { kind: 'unknown' }],
    ['that says yes with HTTP 500', 500, { ResponseCode: '0', CheckoutRequestID: CHECKOUT }, { kind: 'unknown' }],
    ['with a list', 200, [], { kind: 'unknown' }],
    ['with nothing', 200, undefined, { kind: 'unknown' }],
    // With a 5xx neither the code nor the words suffice alone.
    ['500.001.1001 without words', 500, error('500.001.1001', ''), { kind: 'unknown' }],
    ['500.001.1001 with new words', 500, error('500.001.1001', 'Something else'), { kind: 'unknown' }],
    ['known words under another code', 500, error('500.009.99', 'Wrong credentials'), { kind: 'unknown' }],
    ['a validation code with a 5xx', 500, error('400.002.05', 'Invalid Request Payload'), { kind: 'unknown' }],
    ['a token code with a 5xx', 500, error('404.001.03', 'Invalid Access Token'), { kind: 'unknown' }],
    [
      'no route with a 5xx',
      503,
      { fault: { faultstring: 'Unable to identify proxy for host: x' } },
      { kind: 'unknown' },
    ],
    ['no words where words must be', 503, { errorCode: '00.002.1001', errorMessage: null }, { kind: 'unknown' }],
    ['an unknown 4xx code', 400, error('400.777.01', 'Bad Request'), { kind: 'unknown' }],
    ['a 4xx without a body', 404, undefined, { kind: 'unknown' }],
    [
      'the payer under the other name',
      400,
      error('400.002.02', 'Bad Request - Invalid PartyA'),
      { kind: 'rejected', reason: 'invalid_recipient' },
    ],
    [
      'a throttle as HTTP 429',
      429,
      error('500.003.02', 'Error Occurred: Spike Arrest Violation'),
      { kind: 'deferred' },
    ],
    ['a bare HTTP 429', 429, undefined, { kind: 'deferred', retryAfterMs: 60_000 }],
    [
      'maintenance with HTTP 200',
      200,
      error('00.002.1001', 'Service is currently under maintenance.'),
      { kind: 'deferred' },
    ],
  ])('%s', (_, status, body, expected) => expect(toOutcome(answer(status, body))).toMatchObject(expected));

  it.each([
    [{ kind: 'notSent', cause: 'refused' } as const, 'deferred'],
    [{ kind: 'noResponse', cause: 'silence', durationMs: 1 } as const, 'unknown'],
    [{ kind: 'deferred', cause: 'no token' } as const, 'deferred'],
    [{ kind: 'rejected', cause: 'credentials' } as const, 'rejected'],
  ])('%j → %s', (exchange, kind) => expect(toOutcome(exchange).kind).toBe(kind));
});

describe('an answer to a query', () => {
  const result = { ResponseCode: '0', CheckoutRequestID: CHECKOUT };

  it.each([
    ['with a numeric result', 200, { ...result, ResultCode: 0 }, 'succeeded'],
    ['without its id', 200, { ResponseCode: '0', ResultCode: '0' }, 'succeeded'],
    ['about another payment', 200, { ...result, CheckoutRequestID: 'ws_CO_other', ResultCode: '0' }, 'unknown'],
    [
      'in flight about another payment',
      200,
      { ...result, CheckoutRequestID: 'ws_CO_other', ResultCode: '4999' },
      'unknown',
    ],
    ['a verdict without a ResponseCode', 200, { ResultCode: '0' }, 'unknown'],
    ['a verdict with a bad ResponseCode', 200, { ...result, ResponseCode: '1', ResultCode: '1032' }, 'unknown'],
    ['in flight without a ResponseCode', 200, { ResultCode: '4999' }, 'pending'],
    ['an unknown result', 200, { ...result, ResultCode: '7777' }, 'unknown'],
    ['no result', 200, result, 'unknown'],
    ['an object as result', 200, { ...result, ResultCode: {} }, 'unknown'],
    ['a verdict with HTTP 500', 500, { ...result, ResultCode: '1032' }, 'unknown'],
    ['success with HTTP 500', 500, { ...result, ResultCode: '0' }, 'unknown'],
    ['in flight with HTTP 500', 500, error('500.001.1001', 'The transaction is being processed'), 'pending'],
    ['in flight, its message null, HTTP 200', 200, { errorCode: '500.001.1001', errorMessage: null }, 'pending'],
    ['the same with HTTP 500', 500, error('500.001.1001', ''), 'unknown'],
    ['in flight under another code', 500, error('500.003.1001', 'The transaction is being processed'), 'unknown'],
    ['no such transaction', 500, error('500.001.1001', 'The transaction does not Exist'), 'unknown'],
    ['no such transaction with HTTP 200', 200, error('500.001.1001', 'The transaction does not Exist'), 'unknown'],
    ['a bad id', 400, error('400.002.02', 'Bad Request - Invalid CheckoutRequestID'), 'unknown'],
    ['nothing', 200, undefined, 'unknown'],
  ])('%s', (_, status, body, kind) => expect(toReport(answer(status, body), CHECKOUT).kind).toBe(kind));

  it.each([
    { kind: 'notSent', cause: 'refused' } as const,
    { kind: 'noResponse', cause: 'silence', durationMs: 1 } as const,
    { kind: 'deferred', cause: 'no token' } as const,
    { kind: 'rejected', cause: 'credentials' } as const,
  ])('%j says nothing about the payment', (exchange) => expect(toReport(exchange, CHECKOUT).kind).toBe('unknown'));
});

function instruction(change: Partial<Instruction> = {}): Instruction {
  const [method] = mpesa.methods;
  if (!method) throw new TypeError('No method');
  return {
    attemptId: 'att_01KABCDEFGHJKMNPFVS1B2C3D4E5',
    amount: money('150'),
    party: { phone: phone('+254700000123') },
    method,
    reference: 'ORDER-7781',
    description: 'Order 7781',
    callbackUrls: { result: 'https://pay.example.co.ke/callbacks/9f2c' },
    sendBefore: NOON_UTC + 60_000,
    ...change,
  };
}

function push(settings: Settings, change: Partial<Instruction> = {}) {
  return toPushBody({ passkey: 'secret-passkey', settings }, instruction(change), toTimestamp(NOON_UTC));
}

function money(amount: string, currency = 'KES'): Money {
  const parsed = Money.parse(amount, currency);
  if (typeof parsed === 'string') throw new TypeError(parsed);
  return parsed;
}

function phone(text: string): Msisdn {
  const parsed = Msisdn.parse(text);
  if (!parsed) throw new TypeError(text);
  return parsed;
}

function error(errorCode: string, errorMessage: string) {
  return { requestId: 'a1b2', errorCode, errorMessage };
}

function answer(status: number, body: unknown): HttpAnswer {
  return { kind: 'response', status, headers: {}, text: JSON.stringify(body) ?? '', body, durationMs: 1 };
}
