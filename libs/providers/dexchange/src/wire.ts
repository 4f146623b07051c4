import { z } from 'zod';

/*
 * Shapes of the wire. Section numbers (§) are those of the reference that README.md names. Keys come as `Status`,
 * `STATUS` and `status` (§0.5): everything is read in lower case.
 */

/** A text or a number, as text. */
const Text = z.union([z.string(), z.number()]).transform(String);

/** Present and null are the same as absent. */
const optional = <T extends z.ZodType>(type: T) =>
  type
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

/** One string or a list of them (§0.7). */
export const Message = z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1)]);

/** Everything that an answer about a transaction may say, whichever endpoint gave it. */
export const TransactionFields = z.object({
  success: optional(z.boolean()),
  message: optional(Message),
  transactionid: optional(z.string().min(1)),
  externaltransactionid: optional(Text),
  status: optional(z.string().min(1)),
  amount: optional(Text),
  number: optional(Text),
  servicecode: optional(z.string()),
  operatorapi: optional(Text),
  paymenturl: optional(z.string()),
  cashout_url: optional(z.string()),
  deeplink: optional(z.string()),
});
export type TransactionFields = z.infer<typeof TransactionFields>;

/** A webhook: one flat object (§9). */
export const Webhook = z
  .object({
    id: optional(z.string().min(1)),
    externaltransactionid: optional(z.string().min(1)),
    transactiontype: optional(z.string()),
    amount: optional(Text),
    phone_number: optional(Text),
    status: z.string().min(1),
  })
  // Without either id it could belong to anything.
  .refine(({ id, externaltransactionid }) => id !== undefined || externaltransactionid !== undefined);

/** A refusal: `{ message, success: false }` (§3). */
export const Refusal = z.object({ message: Message });

/** `GET /api-services/balance` (§8). */
export const BalanceAnswer = z.object({
  balance: z.object({ balance: Text, currency: z.string().default('XOF') }),
});

/** `GET /api-services/services` (§7). */
export const Services = z.object({ services: z.array(z.object({ serviceCode: z.string().min(1) })).min(1) });

/** The same object with its keys in lower case; undefined where it is none. */
export function toLowerKeys(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]));
}

/** What stands inside the envelopes `data` (§11) and `transaction` (§0.6); the message of the outermost one stays. */
export function unwrap(body: unknown): Readonly<Record<string, unknown>> | undefined {
  const outer = toLowerKeys(body);
  const inner = toLowerKeys(outer?.['data']) ?? outer;
  const transaction = toLowerKeys(inner?.['transaction']);
  return transaction ? { message: outer?.['message'], ...transaction } : inner && { ...inner };
}

interface CommonBody {
  readonly externalTransactionId: string;
  readonly callBackURL: string;
  readonly successUrl: string;
  readonly failureUrl: string;
}

/** `POST /transaction/init` (§5). */
export interface DirectBody extends CommonBody {
  readonly serviceCode: string;
  /** Francs. */
  readonly amount: number;
  /** National digits. */
  readonly number: string;
}

/** `POST /transaction/merchant/get-link` (§3). */
export interface LinkBody extends CommonBody {
  readonly ItemName: string;
  /** Francs. */
  readonly ItemPrice: number;
  /** JSON as a text; an older schema wants one. */
  readonly customData: string;
  readonly ClientName?: string;
  readonly ClientPhone?: string;
  readonly Email?: string;
}
