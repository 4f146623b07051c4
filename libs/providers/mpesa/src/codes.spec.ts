import type { StatusReport } from '#libs/provider-kit';
import { ORDER_ERRORS, PUSH_ERRORS, RESULT_CODES } from './codes.js';
import { ORDER_RESULT_CODES, TRANSACTION_STATUSES } from './order-codes.js';
import { toResultReport } from './mapping.js';

describe('result codes', () => {
  // Written from the wire reference §6, not from the table.
  const expected: [string, Partial<StatusReport> & { reason?: string }][] = [
    ['0', { kind: 'succeeded' }],
    ['1', { kind: 'failed', reason: 'insufficient_funds' }],
    ['2', { kind: 'failed', reason: 'limit_exceeded' }],
    ['3', { kind: 'failed', reason: 'limit_exceeded' }],
    ['4', { kind: 'failed', reason: 'limit_exceeded' }],
    ['8', { kind: 'failed', reason: 'limit_exceeded' }],
    ['15', { kind: 'unknown' }],
    ['17', { kind: 'failed', reason: 'duplicate_suspected' }],
    ['26', { kind: 'failed', reason: 'provider_unavailable' }],
    ['1001', { kind: 'failed', reason: 'subscriber_busy' }],
    ['1019', { kind: 'expired', reason: 'customer_timeout' }],
    ['1025', { kind: 'failed', reason: 'provider_unavailable' }],
    ['1031', { kind: 'cancelled', reason: 'cancelled_by_customer' }],
    ['1032', { kind: 'cancelled', reason: 'cancelled_by_customer' }],
    ['1036', { kind: 'expired', reason: 'customer_timeout' }],
    ['1037', { kind: 'expired', reason: 'customer_unreachable' }],
    ['1050', { kind: 'unknown' }],
    ['1101', { kind: 'failed', reason: 'provider_rejected' }],
    ['1102', { kind: 'failed', reason: 'provider_rejected' }],
    ['2001', { kind: 'failed', reason: 'wrong_pin' }],
    ['2006', { kind: 'failed', reason: 'account_blocked' }],
    ['2008', { kind: 'failed', reason: 'unknown_reason' }],
    ['2026', { kind: 'unknown' }],
    ['2028', { kind: 'failed', reason: 'provider_misconfigured' }],
    ['2029', { kind: 'failed', reason: 'provider_misconfigured' }],
    ['4999', { kind: 'pending' }],
    ['8006', { kind: 'failed', reason: 'account_blocked' }],
    ['9999', { kind: 'unknown' }],
    ['100000100', { kind: 'unknown' }],
    ['SFC_IC0003', { kind: 'failed', reason: 'provider_misconfigured' }],
    ['E3008', { kind: 'unknown' }],
  ];

  it.each(expected)('%s', (code, report) => expect(toResultReport(code)).toMatchObject(report));

  it('are all in the table above, once', () => {
    expect(RESULT_CODES.map(({ code }) => code).sort()).toEqual(expected.map(([code]) => code).sort());
  });

  it.each(['', '5', '01', '00', '-1', '10320', 'sfc_ic0003', 'constructor', '__proto__'])(
    'an unknown one, %j, is unknown and never failed',
    (code) => expect(toResultReport(code).kind).toBe('unknown'),
  );

  it.each(RESULT_CODES)('$code ends a payment with its code beside the reason', ({ code, says }) => {
    const report = toResultReport(code);
    expect('reason' in report).toBe('reason' in says);
    if ('reason' in report) expect(report.providerCode).toBe(code);
  });
});

const statuses = Object.entries(TRANSACTION_STATUSES).map(([code, { source }]) => ({ code, source }));

it.each([...RESULT_CODES, ...PUSH_ERRORS, ...ORDER_ERRORS, ...ORDER_RESULT_CODES, ...statuses])(
  '$code names where it was read',
  ({ source }) => {
    expect(source).toMatch(/^§[\d.]+(, §[\d.]+)* (portal|sdk|seen)\b/);
  },
);
