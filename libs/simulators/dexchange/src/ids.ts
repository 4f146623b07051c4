import { randomInt } from 'node:crypto';
import { randomText } from '#libs/simulators/kit';

const UPPER_ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `TID` of a direct transaction or `MID` of a link, and ten upper-case letters and digits (§1). */
export function createId(prefix: 'TID' | 'MID'): string {
  return prefix + randomText(UPPER_ALPHANUMERIC, 10);
}

/** An operator's own reference, such as `OM26112012345`. */
export function createOperatorReference(service: string, now: number): string {
  const day = new Date(now).toISOString().slice(2, 10).replaceAll('-', '');
  return `${service.split('_')[0] ?? 'OP'}${day}${String(randomInt(100_000)).padStart(5, '0')}`;
}

/** Six digits that arrive by text message. */
export function createOtp(): string {
  return String(randomInt(1_000_000)).padStart(6, '0');
}

/** ISO-8601 in UTC to the second. */
export function toIsoSeconds(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
