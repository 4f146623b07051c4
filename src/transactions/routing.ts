import { Money, type Msisdn } from '#libs/primitives';
import type { Instruction, MethodFacts, OperationFacts, ProviderDefinition } from '#libs/provider-kit';
import { fieldProblem, Problem, type FieldFault } from '../http/problem.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import type { AttemptOperation } from './attempt.entity.js';
import type { StoredParty } from './transaction.entity.js';

/** One way a request could go: an account, and the method as its provider offers it. */
export interface Route {
  readonly account: ProviderAccount;
  readonly definition: ProviderDefinition;
  readonly method: MethodFacts;
  /** What is asked of the provider there, and how that behaves. */
  readonly capability: AttemptOperation;
  readonly operation: OperationFacts;
  /** What a reversal undoes. */
  readonly original?: NonNullable<Instruction['original']>;
  /** A proven no here opens another way: a refund that cannot be a reversal may still be a payout. */
  readonly leadsOn?: boolean;
}

/** What a route must be able to do. */
export interface RouteRequest {
  readonly kind: 'collection' | 'payout';
  readonly method: string;
  readonly amount: Money;
  readonly phone: Msisdn;
  readonly party: StoredParty;
  /** Whether the request says where a hosted page returns the customer to. */
  readonly returns: boolean;
  /** Whether it is to be paid on the provider's own page, where whoever pays chooses how. */
  readonly hosted?: boolean;
  /** Only this provider, where the merchant forces one. */
  readonly provider: string | null;
}

/** Routes, best first. */
export type SomeRoutes = readonly [Route, ...Route[]];

/** The routes that can serve the request, best first; or, where there is none, what the best one lacks. */
export type Routing =
  { readonly kind: 'routes'; readonly routes: SomeRoutes } | { readonly kind: 'refused'; readonly problem: Problem };

/** How requests call the other side. */
export const PARTY_FIELDS = { collection: 'customer', payout: 'recipient' } as const;

/** The capability that moves money this way. */
export const CAPABILITIES = { collection: 'collections', payout: 'payouts' } as const;

/** What must be there to serve the request. */
function findCapability({ kind, hosted }: Pick<RouteRequest, 'kind' | 'hosted'>): AttemptOperation {
  return hosted ? 'links' : CAPABILITIES[kind];
}

/** What is known about the places that money could go through. */
export interface RouteFacts {
  /** The merchant's enabled accounts, in the order of their priority. */
  readonly accounts: readonly ProviderAccount[];
  readonly findDefinition: (id: string) => ProviderDefinition | undefined;
  /** Whether this very account can do it: an M-Pesa account without an API operator only collects. */
  readonly connects: (account: ProviderAccount, capability: AttemptOperation) => boolean;
}

/** Finds the routes of a request. Pure: facts in, routes out. */
export function findRoutes(request: RouteRequest, { accounts, findDefinition, connects }: RouteFacts): Routing {
  const capability = findCapability(request);
  const able = accounts.filter((account) => connects(account, capability));
  const offered = able.flatMap((account) => toRoutes(request, account, findDefinition(account.provider)));
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
  const capability = findCapability(request);
  const operation = definition?.operations[capability];
  if (!definition || !operation || (request.provider !== null && request.provider !== definition.id)) return [];
  return listMethods(definition, capability, request.amount.currency)
    .filter((method) => method.kind === request.kind && method.code === request.method)
    .map((method) => ({ account, definition, method, capability, operation }));
}

/** What a provider offers by a capability: its methods, or its own page for the currency. */
export function listMethods(
  { methods, hostedPages = [] }: Pick<ProviderDefinition, 'methods' | 'hostedPages'>,
  capability: AttemptOperation,
  currency: string,
): readonly MethodFacts[] {
  return capability === 'links' ? hostedPages.filter((page) => page.currency === currency) : methods;
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

function findObstacle({ amount, phone, party, returns, hosted }: RouteRequest, { method }: Route): Problem | undefined {
  if (amount.currency !== method.currency) {
    return fieldProblem('currency_mismatch', '/currency', `${method.code} works in ${method.currency}.`);
  }
  if (!isWithin(amount, method)) {
    return fieldProblem(
      'amount_out_of_range',
      '/amount',
      `${method.code} ${method.kind === 'collection' ? 'collects' : 'pays'} ${describeRange(method)}.`,
    );
  }
  if (amount.inDecimals(method.decimals) === undefined) {
    const unit = method.decimals === 0 ? `whole ${method.currency}` : `${String(method.decimals)} decimals`;
    return fieldProblem('amount_granularity', '/amount', `${method.code} takes ${unit} only.`);
  }
  // On a page of its own the provider asks for the number that pays.
  if (!hosted && phone.country !== method.country) {
    return fieldProblem(
      'recipient_invalid',
      partyPointer(method, 'phone'),
      `${method.code} reaches numbers of ${method.country} only.`,
    );
  }
  if (method.flow === 'redirect' && !returns) {
    const detail = `${method.code} is paid on the provider’s page: say with returnUrl where customers come back to.`;
    return fieldProblem('required_field_missing', '/returnUrl', detail);
  }
  return findMissingFields(party, method);
}

function findMissingFields(party: StoredParty, method: MethodFacts): Problem | undefined {
  // What everybody has is looked for in its own place alone: adapters read it there.
  const given = new Map<string, unknown>([
    ...Object.entries(party.fields ?? {}).filter(([name]) => !COMMON_FIELDS.has(name)),
    ...Object.entries(party).filter(([name]) => COMMON_FIELDS.has(name)),
  ]);
  const missing = method.requiredFields.filter((field) => !isFilled(given.get(field)));
  if (missing.length === 0) return undefined;
  const errors: FieldFault[] = missing.map((field) => ({
    pointer: partyPointer(method, field),
    code: 'required_field_missing',
    detail: `${method.code} cannot do without it.`,
  }));
  return new Problem('required_field_missing', `${method.code} needs ${missing.join(', ')}.`, { errors });
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function partyPointer({ kind }: MethodFacts, field: string): string {
  return `/${PARTY_FIELDS[kind]}/${COMMON_FIELDS.has(field) ? '' : 'fields/'}${field}`;
}

/** What every party can have. Further fields are a method's own, and stand under `fields`. */
const COMMON_FIELDS: ReadonlySet<string> = new Set<keyof StoredParty>([
  'phone',
  'name',
  'firstName',
  'lastName',
  'email',
  'locale',
  'address',
  'city',
  'state',
  'country',
  'postalCode',
]);

/** Whether a method takes so much. The amount is in its currency. */
export function isWithin(
  amount: Money,
  { min, max, currency }: Pick<MethodFacts, 'min' | 'max' | 'currency'>,
): boolean {
  return (
    (min === null || amount.compare(Money.ofMajor(min, currency)) >= 0) &&
    (max === null || amount.compare(Money.ofMajor(max, currency)) <= 0)
  );
}

function describeRange({ min, max, currency }: MethodFacts): string {
  if (min !== null && max !== null)
    return `between ${Money.ofMajor(min, currency).format()} and ${Money.ofMajor(max, currency).toString()}`;
  return min !== null
    ? `at least ${Money.ofMajor(min, currency).toString()}`
    : `at most ${Money.ofMajor(max ?? '0', currency).toString()}`;
}
