import { createHash } from 'node:crypto';
import { randomText } from '#libs/simulators/kit';

const LOWER_ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `py_` or `po_` and twelve lower-case letters and digits (§1). */
export function createId(prefix: string): string {
  return prefix + randomText(LOWER_ALPHANUMERIC, 12);
}

/** An id that always follows from what it belongs to, so that it need not be kept. */
export function deriveId(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(parts.join('\n')).digest();
  return Array.from(digest.subarray(0, 12), (byte) => LOWER_ALPHANUMERIC[byte % LOWER_ALPHANUMERIC.length]).join('');
}

/** ISO-8601 in UTC with six digits after the point. */
export function toIsoMicros(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

/** ISO-8601 in UTC to the second, as the older answers have it. */
export function toIsoSeconds(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
