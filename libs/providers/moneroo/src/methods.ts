import { z } from 'zod';
import type { MethodFacts } from '#libs/provider-kit';
import dataset from '../data/methods.json' with { type: 'json' };

const Dataset = z.strictObject({
  source: z.string(),
  date: z.string(),
  methods: z.array(
    z.strictObject({
      code: z.string(),
      name: z.string(),
      type: z.string(),
      operator: z.string(),
      currency: z.string(),
      countries: z.array(z.strictObject({ code: z.string(), dialCode: z.string().nullable() })).min(1),
      payment: z.boolean(),
      payout: z.boolean(),
      recipientFields: z.array(z.string()),
    }),
  ),
});

const { methods } = Dataset.parse(dataset);

/** What Moneroo wants of every customer, whichever the method (§4). */
export const CUSTOMER_FIELDS: readonly string[] = ['email', 'firstName', 'lastName'];

/** Ways of paying that belong to a phone. Cards, crypto, bank transfers and codes have no number to collect from. */
const PHONE_TYPES: ReadonlySet<string> = new Set(['mobile_money', 'wallet_account', 'test']);

const dialCodes = new Map(methods.map(({ code, countries }) => [code, countries[0]?.dialCode ?? null]));

/** Every method with a phone, once for each kind: made from the dataset, never written by hand. */
export const METHODS: readonly MethodFacts[] = methods
  .filter(({ type, countries }) => PHONE_TYPES.has(type) && countries.length === 1)
  .flatMap((method) => [
    ...(method.payment ? [toFacts(method, 'collection', [])] : []),
    // The phone is always there, and `msisdn` is the phone.
    ...(method.payout
      ? [
          toFacts(
            method,
            'payout',
            method.recipientFields.filter((field) => field !== 'msisdn'),
          ),
        ]
      : []),
  ]);

function toFacts(
  method: (typeof methods)[number],
  kind: MethodFacts['kind'],
  ownFields: readonly string[],
): MethodFacts {
  return {
    code: method.code, // Unified codes follow Moneroo's.
    providerCode: method.code,
    kind,
    country: method.countries[0]?.code ?? '',
    currency: method.currency,
    operator: method.operator,
    // Documented as an integer of major units (§4). One plugin sends decimals; what becomes of them nobody says.
    decimals: 0,
    min: null, // Moneroo publishes no bounds: the connected gateway has them (§8).
    max: null,
    requiredFields: [...CUSTOMER_FIELDS, ...ownFields],
    flow: kind === 'collection' ? 'redirect' : 'direct',
  };
}

/** The calling code of the method's country, without plus; undefined where the dataset names none. */
export function findDialCode(method: string): string | undefined {
  return dialCodes.get(method) ?? undefined;
}
