import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { secretText } from '#libs/provider-kit';

// M-Pesa Express page: five or six digits; the query page says up to seven.
const shortNumber = (title: string, description: string) =>
  z
    .string()
    .regex(/^\d{5,7}$/, 'Five to seven digits.')
    .meta({ title, description });

/** What proves to Daraja who we are. */
export const Credentials = z
  .strictObject({
    consumerKey: secretText(
      'Consumer key',
      'Of the app in the Daraja portal; sandbox and production have separate apps.',
    ),
    consumerSecret: secretText('Consumer secret', 'Belongs to the consumer key.'),
    passkey: secretText('Passkey', 'M-Pesa Express passkey of the shortcode; production’s comes by e-mail at go-live.'),
    initiatorName: z.string().trim().min(1).max(100).optional().meta({
      title: 'Initiator name',
      description: 'API operator, for payouts and reversals.',
    }),
    initiatorPassword: secretText('Initiator password', 'Password of the API operator; valid for 90 days.').optional(),
  })
  // RSA holds 117 bytes at least (a key of 1,024 bits), and Safaricom’s passwords are far shorter.
  .refine(({ initiatorPassword = '' }) => Buffer.byteLength(initiatorPassword) <= 100, {
    message: 'At most 100 bytes.',
    path: ['initiatorPassword'],
  })
  .refine((given) => (given.initiatorName === undefined) === (given.initiatorPassword === undefined), {
    message: 'An initiator needs both a name and a password.',
    path: ['initiatorPassword'],
  });

/** Which shortcode collects, and how. */
export const Settings = z
  .strictObject({
    shortcode: shortNumber('Shortcode', 'The paybill; for a till the store or head-office number used at go-live.'),
    type: z.enum(['paybill', 'till']).meta({ title: 'Type', description: 'How customers pay: Pay Bill or Buy Goods.' }),
    tillNumber: shortNumber('Till number', 'The till that customers pay; for type till.').optional(),
    payoutShortcode: shortNumber('Payout shortcode', 'Where payouts leave from, if not the shortcode.').optional(),
    certificate: z.string().refine(isCertificate, 'An X.509 certificate with an RSA key, in PEM.').optional().meta({
      title: 'Certificate',
      description: 'PEM that encrypts the initiator password; else the one published for the environment.',
    }),
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        title: 'Base URL',
        description: 'Another host than Safaricom’s; in test mode only.',
      }),
  })
  .refine(({ type, tillNumber }) => (type === 'till') === (tillNumber !== undefined), {
    message: 'A till needs its number, and a paybill has none.',
    path: ['tillNumber'],
  });

export type Credentials = z.infer<typeof Credentials>;
export type Settings = z.infer<typeof Settings>;

// Dates are not looked at: the certificates in circulation expired years ago and only their key is used (§7).
function isCertificate(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(pem).publicKey;
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 1024;
  } catch {
    return false;
  }
}
