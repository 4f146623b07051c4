import { Inject, Injectable } from '@nestjs/common';
import { Money } from '#libs/primitives';
import type { MoneyMovement, Provider, RateLimiter } from '#libs/provider-kit';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import { ProviderConnections } from '../providers/connections.js';
import { PROVIDER_LIMITER } from '../providers/provider-ports.js';
import { findDefinition, getDefinition } from '../providers/registry.js';
import type { Attempt } from './attempt.entity.js';
import { toParty } from './attempts.js';
import { findRoutes, type Route, type RouteRequest, type Routing } from './routing.js';
import type { Transaction } from './transaction.entity.js';

/** Whose accounts may be used; with the stamp of a caller who was just let in they may be known already. */
type RouteOwner = Pick<Transaction, 'merchantId' | 'mode'> & { readonly accountsStamp?: string };

/** Finds the way of a transaction to a provider, and the provider at its end. */
@Injectable()
export class Routes {
  constructor(
    private readonly accounts: ProviderAccountsService,
    private readonly connections: ProviderConnections,
    @Inject(PROVIDER_LIMITER) private readonly limiter: RateLimiter,
  ) {}

  /** The routes that could take the request now. */
  async find({ merchantId, mode, accountsStamp }: RouteOwner, request: RouteRequest): Promise<Routing> {
    const accounts = await this.accounts.findRoutable(merchantId, mode, accountsStamp);
    return findRoutes(request, accounts, findDefinition);
  }

  /** The same for a stored transaction. */
  findFor(transaction: Transaction): Promise<Routing> {
    const { merchantId, mode } = transaction;
    return this.find(
      { merchantId, mode },
      {
        kind: transaction.kind === 'collection' ? 'collection' : 'payout',
        method: transaction.method,
        amount: Money.ofMinor(transaction.amountMinor, transaction.currency),
        phone: toParty(transaction.party).phone,
        party: transaction.party,
        provider: transaction.forcedProvider,
      },
    );
  }

  /** The route an attempt took, whether or not it would be taken today. */
  async ofAttempt(attempt: Attempt, transaction: Transaction): Promise<Route> {
    const account = await this.accounts.get(attempt.providerAccountId);
    const definition = getDefinition(attempt.provider);
    const kind = transaction.kind === 'collection' ? 'collection' : 'payout';
    const method = definition.methods.find(
      (candidate) => candidate.code === transaction.method && candidate.kind === kind,
    );
    const operation = kind === 'collection' ? definition.operations.collections : definition.operations.payouts;
    if (!method || !operation)
      throw new Error(`${attempt.provider} no longer offers ${transaction.method}, which ${attempt.id} used.`);
    return { account, definition, method, operation };
  }

  /** The connected provider behind a route. Throws where its stored credentials no longer open or fit. */
  connect(route: Route): Provider {
    return this.connections.connect(route.account);
  }

  /** What moves money for this kind of transaction there. */
  movement(route: Route, kind: Transaction['kind']): MoneyMovement {
    const provider = this.connect(route);
    const movement = kind === 'collection' ? provider.collections : provider.payouts;
    if (!movement) throw new Error(`${route.definition.id} declares facts for a ${kind} but connects none.`);
    return movement;
  }

  /** Takes a place in the account's rate, waiting at most `maxWaitMs`. Answers how long to stay away, or 0. */
  async waitForTurn(route: Route, maxWaitMs: number): Promise<number> {
    const decision = await this.limiter.acquire(route.account.id, route.definition.rateLimit, maxWaitMs);
    return decision.kind === 'granted' ? 0 : decision.retryAfterMs;
  }
}
