import { Money, type Msisdn } from '#libs/primitives';
import type { MethodFacts, OperationFacts, ProviderDefinition } from '#libs/provider-kit';
import { Problem, type FieldFault } from '../http/problem.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import type { StoredParty } from './transaction.entity.js';

/** One way a request could go: an account, and the method as its provider offers it. */
export interface Route {
  readonly account: ProviderAccount;
  readonly definition: ProviderDefinition;
  readonly method: MethodFacts;
  readonly operation: OperationFacts;
}

/** What a route must be able to do. */
export interface RouteRequest {
  readonly kind: 'collection' | 'payout';
  readonly method: string;
  readonly amount: Money;
  readonly phone: Msisdn;
  readonly party: StoredParty;
  /** Only this provider, where the merchant forces one. */
  readonly provider: string | null;
}

/** The routes that can serve the request, best first; or, where there is none, what the best one lacks. */
export type Routing =
  | { readonly kind: 'routes'; readonly routes: readonly [Route, ...Route[]] }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** Takes the merchant's enabled accounts in the order of their priority. Pure: facts in, routes out. */
export function findRoutes(
  request: RouteRequest,
  accounts: readonly ProviderAccount[],
  findDefinition: (id: string) => ProviderDefinition | undefined,
): Routing {
  const offered = accounts.flatMap((account) => toRoutes(request, account, findDefinition(account.provider)));
  const judged = offered.map((route) => ({ route, problem: findObstacle(request, route) }));
  const [first, ...rest] = judged.filter(({ problem }) => problem === undefined).map(({ route }) => route);
  if (first) return { kind: 'routes', routes: [first, ...rest] };
  return { kind: 'refused', problem: judged[0]?.problem ?? methodUnavailable(request) };
}

function toRoutes(
  request: RouteRequest,
  account: ProviderAccount,
  definition: ProviderDefinition | undefined,
): Route[] {
  const operation = request.kind === 'collection' ? definition?.operations.collections : definition?.operations.payouts;
  if (!definition || !operation || (request.provider !== null && request.provider !== definition.id)) return [];
  return definition.methods
    .filter((method) => method.kind === request.kind && method.code === request.method)
    .map((method) => ({ account, definition, method, operation }));
}

function methodUnavailable({ method, kind, provider }: RouteRequest): Problem {
  const through = provider === null ? '' : ` through ${provider}`;
  return new Problem(
    'method_unavailable',
    `No enabled provider account of yours offers ${method} for a ${kind}${through}. See GET /v1/methods.`,
    {
      errors: [{ pointer: '/method', code: 'method_unavailable', detail: 'Not offered by your provider accounts.' }],
    },
  );
}

function findObstacle({ amount, phone, party }: RouteRequest, { method }: Route): Problem | undefined {
  if (amount.currency !== method.currency) {
    return refuse('currency_mismatch', '/currency', `${method.code} works in ${method.currency}.`);
  }
  if (!isWithin(amount, method)) {
    return refuse(
      'amount_out_of_range',
      '/amount',
      `${method.code} ${method.kind === 'collection' ? 'collects' : 'pays'} ${describeRange(method)}.`,
    );
  }
  if (amount.inDecimals(method.decimals) === undefined) {
    const unit = method.decimals === 0 ? `whole ${method.currency}` : `${String(method.decimals)} decimals`;
    return refuse('amount_granularity', '/amount', `${method.code} takes ${unit} only.`);
  }
  if (phone.country !== method.country) {
    return refuse(
      'recipient_invalid',
      partyPointer(method, 'phone'),
      `${method.code} reaches numbers of ${method.country} only.`,
    );
  }
  return findMissingFields(party, method);
}

function findMissingFields(party: StoredParty, method: MethodFacts): Problem | undefined {
  const values: Readonly<Record<string, unknown>> = { ...party.fields, ...party };
  const missing = method.requiredFields.filter((field) => typeof values[field] !== 'string' || values[field] === '');
  if (missing.length === 0) return undefined;
  const errors: FieldFault[] = missing.map((field) => ({
    pointer: partyPointer(method, field),
    code: 'required_field_missing',
    detail: `${method.code} cannot do without it.`,
  }));
  return new Problem('required_field_missing', `${method.code} needs ${missing.join(', ')}.`, { errors });
}

function partyPointer(method: MethodFacts, field: string): string {
  return `/${method.kind === 'collection' ? 'customer' : 'recipient'}/${field}`;
}

function isWithin(amount: Money, { min, max, currency }: MethodFacts): boolean {
  return (
    (min === null || amount.compare(toMoney(min, currency)) >= 0) &&
    (max === null || amount.compare(toMoney(max, currency)) <= 0)
  );
}

function describeRange({ min, max, currency }: MethodFacts): string {
  if (min !== null && max !== null)
    return `between ${toMoney(min, currency).format()} and ${toMoney(max, currency).toString()}`;
  return min !== null
    ? `at least ${toMoney(min, currency).toString()}`
    : `at most ${toMoney(max ?? '0', currency).toString()}`;
}

/** Bounds are facts of ours; a wrong one is a bug that conformance finds. */
function toMoney(amount: string, currency: string): Money {
  const money = Money.parse(amount, currency);
  if (typeof money === 'string') throw new TypeError(`A method's bound is no amount of ${currency}: ${amount}`);
  return money;
}

function refuse(
  code: 'currency_mismatch' | 'amount_out_of_range' | 'amount_granularity' | 'recipient_invalid',
  pointer: string,
  detail: string,
): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}
