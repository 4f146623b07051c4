import type { Kind } from './methods.js';
import type { World } from './world.js';

/** How a payout, or a payer's try, ends. */
export type Outcome = 'success' | 'no_funds' | 'bad_recipient' | 'refused' | 'failed' | 'pending' | 'cancel' | 'ignore';

/** The test numbers (§11): two of them mean the opposite for the other kind. */
const TEST_NUMBERS: Readonly<Record<Kind, Readonly<Record<string, Outcome>>>> = {
  payment: { '4149518161': 'success', '4149518162': 'pending', '4149518163': 'failed' },
  payout: { '4149518161': 'success', '4149518162': 'failed', '4149518163': 'pending' },
};

/** Last four digits of a real number, and what it does: our own, Moneroo's sandboxes leave it to each gateway. */
export const MAGIC_ENDINGS: Readonly<Record<string, Outcome>> = {
  '9901': 'no_funds',
  '9902': 'bad_recipient',
  '9903': 'pending',
  '9904': 'failed',
  '9905': 'refused',
  '9906': 'cancel',
  '9907': 'ignore',
};

/** Raw words of gateways: nobody publishes a list (§6). */
const MESSAGES: Readonly<Record<Outcome, string | null>> = {
  success: null,
  pending: null,
  cancel: null,
  ignore: null,
  no_funds: 'Insufficient balance in the gateway account',
  bad_recipient: 'Recipient wallet not found',
  refused: 'The gateway refused the transaction',
  failed: 'Transaction failed',
};

/** A payer lacks money of his own, not of the gateway's. */
const PAYER_MESSAGES: Partial<Readonly<Record<Outcome, string>>> = {
  no_funds: 'Solde insuffisant',
  bad_recipient: 'Payer wallet not found',
};

/** What this number does: by the faults, by the test numbers of its method, or by its ending. */
export function findOutcome({ faults }: World, kind: Kind, method: string, number: string): Outcome {
  const told = faults.get('outcomeByNumber')[number] ?? faults.get('outcome');
  if (told !== null && isOutcome(told)) return told;
  // On the test gateway every other number fails (§11).
  if (method.startsWith('moneroo_')) return TEST_NUMBERS[kind][number] ?? 'bad_recipient';
  return MAGIC_ENDINGS[number.slice(-4)] ?? 'success';
}

const isOutcome = (word: string): word is Outcome => Object.hasOwn(MESSAGES, word);

export function toFailureMessage(outcome: Outcome, kind: Kind, method: string): string | null {
  if (outcome === 'bad_recipient' && method.startsWith('moneroo_'))
    return 'The account number is not a valid test number';
  return (kind === 'payment' ? PAYER_MESSAGES[outcome] : undefined) ?? MESSAGES[outcome];
}
