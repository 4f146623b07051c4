import { constants, publicEncrypt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMpesaSimulator, type MpesaSimulatorOptions } from './index.js';
import { DEFAULT_DIRECTORY } from './merchants.js';
import { AT_ONCE, Merchant, PAYER, toCredential, type HttpAnswer } from './spec-support.js';

let merchant: Merchant;
const open = async (options: MpesaSimulatorOptions = {}): Promise<void> => {
  merchant = await Merchant.open({ ...options, settings: { openingFloat: 1_000, ...options.settings } });
};
afterEach(() => merchant.close());

interface Result {
  readonly ResultType: unknown;
  readonly ResultCode: unknown;
  readonly ResultDesc: string;
  readonly OriginatorConversationID: string;
  readonly ConversationID: string;
  readonly TransactionID?: string;
  readonly ResultParameters?: { readonly ResultParameter: { Key: string; Value?: unknown }[] };
  readonly ReferenceData?: unknown;
}

/** Every Result and notice that was heard, once nothing is under way any more. */
async function results(path = 'result'): Promise<Result[]> {
  expect(await merchant.simulator.idle()).toBe(true);
  return merchant.ear.heard
    .filter((heard) => heard.path.endsWith(`/${path}`))
    .map(({ text }) => (JSON.parse(text) as { Result: Result }).Result);
}

async function lastResult(): Promise<Result> {
  const result = (await results()).at(-1);
  if (!result) throw new Error('No Result came');
  return result;
}

const valuesOf = ({ ResultParameters }: Result): Record<string, unknown> =>
  Object.fromEntries((ResultParameters?.ResultParameter ?? []).map(({ Key, Value }) => [Key, Value]));
const idsOf = ({ json }: HttpAnswer) => {
  const { ConversationID, OriginatorConversationID } = json as Record<string, string>;
  return { ConversationID, OriginatorConversationID };
};
const float = (): bigint => merchant.simulator.balance('174379', 'Utility Account');
const held = (): string | undefined => merchant.simulator.phone(PAYER)?.balance;

/** A collection of 150 shillings that is in the book; its receipt. */
async function collect(): Promise<string> {
  const paid = { shortcode: '174379', phone: PAYER, amount: 150, reference: 'INV-1' };
  const answer = await merchant.control('POST', '/payments', paid);
  expect(answer).toMatchObject({ status: 201, json: { direction: 'in', amount: '150.00', reference: 'INV-1' } });
  return (answer.json as { receipt: string }).receipt;
}

describe('a payout', () => {
  it('is acknowledged, moves money, sends a message and a Result byte for byte', async () => {
    const now = Date.UTC(2026, 2, 14, 12, 31, 2);
    await open({ time: { now: () => now, after: (_ms, work) => (setImmediate(work), () => undefined) } });
    const answer = await merchant.payOut();
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      ConversationID: expect.stringMatching(/^AG_20260314_[0-9a-z]{20}$/),
      OriginatorConversationID: 'pay_7f3c2a10',
      ResponseCode: '0',
      ResponseDescription: 'Accept the service request successfully.',
    });
    await merchant.ear.hear(1);
    const [transfer] = merchant.simulator.transfers();
    expect(transfer).toMatchObject({
      ...{ direction: 'out', kind: 'payout', party: PAYER, amount: '500.00', currency: 'KES', status: 'completed' },
      ...{ reference: 'pay_7f3c2a10', conversationId: idsOf(answer).ConversationID, checkoutRequestId: null },
    });
    const receipt = transfer?.receipt ?? '';
    expect(receipt).toMatch(/^UCE[A-Z0-9]{7}$/);
    expect(merchant.ear.heard.map(({ text }) => text)).toEqual([
      '{"Result":{"ResultType":0,"ResultCode":0,"ResultDesc":"The service request is processed successfully.",' +
        `"OriginatorConversationID":"pay_7f3c2a10","ConversationID":"${idsOf(answer).ConversationID}","TransactionID":"${receipt}",` +
        '"ResultParameters":{"ResultParameter":[{"Key":"TransactionAmount","Value":500},' +
        `{"Key":"TransactionReceipt","Value":"${receipt}"},` +
        '{"Key":"ReceiverPartyPublicName","Value":"254700000123 - Jane Doe"},' +
        '{"Key":"TransactionCompletedDateTime","Value":"14.03.2026 15:31:02"},' +
        '{"Key":"B2CUtilityAccountAvailableFunds","Value":500.00},{"Key":"B2CWorkingAccountAvailableFunds","Value":0.00},' +
        '{"Key":"B2CRecipientIsRegisteredCustomer","Value":"Y"},{"Key":"B2CChargesPaidAccountAvailableFunds","Value":0.00}]},' +
        '"ReferenceData":{"ReferenceItem":{"Key":"QueueTimeoutURL",' +
        '"Value":"https://internalsandbox.safaricom.co.ke/mpesa/b2cresults/v1/submit"}}}}',
    ]);
    expect([float(), held()]).toEqual([50_000n, '250500.00']);
    expect(merchant.simulator.phone(PAYER)?.messages).toEqual([
      {
        at: '2026-03-14T12:31:02.000Z',
        text: `${receipt} Confirmed. You have received Ksh500.00 from Demo Shop on 14/3/26 at 3:31 PM. New M-PESA balance is Ksh250,500.00.`,
      },
    ]);
  });

  it('goes by v1 too, where the gateway makes the id and the same request pays twice', async () => {
    await open();
    const v1 = { OriginatorConversationID: undefined, Occassion: undefined, Occasion: 'October' };
    const ids = [idsOf(await merchant.payOut(v1, 'v1')), idsOf(await merchant.payOut(v1, 'v1'))];
    expect(new Set(ids.map(({ OriginatorConversationID }) => OriginatorConversationID)).size).toBe(2);
    expect(await results()).toHaveLength(2);
    expect(merchant.simulator.transfers()).toHaveLength(2);
    expect(float()).toBe(0n);
  });

  it('with a used OriginatorConversationID is refused, whatever became of the first', async () => {
    await open();
    await merchant.payOut();
    const duplicate = { errorCode: '500.002.1001', errorMessage: 'Duplicate OriginatorConversationID.' };
    expect(await merchant.payOut({ Amount: 20 })).toMatchObject({ status: 500, json: duplicate });
    await results();
    expect((await merchant.payOut()).status).toBe(500);
    merchant.simulator.setFaults({ duplicateAnswer: 'async' });
    expect((await merchant.payOut()).status).toBe(200);
    expect(await lastResult()).toMatchObject({ ResultCode: 15, OriginatorConversationID: 'pay_7f3c2a10' });
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it('with an id that was used long ago pays again, where the window is not for ever', async () => {
    let now = Date.UTC(2026, 2, 14);
    const time = { now: () => now, after: (_ms: number, work: () => void) => (setImmediate(work), () => undefined) };
    await open({ time, settings: { duplicateWindowMs: 60_000 } });
    await merchant.payOut();
    await merchant.ear.hear(1);
    now += 60_000;
    expect((await merchant.payOut()).status).toBe(200);
    await merchant.ear.hear(2);
    expect(merchant.simulator.transfers()).toHaveLength(2);
  });

  it.each([
    ['the float is empty', { Amount: 1001 }, 1],
    ['it is below the minimum', { Amount: 9 }, 2],
    ['it is above the maximum', { Amount: 250_001 }, 3],
    ['its number asks for a code', { PartyB: '254700002040' }, 2040],
    ['its amount asks for a code', { Amount: 202_051 }, 2051],
    ['nobody knows the shortcode', { PartyA: 600_999 }, 'SFC_IC0003'],
    ['nobody knows the operator', { InitiatorName: 'nobody' }, 2001],
    ['the credential holds another password', { SecurityCredential: toCredential('wrong') }, 2001],
    [
      'the credential is padded as OAEP',
      { SecurityCredential: toCredential(undefined, constants.RSA_PKCS1_OAEP_PADDING) },
      2001,
    ],
    [
      'the credential is the plain password',
      { SecurityCredential: Buffer.from('Safaricom999!*!').toString('base64') },
      2001,
    ],
  ])('moves nothing when %s', async (_, changes, code) => {
    await open();
    expect((await merchant.payOut(changes)).status).toBe(200);
    const result = await lastResult();
    expect(result).toMatchObject({ ResultCode: code, TransactionID: expect.stringMatching(/^[A-Z0-9]{3}0{7}$/) });
    expect(result).not.toHaveProperty('ResultParameters');
    expect(merchant.simulator.transfers()).toEqual([]);
    expect(float()).toBe(100_000n);
  });

  it('ends with 1 once the float has run out, and goes on once it is filled', async () => {
    await open({ settings: { openingFloat: 500 } });
    const codes = [];
    for (const [index, balance] of [undefined, undefined, 1_200].entries()) {
      if (balance !== undefined) await merchant.control('PUT', '/accounts/174379', { balance });
      await merchant.payOut({ OriginatorConversationID: `pay_${index}` });
      codes.push((await lastResult()).ResultCode);
    }
    expect(codes).toEqual([0, 1, 0]);
    expect(float()).toBe(70_000n);
    expect((await merchant.control('PUT', '/accounts/999999', { balance: 1 })).status).toBe(404);
  });

  it('does not fit into a full wallet', async () => {
    await open({ settings: { customerOpeningBalance: 499_600 } });
    await merchant.payOut();
    expect(await lastResult()).toMatchObject({ ResultCode: 8 });
    expect(merchant.simulator.transfers()).toEqual([]);
  });

  it('needs the product, the role and the permission to pay out', async () => {
    const [app] = DEFAULT_DIRECTORY.apps;
    const [shop] = DEFAULT_DIRECTORY.merchants;
    if (!app || !shop?.initiator) throw new TypeError('The directory has no app or operator');
    await open({ directory: { apps: [{ ...app, products: ['stk'] }], merchants: [shop] } });
    expect(await merchant.payOut()).toMatchObject({
      status: 401,
      json: { errorMessage: expect.stringContaining('no apiproduct match') },
    });
    await merchant.close();
    const operator = { ...shop.initiator, roles: ['balance'] as const };
    await open({
      directory: { apps: [app], merchants: [{ ...shop, initiator: { ...operator, roles: [...operator.roles] } }] },
    });
    await merchant.payOut();
    expect(await lastResult()).toMatchObject({ ResultCode: 21 });
    await merchant.close();
    await open({ directory: { apps: [app], merchants: [{ ...shop, paysOut: false }] } });
    await merchant.payOut();
    expect(await lastResult()).toMatchObject({ ResultCode: 2028 });
  });

  it('locks the operator after so many wrong credentials, until somebody unlocks it', async () => {
    await open({ settings: { credentialTries: 2 } });
    const codes = [];
    const wrong = { SecurityCredential: toCredential('wrong') };
    for (const [index, changes] of [wrong, {}, wrong, wrong, {}].entries()) {
      await merchant.payOut({ OriginatorConversationID: `pay_${index}`, Amount: 10, ...changes });
      codes.push((await lastResult()).ResultCode);
    }
    expect(codes).toEqual([2001, 0, 2001, 2001, 8006]);
    expect((await merchant.control('PUT', '/accounts/174379', { locked: false })).json).toMatchObject({
      locked: false,
    });
    await merchant.payOut({ OriginatorConversationID: 'pay_9', Amount: 10 });
    expect(await lastResult()).toMatchObject({ ResultCode: 0 });
  });

  it.each([
    ['OriginatorConversationID', { OriginatorConversationID: undefined }],
    ['InitiatorName', { InitiatorName: undefined, Initiator: 'testapi' }],
    ['SecurityCredential', { SecurityCredential: '' }],
    ['CommandID', { CommandID: 'Pay' }],
    ['Amount', { Amount: 10.5 }],
    ['PartyB', { PartyB: '0700000123' }],
    ['PartyA', { PartyA: 'shop' }],
    ['Remarks', { Remarks: 'x' }],
    ['QueueTimeOutURL', { QueueTimeOutURL: 'nowhere' }],
    ['ResultURL', { ResultURL: 'https://pay.example.co.ke/mpesa' }],
  ])('without a good %s is refused by that name', async (field, changes) => {
    await open();
    const answer = await merchant.payOut(changes);
    expect(answer).toMatchObject({
      status: 400,
      json: { errorCode: '400.002.02', errorMessage: `Bad Request - Invalid ${field}` },
    });
    expect(merchant.simulator.orders()).toEqual([]);
  });

  it.each([
    ['orderAnswerLost', undefined],
    ['orderAnswerUnreadable', 200],
    ['orderAnswerEmpty', 200],
    ['orderAnswerError', 500],
    ['orderAnswerBadGateway', 502],
  ])('was carried out all the same: %s', async (fault, status) => {
    await open({ faults: { [fault]: true, orderScope: 'b2c' } });
    const answer = merchant.payOut();
    if (status === undefined) await expect(answer).rejects.toThrow();
    else expect((await answer).status).toBe(status);
    expect(await results()).toMatchObject([{ ResultCode: 0, OriginatorConversationID: 'pay_7f3c2a10' }]);
    expect(merchant.simulator.transfers()).toHaveLength(1);
    expect((await merchant.askBalance()).status).toBe(200); // The scope spares it.
  });

  it.each([
    ['systemError', '500.002.1001', 'System internal error.'],
    ['duplicate', '500.002.1001', 'Duplicate OriginatorConversationID.'],
    ['internalError', '500.003.1001', 'Internal Server Error'],
  ] as const)('is refused and not taken: %s', async (orderRefusal, errorCode, errorMessage) => {
    await open({ faults: { orderRefusal } });
    expect(await merchant.payOut()).toMatchObject({ status: 500, json: { errorCode, errorMessage } });
    expect(merchant.simulator.orders()).toEqual([]);
  });
});

describe('the queue', () => {
  it('expires a payout: a notice, no Result, and no money', async () => {
    await open({ faults: { queueTimeout: 1 } });
    await merchant.payOut();
    expect(await results('timeout')).toMatchObject([
      { ResultType: 1, ResultCode: 1, ResultDesc: 'The service request timed out.' },
    ]);
    expect(await results()).toEqual([]);
    expect(merchant.simulator.transfers()).toEqual([]);
    await merchant.askStatus({ OriginalConversationID: 'pay_7f3c2a10' });
    expect(await lastResult()).toMatchObject({ ResultCode: 2033 });
  });

  it('sends a notice although it paid', async () => {
    await open({ faults: { queueTimeoutAnyway: 1, noticeShape: 'empty' } });
    await merchant.payOut();
    expect(await results()).toMatchObject([{ ResultCode: 0 }]);
    expect(merchant.ear.heard.map(({ path, text }) => [path.slice(-8), text])).toContainEqual(['/timeout', '{}']);
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });
});

describe('a Result', () => {
  it('can be lost, late, copied, or faster than the acknowledgement', async () => {
    await open({ faults: { resultDrop: 1 } });
    await merchant.payOut({ OriginatorConversationID: 'pay_1', Amount: 10 });
    expect(await results()).toEqual([]);
    expect(merchant.simulator.callbacks()).toMatchObject([{ state: 'dropped', about: 'result' }]);
    merchant.simulator.setFaults({ resultCopies: 2 });
    await merchant.payOut({ OriginatorConversationID: 'pay_2', Amount: 10 });
    expect(await results()).toHaveLength(3);
    merchant.simulator.setFaults({ resultCopies: 0, resultEarly: 1 });
    await merchant.payOut({ OriginatorConversationID: 'pay_3', Amount: 10 });
    // Nothing was waited for: it was here before the answer was.
    expect(merchant.ear.heard).toHaveLength(4);
    expect(merchant.simulator.transfers()).toHaveLength(3);
    merchant.simulator.setFaults({ resultExtraDelayMs: 3_600_000 });
    await merchant.payOut({ OriginatorConversationID: 'pay_4', Amount: 10 });
    expect(await merchant.simulator.idle(50)).toBe(false);
    expect(merchant.ear.heard).toHaveLength(4);
  });

  it.each<[Record<string, unknown>, (result: Result) => void]>([
    [{ resultCodeType: 'string' }, (result) => expect(result).toMatchObject({ ResultCode: '0', ResultType: '0' })],
    [{ resultType: '1' }, (result) => expect(result).toMatchObject({ ResultType: 1 })],
    [{ resultOriginator: 'gateway' }, (result) => expect(result.OriginatorConversationID).toMatch(/^[0-9a-f]{4}-/)],
    [{ resultConversationId: 'AG_other' }, (result) => expect(result.ConversationID).toBe('AG_other')],
    [{ resultOriginatorConversationId: 'other' }, (result) => expect(result.OriginatorConversationID).toBe('other')],
    [{ resultParameters: 'missing' }, (result) => expect(result).not.toHaveProperty('ResultParameters')],
    [
      { resultParameterOrder: 'reversed' },
      (result) =>
        expect(result.ResultParameters?.ResultParameter.at(-1)).toEqual({ Key: 'TransactionAmount', Value: 500 }),
    ],
    [{ resultReference: 'absent' }, (result) => expect(result).not.toHaveProperty('ReferenceData')],
    [{ resultReference: 'array' }, (result) => expect(result.ReferenceData).toMatchObject({ ReferenceItem: [{}, {}] })],
    [
      { resultReference: 'withoutValue' },
      (result) => expect(result.ReferenceData).toEqual({ ReferenceItem: { Key: 'Occasion' } }),
    ],
    [{ resultAmount: '501' }, (result) => expect(valuesOf(result)).toMatchObject({ TransactionAmount: 501 })],
    [
      { resultAmountForm: '"500.00"' },
      (result) => expect(valuesOf(result)).toMatchObject({ TransactionAmount: '500.00' }),
    ],
    [
      { resultPhone: '254711222333' },
      (result) => expect(valuesOf(result)).toMatchObject({ ReceiverPartyPublicName: '254711222333 - Jane Doe' }),
    ],
    [
      { resultReceipt: 'missing' },
      (result) =>
        expect([result.TransactionID, valuesOf(result)['TransactionReceipt']]).toEqual([undefined, undefined]),
    ],
    [{ resultContradiction: '2001' }, (result) => expect(result).toMatchObject({ ResultCode: 2001 })],
    [
      { resultContradiction: 'SFC_IC0003', resultFailureParameters: 'single' },
      (result) =>
        expect(result).toMatchObject({
          ResultCode: 'SFC_IC0003',
          ResultParameters: { ResultParameter: { Key: 'BOCompletedTime', Value: expect.any(Number) } },
        }),
    ],
  ])('takes the shape of %j', async (faults, check) => {
    await open({ faults });
    await merchant.payOut();
    check(await lastResult());
    expect(merchant.simulator.transfers()).toMatchObject([{ amount: '500.00', party: PAYER }]);
  });

  it('of a failure can claim success, and name an id like any other', async () => {
    await open({ faults: { payoutResult: '26', resultContradiction: '0' } });
    await merchant.payOut();
    expect(await lastResult()).toMatchObject({ ResultCode: 0, TransactionID: expect.not.stringMatching(/0{7}$/) });
    merchant.simulator.setFaults({ failedTransactionId: 'normal', resultContradiction: null });
    await merchant.payOut({ OriginatorConversationID: 'pay_2' });
    expect(await lastResult()).toMatchObject({ ResultCode: 26, TransactionID: expect.not.stringMatching(/0{7}$/) });
    expect(merchant.simulator.transfers()).toEqual([]);
  });
});

describe('a status query', () => {
  it('finds a payout by its OriginatorConversationID, with its own ids around it', async () => {
    await open();
    const paid = idsOf(await merchant.payOut());
    await results();
    const asked = idsOf(await merchant.askStatus({ OriginalConversationID: 'pay_7f3c2a10' }));
    const result = await lastResult();
    expect(result).toMatchObject({ ...asked, ResultCode: 0 });
    expect(valuesOf(result)).toMatchObject({
      ...{ TransactionStatus: 'Completed', Amount: '500', ReceiptNo: merchant.simulator.transfers()[0]?.receipt },
      ...{ DebitPartyName: '174379 - Demo Shop', CreditPartyName: '254700000123 - Jane Doe' },
      ...{ ConversationID: paid.ConversationID, OriginatorConversationID: 'pay_7f3c2a10' },
    });
    expect(result.ResultParameters?.ResultParameter).toContainEqual({ Key: 'TransactionReason' });
    expect(merchant.simulator.transfers()).toHaveLength(1);
  });

  it('finds a collection by its receipt', async () => {
    await open();
    await merchant.askStatus({ TransactionID: await collect() });
    expect(valuesOf(await lastResult())).toMatchObject({ TransactionStatus: 'Completed', Amount: '150' });
  });

  it.each([
    [{ statusOfOpen: 'Pending Authorized' }, { orderDelayMs: 60_000 }, 'Pending Authorized'],
    [{ payoutResult: '26' }, {}, 'Declined'],
    [{ payoutResult: '26', statusOfFailed: 'Expired' }, {}, 'Expired'],
    [{ statusContradiction: 'Cancelled' }, {}, 'Cancelled'],
    [{ statusContradiction: 'Reticulated' }, {}, 'Reticulated'],
  ] as const)('tells under %j what stands there', async (faults, settings, status) => {
    await open({ faults, settings });
    await merchant.payOut();
    merchant.simulator.setSettings({ orderDelayMs: 0 });
    await merchant.askStatus({ OriginalConversationID: 'pay_7f3c2a10' });
    while (!merchant.simulator.callbacks().some(({ body }) => body.includes('TransactionStatus')))
      await new Promise(setImmediate);
    const body =
      merchant.simulator.callbacks().find((callback) => callback.body.includes('TransactionStatus'))?.body ?? '';
    expect(valuesOf((JSON.parse(body) as { Result: Result }).Result)).toMatchObject({ TransactionStatus: status });
  });

  it.each([
    ['there never was', { OriginalConversationID: 'pay_other' }, {}, 2033],
    ['is not found', { OriginalConversationID: 'pay_7f3c2a10' }, { statusUnknown: 1 }, 2033],
    ['is another merchant’s', { OriginalConversationID: 'pay_7f3c2a10', PartyA: '603021' }, {}, 2033],
    [
      'failed, as if there had been none',
      { OriginalConversationID: 'pay_7f3c2a10' },
      { payoutResult: '26', statusOfFailed: 'SFC_IC0003' },
      'SFC_IC0003',
    ],
    ['cannot be asked about', { OriginalConversationID: 'pay_7f3c2a10' }, { statusResult: '21' }, 21],
  ] as const)('about one that %s answers with a code alone', async (_, question, faults, code) => {
    await open({ faults });
    await merchant.payOut();
    await results();
    await merchant.askStatus(question);
    const result = await lastResult();
    expect(result).toMatchObject({ ResultCode: code });
    expect(result).not.toHaveProperty('ResultParameters');
  });

  it('names both parties as debited, as the portal does', async () => {
    await open({ faults: { statusParties: 'bothDebit' } });
    await merchant.payOut();
    await results();
    await merchant.askStatus({ OriginalConversationID: 'pay_7f3c2a10' });
    const names = (await lastResult()).ResultParameters?.ResultParameter.filter(({ Key }) => Key === 'DebitPartyName');
    expect(names).toEqual([
      { Key: 'DebitPartyName', Value: '174379 - Demo Shop' },
      { Key: 'DebitPartyName', Value: '254700000123 - Jane Doe' },
    ]);
  });

  it('needs something to ask about', async () => {
    await open();
    expect((await merchant.askStatus({})).json).toMatchObject({ errorMessage: 'Bad Request - Invalid TransactionID' });
  });
});

describe('a reversal', () => {
  it('moves the money back, once', async () => {
    await open();
    const receipt = await collect();
    expect([float(), held()]).toEqual([115_000n, '249850.00']);
    await merchant.reverse(receipt);
    const result = await lastResult();
    const [original, undone] = merchant.simulator.transfers();
    expect(original).toMatchObject({ receipt, status: 'reversed', direction: 'in' });
    expect(undone).toMatchObject({
      ...{ direction: 'out', kind: 'reversal', reverses: receipt, party: PAYER, amount: '150.00', reference: 'att_1' },
    });
    expect(result).toMatchObject({ ResultCode: 0, TransactionID: undone?.receipt });
    expect(valuesOf(result)).toMatchObject({
      ...{ Amount: 150, OriginalTransactionID: receipt, Charge: 0, TransCompletedTime: expect.any(Number) },
      ...{ CreditPartyPublicName: '254700000123 - Jane Doe', DebitPartyPublicName: '174379 - Demo Shop' },
      DebitAccountBalance: 'Utility Account|KES|1000.00|1000.00|0.00|0.00',
    });
    expect([float(), held()]).toEqual([100_000n, '250000.00']);
    expect(merchant.simulator.phone(PAYER)?.messages[0]?.text).toContain(`Reversal of transaction ${receipt}`);
    await merchant.reverse(receipt);
    expect(await lastResult()).toMatchObject({ ResultCode: 'R000001' });
    expect(merchant.simulator.transfers()).toHaveLength(2);
  });

  it('takes only collections of this very shortcode, whole, and with money left', async () => {
    await open();
    const receipt = await collect();
    const codes = [];
    for (const changes of [{ TransactionID: 'UCE0000000' }, { ReceiverParty: '603021' }, { Amount: 149 }]) {
      await merchant.reverse(receipt, { RecieverIdentifierType: '4', ...changes });
      codes.push((await lastResult()).ResultCode);
    }
    merchant.simulator.setFloat('174379', 100n);
    await merchant.reverse(receipt);
    codes.push((await lastResult()).ResultCode);
    merchant.simulator.setFaults({ reversalResult: '2006' });
    await merchant.reverse(receipt);
    codes.push((await lastResult()).ResultCode);
    expect(codes).toEqual(['R000002', 'R000002', 25, 1, 2006]);
    expect(merchant.simulator.transfers()).toMatchObject([{ receipt, status: 'completed' }]);
  });

  it('wants RecieverIdentifierType spelled wrong', async () => {
    await open();
    const spelledRight = { RecieverIdentifierType: undefined, ReceiverIdentifierType: '11' };
    expect((await merchant.reverse('UCE4K7Q2ZP', spelledRight)).json).toMatchObject({
      errorMessage: 'Bad Request - Invalid RecieverIdentifierType',
    });
  });

  it('of a payout there is not', async () => {
    await open();
    await merchant.payOut();
    await results();
    await merchant.reverse(merchant.simulator.transfers()[0]?.receipt ?? '', { Amount: 500 });
    expect(await lastResult()).toMatchObject({ ResultCode: 'R000002' });
  });
});

it('a balance query lists the accounts, its codes as strings', async () => {
  await open();
  await merchant.payOut({ Amount: 228 });
  await results();
  await merchant.askBalance();
  const result = await lastResult();
  expect(result).toMatchObject({ ResultType: '0', ResultCode: '0' });
  expect(valuesOf(result)).toEqual({
    AccountBalance:
      'Working Account|KES|0.00|0.00|0.00|0.00&Float Account|KES|0.00|0.00|0.00|0.00&Utility Account|KES|772.00|772.00|0.00|0.00' +
      '&Charges Paid Account|KES|0.00|0.00|0.00|0.00&Organization Settlement Account|KES|0.00|0.00|0.00|0.00',
    BOCompletedTime: expect.stringMatching(/^\d{14}$/),
  });
  merchant.simulator.setFaults({ balanceResult: '21' });
  await merchant.askBalance();
  expect(await lastResult()).toMatchObject({ ResultCode: '21' });
});

it('a credential made for Safaricom’s sandbox opens nothing here', async () => {
  await open();
  const { publicKey } = await import('node:crypto').then(({ generateKeyPairSync }) =>
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  );
  const SecurityCredential = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_PADDING },
    Buffer.from('Safaricom999!*!'),
  ).toString('base64');
  await merchant.payOut({ SecurityCredential });
  expect(await lastResult()).toMatchObject({ ResultCode: 2001 });
});

it('after a restart open orders are carried out once, and Results that were not begun are sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mpesa-orders-'));
  try {
    await open({ dataDir: folder, settings: { orderDelayMs: 60_000 } });
    await merchant.payOut();
    merchant.simulator.setSettings({ orderDelayMs: 0, callbackDelayMs: 60_000 });
    await merchant.payOut({ OriginatorConversationID: 'pay_2', Amount: 300 });
    while (merchant.simulator.transfers().length === 0) await new Promise(setImmediate);
    await merchant.simulator.close();

    // The first is due a minute after it was taken.
    const time = {
      now: () => Date.now() + 120_000,
      after: (_ms: number, work: () => void) => (setImmediate(work), () => undefined),
    };
    const simulator = await startMpesaSimulator({
      dataDir: folder,
      settings: { ...AT_ONCE, openingFloat: 1_000 },
      time,
    });
    expect(await simulator.idle()).toBe(true);
    expect(
      simulator
        .transfers()
        .map(({ reference }) => reference)
        .sort(),
    ).toEqual(['pay_2', 'pay_7f3c2a10']);
    expect(simulator.balance('174379', 'Utility Account')).toBe(20_000n); // The float was given once.
    expect(merchant.ear.heard).toHaveLength(2);
    await simulator.close();
    await merchant.ear.close();

    const again = await startMpesaSimulator({ dataDir: folder, settings: AT_ONCE });
    expect(await again.idle()).toBe(true);
    expect(again.callbacks()).toHaveLength(2);
    await again.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await open(); // For the end of every test.
  }
});
