import type { FailureReason, ProviderWords } from '#libs/provider-kit';
import type { Failure } from './transaction.entity.js';

const SENTENCES: Readonly<Record<FailureReason, string>> = {
  insufficient_funds: 'The customer does not have enough money.',
  cancelled_by_customer: 'The customer cancelled.',
  customer_timeout: 'The customer did not answer the prompt in time.',
  customer_unreachable: "The customer's phone could not be reached, or nobody answered the prompt.",
  wrong_pin: 'The customer entered a wrong PIN.',
  subscriber_busy: "Another transaction is open on the customer's phone. Wait a minute or two.",
  limit_exceeded: 'A limit of the network or of the wallet stands against it.',
  duplicate_suspected: 'The network took it for a repetition of a payment just made. Wait two minutes.',
  invalid_recipient: 'The network does not know this number, or it cannot be paid.',
  account_blocked: 'The wallet is blocked.',
  merchant_balance_low: 'Your balance at the provider is too low.',
  provider_rejected: 'The provider refused the request.',
  provider_unavailable: 'No provider account could take it.',
  provider_misconfigured: 'The provider refuses your account: check its credentials and settings.',
  expired: 'Its time ran out before it was sent.',
  unknown_reason: 'The provider gave no reason that we know.',
};

// The same request may well succeed later; the others need something changed first.
const RETRYABLE: ReadonlySet<FailureReason> = new Set([
  'insufficient_funds',
  'cancelled_by_customer',
  'customer_timeout',
  'customer_unreachable',
  'wrong_pin',
  'subscriber_busy',
  'duplicate_suspected',
  'merchant_balance_low',
  'provider_unavailable',
  'expired',
]);

/** The failure as merchants see it, with the provider's own words beside ours. */
export function toFailure(code: FailureReason, said: ProviderWords = {}, providerCode?: string): Failure {
  return {
    code,
    message: SENTENCES[code],
    providerCode: providerCode ?? said.providerCode ?? null,
    providerMessage: said.providerMessage ?? null,
    retryable: RETRYABLE.has(code),
  };
}
