import { z } from 'zod';

/*
 * Shapes of the wire. Section numbers (§) are those of the reference that README.md names. Ids are opaque; `success`
 * beside the envelope is sometimes there and means nothing (§0.2).
 */

/** `POST …/initialize` (§4, §7): the id is all a payout is told, a payment has its page too. */
export const Initialized = z.object({
  data: z.object({
    id: z.string().min(1),
    checkout_url: z.string().optional(),
  }),
});

const Failure = z.object({
  failure_message: z.string().nullish(),
  failure_error_code: z.union([z.string(), z.number()]).nullish(),
  gateway: z
    .object({ transaction_failure_message: z.string().nullish(), transaction_id: z.string().nullish() })
    .nullish(),
  phone_number: z.string().nullish(),
  metadata: z.object({ network_transaction_id: z.string().nullish() }).nullish().catch(null),
});

/** An amount of major units: a JSON number or a text. */
const Amount = z.union([z.number(), z.string()]).transform(String);

/** A string in one sample, an object with a code in the other (§6). */
const CurrencyCode = z.union([z.string(), z.object({ code: z.string() }).transform(({ code }) => code)]);

/** `[]` where it is empty, else texts by name (§0.11). */
const Metadata = z
  .union([z.record(z.string(), z.unknown()), z.array(z.unknown()).transform((): Record<string, unknown> => ({}))])
  .nullish()
  .transform((metadata): Record<string, unknown> => metadata ?? {});

/** What verify and retrieve say, in either of their shapes (§6, §7). */
export const TransactionAnswer = z.object({
  data: z.object({
    id: z.string().min(1),
    status: z.string(),
    amount: Amount,
    currency: CurrencyCode,
    environment: z.string(),
    metadata: Metadata,
    /** Of a payout. Missing while nothing was tried. */
    disburse: Failure.nullish().catch(null),
    /** Of a payment. Missing before the customer chose. */
    capture: Failure.nullish().catch(null),
  }),
});
export type Transaction = z.infer<typeof TransactionAnswer>['data'];

/** A refusal. `errors` comes as null, a list, a map or a text (§3). */
export const Refusal = z.object({ message: z.string(), errors: z.unknown().optional() });

/** A webhook (§9). Thin: customer and metadata may be missing. */
export const Webhook = z.object({
  event: z.string(),
  data: z.object({
    id: z.string().min(1),
    status: z.string().optional(),
    amount: Amount.optional().catch(undefined),
    currency: CurrencyCode.optional().catch(undefined),
    metadata: Metadata.catch({}),
  }),
});

/** `GET /utils/{payment,payout}/methods` (§8). */
export const Catalogue = z.object({
  data: z.array(z.object({ short_code: z.string().min(1), is_enabled: z.boolean().default(true) })).min(1),
});

interface CustomerBody {
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly phone: string;
  readonly address?: string;
  readonly city?: string;
  readonly state?: string;
  readonly zip?: string;
  readonly country?: string;
}

interface InitializeBody {
  /** Major units. */
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly customer: CustomerBody;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PayoutBody extends InitializeBody {
  readonly method: string;
  readonly recipient: Readonly<Record<string, string>>;
}

export interface PaymentBody extends InitializeBody {
  readonly return_url: string;
  readonly methods: readonly string[];
}
