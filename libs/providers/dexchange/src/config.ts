import { z } from 'zod';
import { secretText } from '#libs/provider-kit';

/** What proves to DExchange who we are. Nothing of theirs is signed, so there is no second secret. */
export const Credentials = z.strictObject({
  apiKey: secretText('API key', 'From the dashboard. It may be bound to the addresses that are allowed there.'),
});

/** What DExchange does not know and every call needs. */
export const Settings = z.strictObject({
  returnUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      title: 'Return URL',
      description: 'Where customers come back to from a payment page, where a collection names no page itself.',
    }),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ title: 'Base URL', description: 'Another host than DExchange’s; in test mode only.' }),
});

export type Credentials = z.infer<typeof Credentials>;
export type Settings = z.infer<typeof Settings>;
