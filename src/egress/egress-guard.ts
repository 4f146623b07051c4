import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import type { Scheduler } from '#libs/primitives';
import { SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { isHttpPort } from './http-ports.js';

/** Raised by a look-up whose answer leads to a forbidden address. */
export class ForbiddenAddressError extends Error {
  readonly code = 'EFORBIDDENADDRESS';

  constructor(host: string) {
    super(`${host} leads to a private, loopback or reserved address, which this gateway does not call`);
    this.name = 'ForbiddenAddressError';
  }
}

/** Finds all addresses of a name, as `dns.lookup` does. Tests put one in its place that changes its mind. */
export type NameResolver = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export const NAME_RESOLVER = Symbol('NameResolver');
export const systemResolver: NameResolver = systemLookup;

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

// While somebody waits for the answer; a connection has its own time-out.
const LONGEST_LOOK_UP_MS = 3_000;

// IPv6 hands out global addresses from here alone; everything else is local, a translation or not given out.
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

// Public by its number, and yet a machine's own cloud: Azure's platform endpoint.
const CLOUD_INTERNALS: readonly Range[] = [ipaddr.IPv4.parseCIDR('168.63.129.16/32')];

/**
 * Decides which addresses our outgoing requests may reach: public ones, and what the operator allows. It looks at literals
 * before a request and at every resolved address of every connection, so that neither an odd spelling nor a name that
 * changes its mind gets through.
 */
@Injectable()
export class EgressGuard {
  private readonly allowed: readonly Range[];

  constructor(
    @Inject(SETTINGS) settings: Pick<Settings, 'egressAllow'>,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
    @Inject(NAME_RESOLVER) private readonly resolve: NameResolver,
  ) {
    this.allowed = settings.egressAllow.map((range) => ipaddr.parseCIDR(range));
  }

  /**
   * Why the URL must not be called, as a sentence part, or undefined. Names are judged when they are resolved. Call it
   * before every request: a socket to a literal address never asks `lookup`.
   */
  assertUrl(text: string): string | undefined {
    if (!URL.canParse(text)) return 'the address is not a URL';
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'only http and https addresses are called';
    if (url.username !== '' || url.password !== '') return 'the address carries a user name or password';
    if (!isHttpPort(url)) return `port ${url.port} belongs to another service than HTTP`;
    // The URL parser has already turned octal, hexadecimal, short and full-width spellings into plain addresses.
    const host = toHost(url);
    if (isIP(host) !== 0 && !this.isAllowed(host)) return new ForbiddenAddressError(host).message;
    return undefined;
  }

  /**
   * Why the URL must not be saved: `assertUrl`, and where its name leads today, while somebody is there to mend it.
   * A name that does not resolve, or not in time, passes; what counts is each connection's own look-up.
   */
  async findObjection(text: string): Promise<string | undefined> {
    const fault = this.assertUrl(text);
    if (fault !== undefined) return fault;
    const host = toHost(new URL(text));
    return isIP(host) === 0 ? this.judgeName(host) : undefined;
  }

  /** For sockets: resolves a name and fails if any of its addresses is forbidden. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const [first] = addresses;
      if (!first || addresses.some(({ address }) => !this.isAllowed(address))) {
        return callback(new ForbiddenAddressError(hostname), '');
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };

  private judgeName(host: string): Promise<string | undefined> {
    return new Promise((settle) => {
      const giveUp = this.scheduler.after(LONGEST_LOOK_UP_MS, () => settle(undefined));
      this.lookup(host, { all: true }, (error) => {
        giveUp();
        settle(error instanceof ForbiddenAddressError ? error.message : undefined);
      });
    });
  }

  private isAllowed(text: string): boolean {
    // `::8.8.8.8`, the old compatible form, is read by ipaddr.js as the mapped `::ffff:8.8.8.8`; it is neither.
    if (!ipaddr.isValid(text) || /^::\d+\./.test(text)) return false;
    const address = unwrap(ipaddr.parse(text));
    return isPublic(address) || this.allowed.some((range) => isWithin(address, range));
  }
}

function toHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  if (address.kind() === 'ipv6') return isWithin(address, GLOBAL_V6);
  return !CLOUD_INTERNALS.some((range) => isWithin(address, range));
}

// Where an IPv6 address is only the wrapping of an IPv4 one (mapped, NAT64), that one is reached, and judged. Older
// wrappings (6to4, Teredo, ::/96) are refused as they are: nobody serves HTTP there.
function unwrap(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const [first, second, ...middle] = address.parts.slice(0, 6);
  const isNat64 = first === 0x64 && second === 0xff9b && middle.every((part) => part === 0);
  return isNat64 ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

function isWithin(address: Address, [network, bits]: Range): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
