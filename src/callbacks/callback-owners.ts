import { Inject, Injectable } from '@nestjs/common';
import type { CallbackMessage, CallbackTrust, Provider, RateLimiter, RawCallback } from '#libs/provider-kit';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderConnections } from '../providers/connections.js';
import { PROVIDER_LIMITER } from '../providers/provider-ports.js';
import { getDefinition } from '../providers/registry.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { Attempts } from '../transactions/attempts.js';

/** Whose a message is that came on a path which a whole provider account shares. */
export type CallbackOwner =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  /** Nobody's, now and later: not genuine, or about nothing that this account sent through us. */
  | { readonly kind: 'nobody'; readonly trust: CallbackTrust | 'unreadable' }
  /** Not known yet. The provider cannot be asked again before `retryAfterMs`. */
  | { readonly kind: 'later'; readonly trust: CallbackTrust; readonly cause: string; readonly retryAfterMs: number };

/** Finds the attempt that a message is about: by our id in it, by the provider's id, or by asking the provider whose it is. */
@Injectable()
export class CallbackOwners {
  constructor(
    private readonly accounts: ProviderAccountsService,
    private readonly connections: ProviderConnections,
    private readonly attempts: Attempts,
    @Inject(PROVIDER_LIMITER) private readonly limiter: RateLimiter,
  ) {}

  async find(accountId: string, raw: RawCallback): Promise<CallbackOwner> {
    const account = await this.accounts.get(accountId);
    const provider = this.connections.connect(account);
    const trust = provider.callbacks?.authenticate(raw) ?? 'forged';
    // Nothing is looked up for whoever cannot sign: our questions to the provider are counted.
    if (trust === 'forged') return { kind: 'nobody', trust };
    const message = provider.callbacks?.parse(raw);
    if (!message) return { kind: 'nobody', trust: 'unreadable' };
    const known = await this.findKnown(account, message);
    return known ? { kind: 'attempt', attempt: known } : this.identify(account, provider, message, trust);
  }

  private async findKnown(account: ProviderAccount, message: CallbackMessage): Promise<Attempt | undefined> {
    const { attemptId, references } = message;
    const named = attemptId === undefined ? undefined : await this.findOf(account, attemptId);
    if (named || references.providerReference === undefined) return named;
    return this.attempts.findByReference(account.id, references.providerReference);
  }

  /** The answer to the submit is still on its way, or lost: the provider can tell whose it is. */
  private async identify(
    account: ProviderAccount,
    provider: Provider,
    { operation, references }: CallbackMessage,
    trust: CallbackTrust,
  ): Promise<CallbackOwner> {
    const movement = operation === undefined || operation === 'links' ? undefined : provider[operation];
    if (!movement?.identify) return { kind: 'later', trust, cause: 'no attempt has this id', retryAfterMs: 0 };
    const turn = await this.limiter.acquire(account.id, getDefinition(account.provider).rateLimit, 0);
    if (turn.kind !== 'granted')
      return { kind: 'later', trust, cause: 'the rate of the account is used up', retryAfterMs: turn.retryAfterMs };
    const answer = await movement.identify(references);
    if (answer.kind === 'unknown') return { kind: 'later', trust, cause: answer.cause, retryAfterMs: 0 };
    const attempt = answer.kind === 'attempt' ? await this.findOf(account, answer.attemptId) : undefined;
    return attempt ? { kind: 'attempt', attempt } : { kind: 'nobody', trust };
  }

  /** An attempt is stored before it is sent: one that is not there, or another account's, is none of ours. */
  private async findOf(account: ProviderAccount, attemptId: string): Promise<Attempt | undefined> {
    const attempt = await this.attempts.find(attemptId);
    const isOurs =
      attempt?.providerAccountId === account.id &&
      attempt.merchantId === account.merchantId &&
      attempt.mode === account.mode;
    return isOurs ? attempt : undefined;
  }
}
