/** East Africa Time: UTC+3, no daylight saving. Every time on the wire is in it, without a zone marker (§1). */
const EAT_OFFSET_MS = 3 * 60 * 60 * 1000;

/** The parts of an instant on a clock in Nairobi, zero-padded. */
export interface EastAfricaTime {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
  readonly millisecond: string;
}

/** Reads the clock on the wall in Nairobi. */
export function toEastAfricaTime(epochMs: number): EastAfricaTime {
  const iso = new Date(epochMs + EAT_OFFSET_MS).toISOString();
  return {
    year: iso.slice(0, 4),
    month: iso.slice(5, 7),
    day: iso.slice(8, 10),
    hour: iso.slice(11, 13),
    minute: iso.slice(14, 16),
    second: iso.slice(17, 19),
    millisecond: iso.slice(20, 23),
  };
}

/** `YYYYMMDDHHmmss` in East Africa Time, as in `TransactionDate`. */
export function toWireTimestamp(epochMs: number): string {
  const { year, month, day, hour, minute, second } = toEastAfricaTime(epochMs);
  return `${year}${month}${day}${hour}${minute}${second}`;
}

/** The instant a `YYYYMMDDHHmmss` in East Africa Time names, or undefined where no calendar has it. */
export function readWireTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const epochMs = Date.UTC(year, month - 1, day, hour, minute, second) - EAT_OFFSET_MS;
  // Date.UTC rolls 31 February over into March: what does not come back the same was no date.
  return toWireTimestamp(epochMs) === text ? epochMs : undefined;
}
