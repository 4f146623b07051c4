import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Clock } from '#libs/primitives';

const WINDOW_MS = 60_000;
const MOST_FAILURES = 30;
// Bounds memory under a flood from many addresses; the one that was quiet longest is forgotten first.
const MOST_ADDRESSES = 10_000;

/**
 * Counts failed authentications in a sliding minute for each address and says when one must slow down.
 *
 * It never looks at keys that are valid. A key has 190 random bits, so there is nothing to guess and nothing to lock out;
 * but many callers share an address (a reverse proxy, a NAT, a cloud's exit), and one forgotten job with an old key must
 * not stop the payments of its neighbours. What the limit does is make a flood cheap to answer and plain to see.
 */
export class FailedAuthentications {
  private readonly failures = new Map<string, number[]>();

  constructor(private readonly clock: Clock) {}

  /** Counts one more. Answers how long the address should wait, in ms, or undefined while it may go on. */
  note(address: string): number | undefined {
    const now = this.clock.now();
    const source = toSource(address);
    const recent = (this.failures.get(source) ?? []).filter((at) => at > now - WINDOW_MS);
    // Put back last, so that the map stays in the order of use.
    this.failures.delete(source);
    this.failures.set(source, recent);
    if (this.failures.size > MOST_ADDRESSES) this.forgetOldest();
    const oldest = recent[0];
    if (oldest !== undefined && recent.length >= MOST_FAILURES) return oldest + WINDOW_MS - now;
    recent.push(now);
    return undefined;
  }

  private forgetOldest(): void {
    const [oldest] = this.failures.keys();
    if (oldest !== undefined) this.failures.delete(oldest);
  }
}

// Whoever has one IPv6 address has the 2^64 around it.
function toSource(address: string): string {
  if (isIP(address) !== 6) return address;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':');
}
