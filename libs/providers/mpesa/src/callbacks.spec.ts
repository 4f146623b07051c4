import type { RawCallback } from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';

const CHECKOUT = 'ws_CO_140320261530211700000123';
const { account, authenticate, parse } = createCallbacks({ type: 'paybill', shortcode: '174379' });

it('nothing is ever signed', () => {
  const forgery = raw(paid([]), { authorization: 'Basic Zm9v', 'x-signature': 'abc' });
  expect(authenticate(forgery)).toBe('unsigned');
  expect(authenticate({ ...forgery, sourceAddress: '196.201.212.69' })).toBe('unsigned');
});

describe('the account', () => {
  it('of a paybill is its shortcode', () => expect(account).toBe('174379'));
  it('of a till is not what the header says: nobody has seen what it says then', () => {
    const till = createCallbacks({ type: 'till', shortcode: '174379', tillNumber: '55123' });
    expect(till.parse(raw(paid([]), { businessshortcode: '55123' }))?.account).toBeUndefined();
  });
  it('is what the header says', () => {
    expect(parse(raw(paid([]), { businessshortcode: '600000' }))?.account).toBe('600000');
    expect(parse(raw(paid([])))?.account).toBeUndefined();
  });
});

describe('amounts', () => {
  // The raw JSON text: a float must not be what decides.
  it.each([
    ['150', '150.00'],
    ['150.0', '150.00'],
    ['150.00', '150.00'],
    ['1.5e2', '150.00'],
    ['150.5', '150.50'],
    ['150.29', '150.29'],
    ['"150.00"', '150.00'],
    ['250000', '250000.00'],
  ])('%s is %s', (value, expected) => {
    const message = parse(raw(paid([item('Amount', value)])));
    expect(message?.amount?.format()).toBe(expected);
    expect(message?.amount?.currency).toBe('KES');
    expect(message?.report).toMatchObject({ kind: 'succeeded', amount: message?.amount });
  });

  it.each(['150.005', '1e30', '"KES 150"', '"1,500"', '"150.001"', 'true', '{}', '[150]'])(
    '%s cannot be held exactly: the message is not read',
    (value) => expect(parse(raw(paid([item('Amount', value)])))).toBeUndefined(),
  );

  it.each(['null', '""'])('%s counts as not named', (value) => {
    const message = parse(raw(paid([item('Amount', value)])));
    expect(message).toMatchObject({ report: { kind: 'succeeded' }, references: { providerReference: CHECKOUT } });
    expect(message?.amount).toBeUndefined();
  });
});

describe('items', () => {
  const receipt = item('MpesaReceiptNumber', '"UCE4K7Q2ZP"');

  it.each([
    [
      'in another order',
      [item('PhoneNumber', '254700000123'), receipt, '{ "Name": "Balance" }', item('Amount', '150.00')],
    ],
    ['as strings', [item('Amount', '"150.00"'), receipt, item('PhoneNumber', '"254700000123"')]],
    [
      'with the balance of the sandbox',
      [
        item('Amount', '150'),
        receipt,
        item('Balance', '"{Amount={CurrencyCode=KES, BasicAmount=1.00}}"'),
        item('PhoneNumber', '254700000123'),
      ],
    ],
    [
      'with a new one',
      [item('Mood', '{ "good": true }'), item('Amount', '150'), receipt, item('PhoneNumber', '254700000123')],
    ],
  ])('%s', (_, items) => {
    const message = parse(raw(paid(items)));
    expect(message?.amount?.format()).toBe('150.00');
    expect(message?.payer?.e164).toBe('+254700000123');
    expect(message?.report).toMatchObject({ kind: 'succeeded', receipt: 'UCE4K7Q2ZP' });
  });

  it.each([
    ['no receipt', '"CallbackMetadata": { "Item": [{ "Name": "Amount", "Value": 150 }] }'],
    ['a receipt without its value', '"CallbackMetadata": { "Item": [{ "Name": "MpesaReceiptNumber" }] }'],
    ['no items', '"CallbackMetadata": {}'],
    ['metadata of null', '"CallbackMetadata": null'],
    ['one item that is no list', '"CallbackMetadata": { "Item": { "Name": "Amount", "Value": 150 } }'],
  ])('paid with %s is paid, receipt unknown', (_, metadata) => {
    const report = parse(raw(body(`"ResultCode": 0, ${metadata}`)))?.report;
    expect(report?.kind).toBe('succeeded');
    expect(report).toHaveProperty('receipt', undefined);
  });

  it('a masked phone costs us the payer, not the receipt', () => {
    const message = parse(raw(paid([item('PhoneNumber', '"2547 ***** 123"'), receipt])));
    expect(message?.payer).toBeUndefined();
    expect(message?.report).toMatchObject({ kind: 'succeeded', receipt: 'UCE4K7Q2ZP' });
  });
});

describe('result codes', () => {
  it.each([
    ['1032', 'cancelled'],
    ['"1032"', 'cancelled'],
    ['1037', 'expired'],
    ['1', 'failed'],
    ['"0"', 'succeeded'],
    ['4999', 'pending'],
    ['"E3008"', 'unknown'],
    ['424242', 'unknown'],
  ])('%s → %s', (code, kind) => expect(parse(raw(body(`"ResultCode": ${code}`)))?.report.kind).toBe(kind));

  it('are what counts, whatever the prose says', () => {
    const message = parse(raw(body('"ResultCode": 1032, "ResultDesc": "[STK_CB - ]Request cancelled by user"')));
    expect(message?.report).toMatchObject({ kind: 'cancelled', said: { providerCode: '1032' } });
  });

  it('keep the prose without phone numbers, and short', () => {
    const prose = `Failed for 254700000123 ${'x'.repeat(5000)}`;
    const said = parse(raw(body(`"ResultCode": 1, "ResultDesc": "${prose}"`)))?.report.said;
    expect(said?.providerMessage).not.toContain('254700000123');
    expect(said?.providerMessage?.length).toBeLessThanOrEqual(300);
  });
});

it.each([
  ['nothing', ''],
  ['no JSON', 'ResultCode=0'],
  ['null', 'null'],
  ['a list', '[]'],
  ['another message of M-Pesa', '{ "Result": { "ResultCode": 0, "ConversationID": "AG_1" } }'],
  ['no result code', body('"ResultDesc": "ok"')],
  ['an empty result code', body('"ResultCode": ""')],
  ['a result code of any length', body(`"ResultCode": "${'9'.repeat(41)}"`)],
  [
    'an id of any length',
    `{ "Body": { "stkCallback": { "CheckoutRequestID": "${'w'.repeat(201)}", "ResultCode": 0 } } }`,
  ],
  ['no id', '{ "Body": { "stkCallback": { "ResultCode": 0 } } }'],
  ['an empty id', '{ "Body": { "stkCallback": { "CheckoutRequestID": "", "ResultCode": 0 } } }'],
  ['items without names', body('"ResultCode": 0, "CallbackMetadata": { "Item": [{ "Value": 1 }] }')],
])('%s is no message', (_, text) => expect(parse(raw(text))).toBeUndefined());

it('bytes that are no UTF-8 are no message', () => {
  const text = Buffer.from(paid([]));
  expect(parse({ ...raw(''), body: Buffer.concat([text, Buffer.from([0xff])]) })).toBeUndefined();
});

function item(name: string, value: string): string {
  return `{ "Name": "${name}", "Value": ${value} }`;
}

function paid(items: readonly string[]): string {
  return body(`"ResultCode": 0, "CallbackMetadata": { "Item": [${items.join()}] }`);
}

function body(fields: string): string {
  return `{ "Body": { "stkCallback": { "CheckoutRequestID": "${CHECKOUT}", ${fields} } } }`;
}

function raw(text: string, headers: Record<string, string> = {}): RawCallback {
  return { method: 'POST', headers, body: Buffer.from(text), sourceAddress: '127.0.0.1', purpose: 'result' };
}
