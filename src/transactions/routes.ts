import { Inject, Injectable } from '@nestjs/common';
import { Money } from '#libs/primitives';
import { HOSTED_PAGE, type HostedLinks, type MoneyMovement, type Provider, type RateLimiter } from '#libs/provider-kit';
import type { Served } from '../circuits/circuit-breaker.js';
import { Circuits, type Passage } from '../circuits/circuits.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import { ProviderConnections } from '../providers/connections.js';
import { PROVIDER_LIMITER } from '../providers/provider-ports.js';
import { findDefinition, getDefinition } from '../providers/registry.js';
import type { Attempt } from './attempt.entity.js';
import { toParty } from './attempts.js';
import { RefundFacts, toReversalRoute } from './refund-facts.js';
import { findRoutes, listMethods, type Route, type RouteRequest, type Routing, type SomeRoutes } from './routing.js';
import type { Transaction } from './transaction.entity.js';

/** Whose accounts may be used; with the stamp of a caller who was just let in they may be known already. */
type RouteOwner = Pick<Transaction, 'merchantId' | 'mode'> & { readonly accountsStamp?: string };

/** What stands now. `resting`: none of these providers is available; look again at that instant (epoch ms). */
export type RoutingNow = Routing | { readonly kind: 'resting'; readonly routes: SomeRoutes; readonly until: number };

/** Finds the way of a transaction to a provider, and the provider at its end. */
@Injectable()
export class Routes {
  constructor(
    private readonly accounts: ProviderAccountsService,
    private readonly connections: ProviderConnections,
    private readonly refundFacts: RefundFacts,
    private readonly circuits: Circuits,
    @Inject(PROVIDER_LIMITER) private readonly limiter: RateLimiter,
  ) {}

  /** The routes that could take the request now. */
  async find({ merchantId, mode, accountsStamp }: RouteOwner, request: RouteRequest): Promise<RoutingNow> {
    const accounts = await this.accounts.findRoutable(merchantId, mode, accountsStamp);
    const routing = findRoutes(request, {
      accounts,
      findDefinition,
      connects: (account, capability) => this.connections.offers(account, capability),
    });
    return routing.kind === 'routes' ? this.leaveOutResting(routing.routes) : routing;
  }

  /** The same for a transaction, stored or about to be. */
  findFor(transaction: Transaction, accountsStamp?: string): Promise<RoutingNow> {
    const owner = { ...toOwner(transaction), ...(accountsStamp !== undefined && { accountsStamp }) };
    const request = toRequest(transaction);
    return transaction.kind === 'refund' ? this.findForRefund(transaction, request) : this.find(owner, request);
  }

  /** By the provider's reversal, as long as nobody has said no to one; else by a payout to who paid. */
  private async findForRefund(refund: Transaction, request: RouteRequest): Promise<RoutingNow> {
    const payouts = await this.find(toOwner(refund), request);
    const { original, attempt, wasReversed } = await this.refundFacts.find(refund);
    if (wasReversed || !attempt) return payouts;
    const accounts = await this.accounts.findRoutable(refund.merchantId, refund.mode);
    const account = accounts.find(({ id }) => id === attempt.providerAccountId);
    if (!account || !this.connections.offers(account, 'reversals')) return payouts;
    const route = toReversalRoute({ refund, original, account, definition: getDefinition(account.provider) });
    if (!route) return payouts;
    return this.leaveOutResting([{ ...route, leadsOn: payouts.kind !== 'refused' }]);
  }

  /** The route an attempt took, whether or not it would be taken today. */
  async ofAttempt(attempt: Attempt, transaction: Transaction): Promise<Route> {
    const account = await this.accounts.get(attempt.providerAccountId);
    const definition = getDefinition(attempt.provider);
    const { operation: capability } = attempt;
    // What undoes a collection goes the way that the collection came.
    const kind = capability === 'payouts' ? 'payout' : 'collection';
    const method = listMethods(definition, capability, transaction.currency).find(
      (candidate) => candidate.code === transaction.method && candidate.kind === kind,
    );
    const operation = definition.operations[capability];
    if (!method || !operation)
      throw new Error(`${attempt.provider} no longer offers ${transaction.method}, which ${attempt.id} used.`);
    return { account, definition, method, capability, operation };
  }

  /** The connected provider behind a route. Throws where its stored credentials no longer open or fit. */
  connect(route: Route): Provider {
    return this.connections.connect(route.account);
  }

  /** What moves money there. Throws where the account can no longer do what the route says. */
  movement(route: Route): MoneyMovement {
    const provider = this.connect(route);
    const movement = route.capability === 'links' ? toMovement(provider.links) : provider[route.capability];
    if (!movement) throw new Error(`The account ${route.account.id} no longer connects ${route.capability}.`);
    return movement;
  }

  /**
   * Does the work that claims, sends and records, unless the provider is known not to be available. What the work says of
   * the provider's service is what that is known from.
   */
  passCircuit<T>({ account, capability }: Route, work: () => Promise<Served<T>>): Promise<Passage<T>> {
    return this.circuits.pass({ account, operation: capability }, work);
  }

  /** Takes a place in the account's rate, waiting at most `maxWaitMs`. Answers how long to stay away, or 0. */
  async waitForTurn(route: Route, maxWaitMs: number): Promise<number> {
    const decision = await this.limiter.acquire(route.account.id, route.definition.rateLimit, maxWaitMs);
    return decision.kind === 'granted' ? 0 : decision.retryAfterMs;
  }

  private async leaveOutResting(routes: SomeRoutes): Promise<RoutingNow> {
    const judged = await Promise.all(
      routes.map(async (route) => ({
        route,
        until: await this.circuits.findRest({ account: route.account, operation: route.capability }),
      })),
    );
    const [first, ...rest] = judged.filter(({ until }) => until === undefined).map(({ route }) => route);
    if (first) return { kind: 'routes', routes: [first, ...rest] };
    const until = Math.min(...judged.map((each) => each.until ?? Infinity));
    return { kind: 'resting', routes, until };
  }
}

function toOwner({ merchantId, mode }: Transaction): RouteOwner {
  return { merchantId, mode };
}

/** A page moves money like everything else: it is made once under the attempt's id, and asked about. */
function toMovement(links: HostedLinks | undefined): MoneyMovement | undefined {
  return links && { submit: (instruction) => links.create(instruction), inquire: (attempt) => links.inquire(attempt) };
}

function toRequest(transaction: Transaction): RouteRequest {
  return {
    kind: transaction.kind === 'collection' ? 'collection' : 'payout',
    method: transaction.method,
    amount: Money.ofMinor(transaction.amountMinor, transaction.currency),
    phone: toParty(transaction.party).phone,
    party: transaction.party,
    returns: transaction.returnUrl !== null,
    // A link alone leads to such a page: nobody else asks for one by its code.
    hosted: transaction.method === HOSTED_PAGE && transaction.paymentLinkId !== null,
    provider: transaction.forcedProvider,
  };
}
