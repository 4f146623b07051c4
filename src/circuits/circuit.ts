import type { Mode, Operation } from '#libs/provider-kit';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { findBaseUrl } from '../providers/connections.js';
import { getDefinition } from '../providers/registry.js';
import { hashOf } from '../secrets/hash.js';

/** One kind of money movement over one provider account. */
export interface Circuit {
  readonly account: ProviderAccount;
  readonly operation: Operation;
}

/** What shares one fate: a kind of movement at one host of a provider. */
export interface ProviderPlace {
  readonly provider: string;
  readonly mode: Mode;
  readonly hostHash: string;
  readonly operation: Operation;
}

/** Where a circuit leads. */
export function toPlace({ account, operation }: Circuit): ProviderPlace {
  return { provider: account.provider, mode: account.mode, hostHash: toHostHash(account), operation };
}

/** Of the base URL. */
export function toHostHash({ provider, mode, settings }: ProviderAccount): string {
  return hashOf('provider host', findBaseUrl(getDefinition(provider), mode, settings));
}

/** What a merchant was told of a place. */
export function toNoticeHash(merchantId: string, { provider, mode, hostHash, operation }: ProviderPlace): string {
  return hashOf('provider notice', merchantId, mode, provider, hostHash, operation);
}

/** How a circuit is looked up in memory. */
export function toKey(accountId: string, operation: Operation): string {
  return `${accountId} ${operation}`;
}
