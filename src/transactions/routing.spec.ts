import { Money, Msisdn } from '#libs/primitives';
import type { MethodFacts, OperationFacts, ProviderDefinition } from '#libs/provider-kit';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { getDefinition } from '../providers/registry.js';
import { chooseRoute } from './attempt-claims.js';
import type { Attempt } from './attempt.entity.js';
import { findRoutes, type Route, type RouteFacts, type RouteRequest } from './routing.js';

const base = getDefinition('mpesa');
const collections = base.operations.collections as OperationFacts;

const method = (given: Partial<MethodFacts> = {}): MethodFacts => ({
  code: 'mpesa_ke',
  providerCode: 'MPESA',
  kind: 'collection',
  country: 'KE',
  currency: 'KES',
  operator: 'safaricom',
  decimals: 0,
  min: '1',
  max: '250000',
  requiredFields: [],
  flow: 'approve_on_phone',
  ...given,
});

const define = (
  id: string,
  methods: readonly MethodFacts[],
  given: Partial<ProviderDefinition> = {},
): ProviderDefinition => ({
  ...base,
  id,
  methods,
  operations: { collections, payouts: collections },
  ...given,
});

const account = (id: string, provider: string, priority = 0): ProviderAccount => ({
  id,
  merchantId: 'mer_1',
  mode: 'test',
  provider,
  sealedCredentials: 'sealed',
  settings: {},
  callbackTokenHash: null,
  priority,
  enabled: true,
  lowBalance: null,
  version: 1,
  createdAt: 1,
  updatedAt: 1,
});

const money = (amount: string, currency = 'KES'): Money => {
  const parsed = Money.parse(amount, currency);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};
const phone = (text: string): Msisdn => {
  const parsed = Msisdn.parse(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

const request = (given: Partial<RouteRequest> = {}): RouteRequest => ({
  kind: 'collection',
  method: 'mpesa_ke',
  amount: money('150.00'),
  phone: phone('+254700000001'),
  party: { phone: '+254700000001' },
  returns: false,
  provider: null,
  ...given,
});

const toFacts = (
  accounts: readonly ProviderAccount[],
  definitions: readonly ProviderDefinition[],
  connects: RouteFacts['connects'] = () => true,
): RouteFacts => ({ accounts, findDefinition: (id) => definitions.find((each) => each.id === id), connects });

const find = (
  given: Partial<RouteRequest>,
  accounts: readonly ProviderAccount[],
  ...definitions: ProviderDefinition[]
) => findRoutes(request(given), toFacts(accounts, definitions));

const routeIds = (...given: Parameters<typeof find>) => {
  const routing = find(...given);
  return routing.kind === 'routes' ? routing.routes.map((route) => route.account.id) : routing.problem.code;
};
const problemOf = (...given: Parameters<typeof find>) => {
  const routing = find(...given);
  if (routing.kind === 'routes') throw new Error('There is a route.');
  return routing.problem;
};

describe('Routing', () => {
  const acme = define('acme', [method()]);
  const other = define('other', [method({ max: '1000' })]);
  const accounts = [account('pac_1', 'other', 1), account('pac_2', 'acme', 2), account('pac_3', 'other', 3)];

  it('takes every account that can, in the order it was given', () => {
    expect(routeIds({}, accounts, acme, other)).toEqual(['pac_1', 'pac_2', 'pac_3']);
  });

  it('passes over what cannot take the amount', () => {
    expect(routeIds({ amount: money('5000') }, accounts, acme, other)).toEqual(['pac_2']);
  });

  it('heeds the provider that the merchant forces', () => {
    expect(routeIds({ provider: 'acme' }, accounts, acme, other)).toEqual(['pac_2']);
    expect(routeIds({ provider: 'nobody' }, accounts, acme, other)).toBe('method_unavailable');
  });

  it.each([
    ['there is no account', {}, []],
    ['nobody offers the method', { method: 'wave_sn' }, accounts],
    ['nobody offers it for this kind', { kind: 'payout' }, accounts],
    ['the account belongs to a provider we no longer have', {}, [account('pac_9', 'gone')]],
  ] as const)('says that the method is unavailable where %s', (_, given, some) => {
    expect(problemOf(given, some, acme, other)).toMatchObject({
      code: 'method_unavailable',
      status: 422,
      extras: { errors: [{ pointer: '/method' }] },
    });
  });

  it('offers nothing of a kind that the provider declares no operation for', () => {
    const noPayouts = define('acme', [method({ kind: 'payout' })], { operations: { collections } });
    expect(routeIds({ kind: 'payout' }, [account('pac_1', 'acme')], noPayouts)).toBe('method_unavailable');
  });

  it.each([
    ['0.99', 'amount_out_of_range'],
    ['1.00', undefined],
    ['250000', undefined],
    ['250000.01', 'amount_out_of_range'],
    ['250001', 'amount_out_of_range'],
    ['150.50', 'amount_granularity'],
  ])('judges %s KES: %s', (amount, code) => {
    const found = routeIds({ amount: money(amount) }, [account('pac_1', 'acme')], acme);
    expect(found).toEqual(code ?? ['pac_1']);
  });

  it('names the range it refuses by', () => {
    const { detail } = problemOf({ amount: money('250001') }, [account('pac_1', 'acme')], acme);
    expect(detail).toBe('mpesa_ke collects between 1.00 and 250000.00 KES.');
  });

  it.each([
    [{ min: null }, '0.01', undefined],
    [{ max: null }, '90000000', undefined],
    [{ min: null, max: null }, '90000000', undefined],
    [{ max: null }, '0.5', 'mpesa_ke collects at least 1.00 KES.'],
    [{ min: null }, '250001', 'mpesa_ke collects at most 250000.00 KES.'],
  ])('keeps to the bounds there are: %j, %s', (bounds, amount, detail) => {
    const definition = define('acme', [method({ decimals: 2, ...bounds })]);
    const found = find({ amount: money(amount) }, [account('pac_1', 'acme')], definition);
    expect(found.kind === 'refused' ? found.problem.detail : undefined).toBe(detail);
  });

  it.each([
    ['another currency', { amount: money('150', 'XOF') }, 'currency_mismatch', '/currency'],
    ['a number of another country', { phone: phone('+221770000001') }, 'recipient_invalid', '/customer/phone'],
  ] as const)('refuses %s, and points at it', (_, given, code, pointer) => {
    expect(problemOf(given, [account('pac_1', 'acme')], acme)).toMatchObject({
      code,
      extras: { errors: [{ pointer }] },
    });
  });

  it('refuses a method on the provider’s page to a request that names no page to come back to', () => {
    const hosted = define('acme', [method({ flow: 'redirect' })]);
    expect(problemOf({}, [account('pac_1', 'acme')], hosted)).toMatchObject({
      code: 'required_field_missing',
      extras: { errors: [{ pointer: '/returnUrl' }] },
    });
    expect(routeIds({ returns: true }, [account('pac_1', 'acme')], hosted)).toEqual(['pac_1']);
    const both = [account('pac_1', 'acme'), account('pac_2', 'plain')];
    expect(routeIds({}, both, hosted, define('plain', [method()]))).toEqual(['pac_2']);
  });

  describe('of fields that a method cannot do without', () => {
    const definition = define('acme', [method({ kind: 'payout', requiredFields: ['email', 'firstName', 'iban'] })]);
    const pay = (party: RouteRequest['party']) =>
      find({ kind: 'payout', party }, [account('pac_1', 'acme')], definition);

    it('names each that is missing or empty', () => {
      const routing = pay({ phone: '+254700000001', firstName: '', email: 'a@example.com' });
      expect(routing).toMatchObject({
        kind: 'refused',
        problem: {
          code: 'required_field_missing',
          detail: 'mpesa_ke needs firstName, iban.',
          extras: { errors: [{ pointer: '/recipient/firstName' }, { pointer: '/recipient/fields/iban' }] },
        },
      });
    });

    it('takes the method’s own ones from `fields`', () => {
      const party = { phone: '+254700000001', firstName: 'A', email: 'a@example.com', fields: { iban: 'X1' } };
      expect(pay(party).kind).toBe('routes');
    });

    it('takes nothing from `fields` that stands beside them', () => {
      const party = { phone: '+254700000001', firstName: ' ', fields: { iban: 'X1', email: 'a@example.com' } };
      expect(pay(party)).toMatchObject({ kind: 'refused', problem: { detail: 'mpesa_ke needs email, firstName.' } });
    });
  });

  it('passes over an account that does not connect what is asked for, whatever its provider declares', () => {
    const definition = define('acme', [method(), method({ kind: 'payout' })]);
    const accounts = [account('pac_1', 'acme'), account('pac_2', 'acme', 1)];
    const facts = toFacts(accounts, [definition], ({ id }, capability) => id === 'pac_2' || capability !== 'payouts');
    const routesOf = (kind: RouteRequest['kind']) => {
      const routing = findRoutes(request({ kind }), facts);
      return routing.kind === 'routes' ? routing.routes.map((route) => [route.account.id, route.capability]) : [];
    };
    expect(routesOf('payout')).toEqual([['pac_2', 'payouts']]);
    expect(routesOf('collection')).toEqual([
      ['pac_1', 'collections'],
      ['pac_2', 'collections'],
    ]);
  });

  it('tells what stands against the best account where none can', () => {
    const narrow = define('narrow', [method({ max: '10' })]);
    expect(problemOf({}, [account('pac_1', 'narrow'), account('pac_2', 'elsewhere')], narrow).code).toBe(
      'amount_out_of_range',
    );
  });
});

describe('The route taken next', () => {
  const definitions = [define('a', [method()]), define('b', [method()])];
  const routing = findRoutes(request(), toFacts([account('pac_1', 'a'), account('pac_2', 'b')], definitions));
  const routes = (routing.kind === 'routes' ? routing.routes : []) as readonly [Route, ...Route[]];
  const tried = (...accountIds: string[]) => accountIds.map((providerAccountId) => ({ providerAccountId }) as Attempt);

  it.each([
    ['the best at first', tried(), 'pac_1'],
    ['one that was not tried', tried('pac_1'), 'pac_2'],
    ['the last tried where all were', tried('pac_1', 'pac_2'), 'pac_2'],
    ['the last tried, whatever its rank', tried('pac_2', 'pac_1'), 'pac_1'],
    ['the best where the tried ones are gone', tried('pac_9', 'pac_1', 'pac_2', 'pac_9'), 'pac_1'],
  ])('is %s', (_, previous, expected) => {
    expect(chooseRoute(routes, previous).account.id).toBe(expected);
  });
});
