/** How the book calls the end of an order that never left the queue. */
export const QUEUE_TIMEOUT = 'QUEUE_TIMEOUT';

/** ResultDesc by ResultCode of payouts, reversals and questions (§9–§12). */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  '0': 'The service request is processed successfully.',
  '1': 'The balance is insufficient for the transaction.',
  '2': 'Declined due to limit rule: less than the minimum transaction amount.',
  '3': 'Declined due to limit rule: greater than the maximum transaction amount.',
  '4': 'Declined due to limit rule: would exceed daily transfer limit.',
  '7': 'The receiver is unresolved.',
  '8': 'Declined due to limit rule: would exceed the maximum balance.',
  '11': 'The DebitParty is in an invalid state.',
  '14': 'The credit account is unresolved.',
  '15': 'Duplicate Detected',
  '17': 'System internal error.',
  '18': 'Initiator Credential Check Failure',
  '20': 'Unresolved Initiator',
  '21': 'The initiator is not allowed to initiate this request.',
  '22': 'The initiator is inactive.',
  '24': 'Missing mandatory fields',
  '25': 'Invalid parameters',
  '26': 'Traffic blocking condition in place',
  '29': 'Unknown command',
  '2001': 'The initiator information is invalid.',
  '2006': 'Declined due to account rule: The account status does not allow this transaction.',
  '2028': 'The request is not permitted according to product assignment.',
  '2033': 'The transaction receipt number cannot be found.',
  '2040': "Credit Party customer type (Unregistered or Registered Customer) can't be supported by the service.",
  '2051': 'The MSISDN is invalid.',
  '8006': 'The security credential is locked.',
  '100000000': 'Request was cached, waiting for resending',
  '100000001': 'The system is overload',
  '100000002': 'Throttling error',
  '100000005': 'Internal Server Error',
  '100000007': 'Request rate limit exceeded',
  '100000011': 'System abnormal',
  R000001: 'The transaction has already been reversed.',
  R000002: 'The OriginalTransactionID is invalid.',
  SFC_IC0003: 'The operator does not exist.',
};

export function toOrderDescription(code: string): string {
  return DESCRIPTIONS[code] ?? 'The request could not be completed.';
}

/** Codes about who asks or what is undone; a recipient's number cannot ask for them. */
const NOT_OF_RECIPIENTS = new Set(['0', '2033', 'R000001', 'R000002']);

/** The ResultCodes that a number or an amount can ask a payout to end with. */
export const PAYOUT_CODES: readonly string[] = Object.keys(DESCRIPTIONS).filter(
  (code) => /^\d{1,6}$/.test(code) && !NOT_OF_RECIPIENTS.has(code),
);

/** Magic amounts are this many shillings plus the code. */
const MAGIC_AMOUNT_BASE = 200_000;

/** The ResultCode that a payout's recipient (last six digits) or amount asks for by itself: 254700002040, KES 202,040. */
export function findMagicPayoutCode(msisdn: string, shillings: bigint): string | undefined {
  const byPhone = String(Number(msisdn.slice(-6)));
  if (PAYOUT_CODES.includes(byPhone)) return byPhone;
  const byAmount = String(Number(shillings) - MAGIC_AMOUNT_BASE);
  return PAYOUT_CODES.includes(byAmount) ? byAmount : undefined;
}
