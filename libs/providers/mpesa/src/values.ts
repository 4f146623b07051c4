import { Money, Msisdn } from '#libs/primitives';
import { redact } from '#libs/provider-kit';

/** The JSON of a message, or undefined where it is none. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined; // No JSON, so no message of Daraja's.
  }
}

/**
 * An amount in KES; undefined where none is named. One that cannot be held against ours must not pass as one that was
 * not named. A JSON number with at most two decimals prints as it was written, but for its trailing zeros: `150.00` is 150.
 */
export function readAmount(value: unknown): Money | undefined | 'unreadable' {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' && typeof value !== 'string') return 'unreadable';
  const amount = Money.parse(String(value), 'KES');
  return typeof amount === 'string' ? 'unreadable' : amount;
}

/** A number as it stands, or undefined where it is masked: C2B notices lost their readable numbers in 2022 (§13). */
export function readPhone(value: unknown): Msisdn | undefined {
  return typeof value === 'number' || typeof value === 'string' ? Msisdn.parseDigits(String(value)) : undefined;
}

/** Ten letters and digits so far (§1.1), but opaque; anybody may have written it, so not of any length. */
export function readReceipt(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,40}$/.test(value) ? value : undefined;
}

/** Prose for people, from a sender nobody vouches for. */
export function readWords(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redact(text).slice(0, 300);
}
