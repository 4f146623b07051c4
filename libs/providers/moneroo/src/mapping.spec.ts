import { Money, Msisdn } from '#libs/primitives';
import type { Instruction, Party } from '#libs/provider-kit';
import { toFailureReason, toPaymentBody, toPayoutBody } from './mapping.js';
import { METHODS } from './methods.js';

function instruct(
  changes: { method?: string; amount?: string; kind?: string; party?: Partial<Party>; description?: string } = {},
): Instruction {
  const { method: code = 'mtn_bj', kind = 'payout', amount: text = '2500' } = changes;
  const method = METHODS.find((candidate) => candidate.code === code && candidate.kind === kind);
  const phone = Msisdn.parse('+2290190112233');
  if (!method || !phone) throw new TypeError('no method or phone');
  const amount = Money.parse(text, method.currency);
  if (typeof amount === 'string') throw new TypeError(amount);
  return {
    attemptId: 'att_01J8Z0000000000000000DEMO',
    amount,
    party: { phone, email: 'ama.k@example.com', firstName: 'Ama', lastName: 'Koffi', ...changes.party },
    method,
    reference: 'A-1001',
    description: changes.description,
    callbackUrls: {},
    sendBefore: 0,
  };
}
const phoneOf = (text: string): { phone: Msisdn } => {
  const phone = Msisdn.parse(text);
  if (!phone) throw new TypeError('no phone');
  return { phone };
};

describe('a payout', () => {
  it('has the amount in major units, digits without plus, and the attempt in the metadata', () => {
    expect(toPayoutBody(instruct({ description: 'Refund' }))).toEqual({
      amount: 2500,
      currency: 'XOF',
      description: 'Refund',
      method: 'mtn_bj',
      customer: { email: 'ama.k@example.com', first_name: 'Ama', last_name: 'Koffi', phone: '2290190112233' },
      recipient: { msisdn: '2290190112233' },
      metadata: { attempt_id: 'att_01J8Z0000000000000000DEMO', reference: 'A-1001' },
    });
  });

  it('of the test method goes to its account number', () => {
    const party = { ...phoneOf('+14149518161'), fields: { account_number: '4149518161' } };
    expect(toPayoutBody(instruct({ method: 'moneroo_payout_demo', amount: '5', party }))).toMatchObject({
      recipient: { account_number: '4149518161' },
    });
  });

  it('speaks of the reference where there is no description, and cuts what is too long', () => {
    expect(toPayoutBody(instruct({ description: '  ' }))).toMatchObject({ description: 'A-1001' });
    expect(toPayoutBody(instruct({ description: 'x'.repeat(200) }))).toMatchObject({ description: 'x'.repeat(155) });
  });

  it.each([
    [
      'shillings with cents',
      { method: 'mpesa_ke', amount: '10.50', party: phoneOf('+254700000123') },
      'provider_rejected',
    ],
    ['nothing', { amount: '0' }, 'provider_rejected'],
    ['a blank name', { party: { lastName: ' ' } }, 'provider_rejected'],
    ['no e-mail', { party: { email: undefined } }, 'provider_rejected'],
    ['a number of another country', { party: phoneOf('+254700000123') }, 'invalid_recipient'],
  ])('is refused with %s', (_, changes, reason) => {
    expect(toPayoutBody(instruct(changes))).toMatchObject({ kind: 'rejected', reason });
  });
});

describe('a payment', () => {
  const collect = { kind: 'collection' };

  it('returns to a page, and is refused without one', () => {
    const returnUrl = 'https://pay.example/return/0f';
    expect(toPaymentBody({ ...instruct(collect), returnUrl })).toMatchObject({
      return_url: returnUrl,
      methods: ['mtn_bj'],
    });
    expect(toPaymentBody({ ...instruct(collect), returnUrl: undefined })).toMatchObject({
      kind: 'rejected',
      reason: 'provider_rejected',
    });
  });
});

describe('why it failed', () => {
  it.each([
    ['Insufficient balance in the gateway account', 'merchant_balance_low', 'insufficient_funds'],
    ['Solde insuffisant', 'merchant_balance_low', 'insufficient_funds'],
    ['Recipient wallet not found', 'invalid_recipient', 'invalid_recipient'],
    ['The account number is not a valid test number', 'invalid_recipient', 'invalid_recipient'],
    ['Numéro introuvable', 'invalid_recipient', 'invalid_recipient'],
    ['Daily limit exceeded', 'limit_exceeded', 'limit_exceeded'],
    ['Account suspended', 'account_blocked', 'account_blocked'],
    ['Wrong PIN code', 'provider_rejected', 'wrong_pin'],
    ['Cancelled by the customer', 'provider_rejected', 'cancelled_by_customer'],
    ['Request timed out', 'provider_unavailable', 'customer_timeout'],
    ['Quelque chose', 'provider_rejected', 'provider_rejected'],
    [undefined, 'unknown_reason', 'unknown_reason'],
  ])('%s', (words, payout, payment) => {
    expect(toFailureReason(words, 'payouts')).toBe(payout);
    expect(toFailureReason(words, 'payments')).toBe(payment);
  });
});
