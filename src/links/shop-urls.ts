import { createHmac } from 'node:crypto';
import { ValidateBy } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import type { LinkStatus } from './payment-link.entity.js';

/** Whether it is a web address at all; where it may lead is judged by `findShopUrlFault`. */
export function IsWebAddress(): PropertyDecorator {
  return ValidateBy({
    name: 'isWebAddress',
    validator: {
      validate: (value) => typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value),
      defaultMessage: (faulty) =>
        `${faulty?.property ?? 'It'} must be a web address such as https://shop.example/thanks`,
    },
  });
}

// Programs disagree about what these mean in an address: one sees the shop's host, another one an attacker's.
const AMBIGUOUS = /[\s\\\p{C}\p{Z}]|%0[0ad]/iu;

/** Why customers must not be sent there, as a sentence part, or undefined. */
export function findShopUrlFault(text: string, mode: Mode): string | undefined {
  if (AMBIGUOUS.test(text)) return 'it holds a blank, a backslash, a line break or a character that cannot be seen';
  const url = new URL(text);
  if (hasDoubtfulHost(text, url)) return 'its host is not written as one host name or address';
  if (url.username !== '' || url.password !== '' || /^https?:\/*[^/?#]*@/i.test(text)) {
    return 'it carries a user name or password';
  }
  if (url.protocol === 'http:' && mode === 'live') return 'in live mode it must be https';
  return undefined;
}

// `https:///evil.example`, `https://0x7f.1`, `https://a;b.example`: browsers find a host there that other programs do not.
function hasDoubtfulHost(text: string, { hostname }: URL): boolean {
  const given = /^https?:\/\/([^/?#]*?)(?::\d*)?(?:[/?#]|$)/i.exec(text)?.[1] ?? '';
  if (given.includes('@')) return false; // Has a sentence of its own.
  if (given === '' || !/^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(hostname)) return true;
  return /^[\d.]+$/.test(hostname) && given !== hostname;
}

/** How a visit to the shop ends: signed, so that the shop can tell that we sent the customer. A hint, never proof of money. */
export interface ReturnHint {
  readonly linkId: string;
  readonly status: LinkStatus;
  /** Epoch seconds after which the shop should not believe it any more. */
  readonly expires: number;
}

/** The shop's address with the signed hint in its query; a query of its own stays. */
export function toReturnUrl(shopUrl: string, hint: ReturnHint, secret: string): string {
  const url = new URL(shopUrl);
  const { linkId, status, expires } = hint;
  const values = { linkId, status, expires: String(expires), signature: signReturn(hint, secret) };
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return url.href;
}

/** Hex HMAC-SHA256 of `linkId.status.expires`; the key is the secret as merchants see it, prefix included. */
export function signReturn({ linkId, status, expires }: ReturnHint, secret: string): string {
  return createHmac('sha256', secret)
    .update(`${linkId}.${status}.${String(expires)}`)
    .digest('hex');
}
