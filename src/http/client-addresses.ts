import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Settings } from '../config/settings.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

// Some proxies add the client's port.
const HOP = /^(?:\[(?<bracketed>[^\]]*)\]|(?<dotted>\d+\.\d+\.\d+\.\d+)|(?<bare>.*?))(?<port>:\d{1,5})?$/;

/**
 * From which address a client asks. `X-Forwarded-For` counts only as far as trusted proxies wrote it: each appends the address
 * that it was called from, so it is read from its end, up to the first address that is no trusted proxy's. What stands before
 * that one, anybody may have written.
 *
 * Fastify's `trustProxy` does the same and is left off: it would hand a malformed entry on as an address, believe the same
 * proxies about host and protocol, and know nothing of sockets.
 */
export class ClientAddresses {
  private readonly trusted: readonly Range[];

  constructor({ trustedProxies }: Pick<Settings, 'trustedProxies'>) {
    this.trusted = trustedProxies.map((range) => ipaddr.parseCIDR(range));
  }

  /**
   * The client's address. Where a trusted proxy passed on something that is no address it is the proxy's own: that much is
   * certain. Empty where the connection is gone already.
   */
  of({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
    const peer = socket.remoteAddress ?? '';
    const forwarded = headers['x-forwarded-for'];
    if (this.trusted.length === 0 || forwarded === undefined) return peer;
    // Node joins repeated headers to one text.
    const hops = String(forwarded).split(',');
    let client = peer;
    for (let hop = hops.pop(); hop !== undefined && this.isTrusted(client); hop = hops.pop()) {
      const address = readHop(hop);
      if (address === undefined) break;
      client = address;
    }
    return client;
  }

  private isTrusted(text: string): boolean {
    const address = parse(text);
    return (
      address !== undefined &&
      this.trusted.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits))
    );
  }
}

function readHop(text: string): string | undefined {
  const { bracketed, dotted, bare, port = '' } = HOP.exec(text.trim())?.groups ?? {};
  // The last group of a bare IPv6 address looks like a port.
  return parse(bracketed ?? dotted ?? `${bare ?? ''}${port}`)?.toString();
}

/** IPv4 in IPv6 is taken out: a socket that listens on both says it this way. Zones are of no use to anybody else. */
function parse(text: string): Address | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  return ipaddr.process(text);
}
