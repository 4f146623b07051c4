import { type Answer, type Request } from '#libs/simulators/kit';
import { refusal } from './answers.js';
import type { Merchant } from './merchants.js';
import { readWireTimestamp } from './time.js';
import type { World } from './world.js';

/** The most one transaction moves (§16.1), in shillings. */
export const MAX_AMOUNT = 250_000n;

/** Words that Safaricom refuses in callback URLs, in any case (§16.4). */
const FORBIDDEN_WORDS = ['mpesa', 'm-pesa', 'safaricom', 'exe', 'exec', 'cmd', 'sql', 'query'];
const TUNNELS = ['ngrok', 'requestbin', 'mockbin'];

export type Fields = Readonly<Record<string, unknown>>;

/** `Bad Request - Invalid <Field>`, the field as it is spelled on the wire. */
export function invalidField({ ids }: World, field: string): Answer {
  return refusal(400, '400.002.02', `Bad Request - Invalid ${field}`, ids.merchantRequestId());
}

/**
 * The body's fields. A body that is not declared as JSON has none, so that the first mandatory one looks absent:
 * that is how Daraja answers a form (§1).
 */
export function readFields(world: World, { headers, body }: Request): { readonly fields: Fields } | Answer {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return { fields: {} };
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { fields: { ...value } };
  } catch {
    // Said below.
  }
  return refusal(400, '400.002.05', 'Invalid Request Payload', world.ids.merchantRequestId());
}

/** A number or a string on the wire, as its text; undefined where it is neither, or empty. */
export function readText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The same where it must look like `pattern`. */
export function readMatching(fields: Fields, name: string, pattern: RegExp): string | undefined {
  const text = readText(fields, name);
  return text !== undefined && pattern.test(text) ? text : undefined;
}

/** Whether the Timestamp is a date, and, where that is asked for, near the clock in Nairobi. */
export function isTimestamp({ settings, time }: World, text: string): boolean {
  const at = readWireTimestamp(text);
  const toleranceMs = settings.get('timestampToleranceMs');
  return at !== undefined && (toleranceMs === 0 || Math.abs(at - time.now()) <= toleranceMs);
}

/** The merchant that shortcode and Password prove, or the refusal. */
export function authenticateMerchant(
  world: World,
  login: { shortcode: string; password: string; timestamp: string },
): Merchant | Answer {
  const merchant = world.directory.merchants.find(({ shortcode }) => shortcode === login.shortcode);
  if (!merchant) return stkError(world, 'Merchant does not exist');
  const expected = Buffer.from(`${merchant.shortcode}${merchant.passkey}${login.timestamp}`).toString('base64');
  return login.password === expected ? merchant : stkError(world, 'Wrong credentials');
}

/** The code with many meanings: only the message tells them apart (§3.4, §5). */
export function stkError({ ids }: World, message: string, requestId = ids.merchantRequestId()): Answer {
  return refusal(500, '500.001.1001', message, requestId);
}

/** Whether Safaricom would call that URL (§16.4). The host need not resolve. */
export function isCallbackUrl({ settings }: World, text: string): boolean {
  if (/[\s<>]/.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  const lower = text.toLowerCase();
  if (settings.get('refuseForbiddenWords') && FORBIDDEN_WORDS.some((word) => lower.includes(word))) return false;
  if (settings.get('acceptLoopbackCallbacks')) return url.protocol === 'https:' || url.protocol === 'http:';
  return (
    url.protocol === 'https:' && isPublicHost(url.hostname) && !TUNNELS.some((tunnel) => url.hostname.includes(tunnel))
  );
}

function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith('[')) {
    return !/^\[(?:::1?\]|::ffff:|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/.test(hostname);
  }
  if (/^\d+\.\d+\.\d+\.\d+$/.test(hostname)) {
    return !/^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(hostname);
  }
  return hostname.includes('.') && !/(?:^|\.)(?:localhost|local|internal)$/.test(hostname);
}
