import { z } from 'zod';
import { secretText } from '#libs/provider-kit';

/** What proves to Moneroo who we are, and to us that a webhook is Moneroo's. */
export const Credentials = z.strictObject({
  secretKey: secretText(
    'Secret key',
    'From Developers → API keys. Its kind decides: a sandbox key for test, another for live.',
  ),
  webhookSecret: secretText(
    'Webhook secret',
    'From Developers → Webhooks, of the webhook that points to this account’s callback URL. Not the API key.',
  ),
});

/** What beside the credentials tells one account from another. */
export const Settings = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ title: 'Base URL', description: 'Another host than Moneroo’s; in test mode only.' }),
});

export type Credentials = z.infer<typeof Credentials>;
export type Settings = z.infer<typeof Settings>;
