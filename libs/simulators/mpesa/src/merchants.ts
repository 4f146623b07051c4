import { z } from 'zod';

/** The products an app can be subscribed to on the portal. */
export const PRODUCTS = ['stk', 'b2c', 'status', 'reversal', 'balance'] as const;
export type Product = (typeof PRODUCTS)[number];

/** An app of the developer portal: a pair of keys and the products it may use. */
const App = z.strictObject({
  consumerKey: z.string().min(1),
  consumerSecret: z.string().min(1),
  products: z.array(z.enum(PRODUCTS)).default([...PRODUCTS]),
});

/** What an API operator may be allowed to do; without its role an order ends with 21. */
const ROLES = ['b2c', 'status', 'reversal', 'balance'] as const;

/** The API operator in whose name a merchant's payouts, reversals and questions are made (§7). */
const Initiator = z.strictObject({
  name: z.string().min(1),
  password: z.string().min(1),
  roles: z.array(z.enum(ROLES)).default([...ROLES]),
});

/** A business that takes money: by paybill, or, where it has a till, by its store number and till. */
const Merchant = z.strictObject({
  /** The paybill, or the store number that stands for the till in BusinessShortCode. */
  shortcode: z.string().regex(/^\d{5,7}$/),
  name: z.string().min(1).max(100),
  passkey: z.string().min(1),
  till: z
    .string()
    .regex(/^\d{5,7}$/)
    .optional(),
  /** Without one every payout, reversal and question ends with 2001. */
  initiator: Initiator.optional(),
  /** Whether B2C is among its products; otherwise payouts end with 2028. */
  paysOut: z.boolean().default(true),
});

/** Who may call, and who is paid. */
export const DirectorySchema = z
  .strictObject({ apps: z.array(App).min(1), merchants: z.array(Merchant).min(1) })
  .refine(({ apps }) => new Set(apps.map((app) => app.consumerKey)).size === apps.length, 'consumerKey used twice')
  .refine(
    ({ merchants }) => new Set(merchants.map((merchant) => merchant.shortcode)).size === merchants.length,
    'shortcode used twice',
  );

export type Directory = z.infer<typeof DirectorySchema>;
export type DirectoryInput = z.input<typeof DirectorySchema>;
export type App = z.infer<typeof App>;
export type Merchant = z.infer<typeof Merchant>;

/** Safaricom's published example of an API operator (§16.5). */
const INITIATOR = { name: 'testapi', password: 'Safaricom999!*!', roles: [...ROLES] };

/**
 * The sandbox as Safaricom publishes it (paybill 174379 and its passkey, §16.5), and beside it a till with numbers
 * and a passkey of our own making. The keys are invented: Safaricom gives each app its own.
 */
export const DEFAULT_DIRECTORY: Directory = {
  apps: [{ consumerKey: 'demo-consumer-key', consumerSecret: 'demo-consumer-secret', products: [...PRODUCTS] }],
  merchants: [
    {
      shortcode: '174379',
      name: 'Demo Shop',
      passkey: 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919',
      initiator: INITIATOR,
      paysOut: true,
    },
    {
      shortcode: '603021',
      name: 'Demo Kiosk',
      passkey: '7c1f0e5d9b3a48260f4e8d2c6a1b93570e9d4c8b2f7a61353d0c9e8f1a2b4c5d',
      till: '5203021',
      initiator: INITIATOR,
      paysOut: true,
    },
  ],
};
