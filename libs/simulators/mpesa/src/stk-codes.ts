/** When in the life of a push a ResultCode comes up. */
export type Stage =
  | 'paid' //       The PIN was right and the money moved.
  | 'afterPin' //   The PIN was entered, and M-PESA said no.
  | 'declined' //   The customer put the prompt away.
  | 'silence' //    The prompt ended without a word from the customer.
  | 'noPrompt'; //  No prompt ever reached the phone.

interface ResultCode {
  readonly stage: Stage;
  /** ResultDesc in callbacks. */
  readonly description: string;
  /** ResultDesc in queries, where it differs. */
  readonly queryDescription?: string;
}

const paid = (description: string): ResultCode => ({ stage: 'paid', description });
const afterPin = (description: string): ResultCode => ({ stage: 'afterPin', description });
const declined = (description: string): ResultCode => ({ stage: 'declined', description });
const silence = (description: string, queryDescription?: string): ResultCode => ({
  stage: 'silence',
  description,
  queryDescription,
});
const noPrompt = (description: string): ResultCode => ({ stage: 'noPrompt', description });

/** The ResultCodes of STK and their texts (§6). At which stage each comes up is our reading of its meaning. */
export const RESULT_CODES: Readonly<Record<string, ResultCode>> = {
  '0': paid('The service request is processed successfully.'),
  '1': afterPin('The balance is insufficient for the transaction.'),
  '2': afterPin('Declined due to limit rule'),
  '3': afterPin('Declined due to limit rule: greater than the maximum transaction amount.'),
  '4': afterPin('Declined due to limit rule: would exceed daily transfer limit.'),
  '8': afterPin('Declined due to limit rule: would exceed the maximum balance.'),
  '15': noPrompt('Duplicate Detected'),
  '17': afterPin('Rule limited.'),
  '26': noPrompt('System busy. The service request is rejected.'),
  '1001': noPrompt('Unable to lock subscriber, a transaction is already in process for the current subscriber'),
  '1019': silence('Transaction has expired.'),
  '1025': noPrompt('An error occurred while sending a push request.'),
  '1031': declined('Request cancelled by user.'),
  '1032': declined('Request cancelled by user'),
  '1036': silence('SMSC ACK timeout.'),
  '1037': silence('No response from user.', 'DS timeout user cannot be reached.'),
  '1101': noPrompt("Invalid Input parameter 'Prompt message prefix' should be less than 94 characters"),
  '1102': noPrompt("Invalid Input parameter 'Prompt message prefix' should be less than 93 characters"),
  '2001': afterPin('The initiator information is invalid.'),
  '2006': afterPin('Declined due to account rule: The account status does not allow this transaction.'),
  '2008': afterPin('Authentication Failed.'),
  '2026': silence('The channel session ID has expired.'),
  '2028': noPrompt('The request is not permitted according to product assignment.'),
  '2029': afterPin('Failed due to an unresolved reason type.'),
  '8006': afterPin('The security credential is locked.'),
  '9999': noPrompt('Internal error occurred while executing the transaction.'),
  '100000100': noPrompt('Saving object to storage fail'),
  SFC_IC0003: noPrompt('The operator does not exist.'),
  E3008: noPrompt('Error, the user has a bad debt contract.'),
};

/** A code nobody has documented ends a push after the PIN: the most surprising moment for the one who waits. */
export function toStage(code: string): Stage {
  return RESULT_CODES[code]?.stage ?? 'afterPin';
}

export function toCallbackDescription(code: string, form: 'usual' | 'capitalised' | 'prefixed'): string {
  if (code === '1032' && form === 'capitalised') return 'Request Cancelled by user.';
  if (code === '1032' && form === 'prefixed') return '[STK_CB - ]Request cancelled by user';
  return RESULT_CODES[code]?.description ?? 'The transaction could not be completed.';
}

export function toQueryDescription(code: string): string {
  return RESULT_CODES[code]?.queryDescription ?? toCallbackDescription(code, 'usual');
}

/** What a phone does, as tests and faults name it, as the code the push then ends with. */
export function toOutcome(word: string): Outcome {
  if (word === 'unreachable') return { code: '1037', stage: 'noPrompt' };
  const code = { approve: '0', wrong_pin: '2001', cancel: '1032', ignore: '1037' }[word] ?? word;
  return { code, stage: toStage(code) };
}

/** How a push is bound to end, and when on the way. */
export interface Outcome {
  readonly code: string;
  readonly stage: Stage;
}

/** Safaricom's published test number: its prompt is never answered (§16.5). */
export const TEST_NUMBER = '254708374149';

/** Magic amounts are this many shillings plus the code. */
export const MAGIC_AMOUNT_BASE = 200_000;

/**
 * The outcome that a phone number asks for by itself: its last six digits are a ResultCode with zeros in front, so
 * 254700001032 cancels and 254700002001 types a wrong PIN.
 */
export function findMagicByPhone(msisdn: string): Outcome | undefined {
  if (msisdn === TEST_NUMBER) return toOutcome('ignore');
  return findNumericCode(Number(msisdn.slice(-6)));
}

/** The outcome that an amount asks for by itself: 201,032 shillings cancel. */
export function findMagicByAmount(shillings: bigint): Outcome | undefined {
  const code = Number(shillings) - MAGIC_AMOUNT_BASE;
  return code > 0 ? findNumericCode(code) : undefined;
}

function findNumericCode(code: number): Outcome | undefined {
  return Object.hasOwn(RESULT_CODES, String(code)) ? toOutcome(String(code)) : undefined;
}
