import { z } from 'zod';

const Merchant = z.strictObject({
  name: z.string().min(1),
  key: z.string().min(1),
  /** Where confirmations of paid links go. */
  email: z.email(),
  /** The secret of signed webhooks, where they are signed at all. */
  webhookSecret: z.string().min(1).default('demo-webhook-secret'),
});

/** The merchants, and the one key of each. */
export const DirectorySchema = z
  .strictObject({ merchants: z.array(Merchant).min(1) })
  .refine(({ merchants }) => new Set(merchants.map(({ key }) => key)).size === merchants.length, 'a key used twice');

export type Directory = z.infer<typeof DirectorySchema>;
export type DirectoryInput = z.input<typeof DirectorySchema>;
export type Merchant = z.infer<typeof Merchant>;

/** Of our own making: DExchange gives each merchant its own, in about this form. */
export const DEFAULT_DIRECTORY: DirectoryInput = {
  merchants: [{ name: 'Boutique Teranga', key: 'sk.demo1.simulated-dexchange', email: 'boutique@example.sn' }],
};
