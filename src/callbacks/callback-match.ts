import { Money } from '#libs/primitives';
import type { CallbackMessage } from '#libs/provider-kit';
import type { Attempt } from '../transactions/attempt.entity.js';
import type { Transaction } from '../transactions/transaction.entity.js';

/** Which of the fields that a message carries differ from what we asked for. Every one of them must fit. */
export function findMismatches(
  message: CallbackMessage,
  attempt: Pick<Attempt, 'id' | 'providerReference' | 'operation'>,
  transaction: Pick<Transaction, 'amountMinor' | 'currency' | 'phone'>,
  account: string | undefined,
): string[] {
  const expected = Money.ofMinor(transaction.amountMinor, transaction.currency);
  const said = message.report.kind === 'succeeded' ? message.report : undefined;
  const amounts = [message.amount, said?.amount].filter((amount) => amount !== undefined);
  const payers = [message.payer, said?.payer].filter((payer) => payer !== undefined);
  const { providerReference } = message.references;
  const checks: readonly (readonly [string, boolean])[] = [
    ['amount', amounts.every((amount) => amount.equals(expected))],
    // On a page of its own the provider asks whoever pays for his number.
    ['phone', attempt.operation === 'links' || payers.every((payer) => payer.e164 === transaction.phone)],
    ['account', message.account === undefined || account === undefined || message.account === account],
    ['attempt', message.attemptId === undefined || message.attemptId === attempt.id],
    [
      'provider reference',
      attempt.providerReference === null ||
        providerReference === undefined ||
        providerReference === attempt.providerReference,
    ],
  ];
  return checks.filter(([, fits]) => !fits).map(([name]) => name);
}
