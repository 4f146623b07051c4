import { Money, Msisdn } from '#libs/primitives';
import type { Instruction, Party } from '#libs/provider-kit';
import { toDirectBody, toLinkBody } from './bodies.js';
import { METHODS } from './methods.js';

const CALLBACK = 'https://gw.example.sn/callbacks/9f2c';

function instruct(
  changes: { method?: string; kind?: string; amount?: string; phone?: string; party?: Partial<Party> } = {},
): Instruction {
  const { method: code = 'wave_sn', kind = 'collection', amount: text = '7500', phone = '+221770000001' } = changes;
  const method = METHODS.find((candidate) => candidate.code === code && candidate.kind === kind);
  const msisdn = Msisdn.parse(phone);
  const amount = Money.parse(text, 'XOF');
  if (!method || !msisdn || typeof amount === 'string') throw new TypeError('no such instruction');
  return {
    attemptId: 'att_01J8Z0000000000000000DEMO',
    amount,
    party: { phone: msisdn, ...changes.party },
    method,
    reference: 'INV-118',
    callbackUrls: { status: CALLBACK },
    sendBefore: 0,
  };
}

describe('a direct transaction', () => {
  it.each([
    ['collection', 'WAVE_SN_CASHOUT'],
    ['payout', 'WAVE_SN_CASHIN'],
  ])('a %s is %s, with national digits and the attempt as its id', (kind, serviceCode) => {
    expect(toDirectBody(instruct({ kind }), undefined)).toEqual({
      externalTransactionId: 'att_01J8Z0000000000000000DEMO',
      serviceCode,
      amount: 7500,
      number: '770000001',
      callBackURL: CALLBACK,
      successUrl: 'https://gw.example.sn/',
      failureUrl: 'https://gw.example.sn/',
    });
  });

  it.each([
    ['orange_ml', '+22370000001', '70000001'],
    ['orange_ci', '+2250700000001', '0700000001'],
  ])('%s has the digits of its own country', (method, phone, number) => {
    expect(toDirectBody(instruct({ method, phone }), undefined)).toMatchObject({ number });
  });

  it.each([
    ['another country', { phone: '+254700000123' }],
    ['a neighbour with nine digits too', { phone: '+237670000001' }],
  ])('a number of %s is refused', (_, changes) => {
    expect(toDirectBody(instruct(changes), undefined)).toMatchObject({ kind: 'rejected', reason: 'invalid_recipient' });
  });

  it('returns to the page of the collection, else of the account, and never to the callback path', () => {
    const own = { ...instruct(), returnUrl: 'https://shop.example/order/118' };
    expect(toDirectBody(own, 'https://shop.example/')).toMatchObject({ successUrl: own.returnUrl });
    expect(toDirectBody(instruct(), 'https://shop.example/')).toMatchObject({ failureUrl: 'https://shop.example/' });
  });
});

describe('a link', () => {
  it('says who pays and for what', () => {
    const party = { firstName: 'Awa', lastName: 'Ndiaye', email: 'awa@example.sn' };
    expect(toLinkBody(instruct({ party }), undefined)).toMatchObject({
      ItemName: 'INV-118',
      ItemPrice: 7500,
      customData: '{"attemptId":"att_01J8Z0000000000000000DEMO"}',
      ClientName: 'Awa Ndiaye',
      ClientPhone: '770000001',
      Email: 'awa@example.sn',
    });
  });

  it('of a payer abroad names no number', () => {
    expect(toLinkBody(instruct({ phone: '+254700000123' }), undefined)).not.toHaveProperty('ClientPhone');
  });

  it.each([
    ['99', 'limit_exceeded'],
    ['1000001', 'limit_exceeded'],
    ['0', 'provider_rejected'],
  ])('of %s francs is refused', (amount, reason) => {
    expect(toLinkBody(instruct({ amount }), undefined)).toMatchObject({ kind: 'rejected', reason });
  });

  it('begins at 100 francs', () => {
    expect(toLinkBody(instruct({ amount: '100' }), undefined)).toMatchObject({ ItemPrice: 100 });
  });
});
