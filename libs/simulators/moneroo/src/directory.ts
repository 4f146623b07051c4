import { z } from 'zod';

/** An app of the dashboard: its keys, and where its webhooks go. */
const App = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  websiteUrl: z.url().default('https://shop.example'),
  /** A key that begins with `pvk_sandbox_` is a sandbox key; every other is live. */
  keys: z.array(z.string().min(1)).min(1),
  /** Every one gets every event (§9). */
  webhooks: z
    .array(z.strictObject({ url: z.url({ protocol: /^https?$/ }), secret: z.string().min(1) }))
    .max(15)
    .default([]),
});

/** Who may call, and who hears about it. */
export const DirectorySchema = z.strictObject({ apps: z.array(App).min(1) }).refine(({ apps }) => {
  const keys = apps.flatMap((app) => app.keys);
  return new Set(keys).size === keys.length;
}, 'a key used twice');

export type Directory = z.infer<typeof DirectorySchema>;
export type DirectoryInput = z.input<typeof DirectorySchema>;
export type App = z.infer<typeof App>;
export type Environment = 'sandbox' | 'live';

/** Of our own making: Moneroo gives each app its own, in this form. */
export const DEFAULT_DIRECTORY: Directory = {
  apps: [
    {
      id: '01J8Z0000000000000000DEMO1',
      name: 'Demo shop',
      websiteUrl: 'https://shop.example',
      keys: ['pvk_sandbox_demo01|01J8Z0000000000000SANDBOX1', 'pvk_demo01|01J8Z000000000000000L1VE01'],
      webhooks: [],
    },
  ],
};

/** The secret of webhooks that nobody chose one for. */
export const DEFAULT_WEBHOOK_SECRET = 'demo-webhook-secret';

export function toEnvironment(key: string): Environment {
  return key.startsWith('pvk_sandbox_') ? 'sandbox' : 'live';
}
