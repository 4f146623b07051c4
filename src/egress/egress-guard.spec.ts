import type { LookupAddress } from 'node:dns';
import { ManualTime } from '#libs/primitives';
import { EgressGuard, type NameResolver } from './egress-guard.js';

const noNames: NameResolver = (hostname, _options, callback) => {
  callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), []);
};

function guardOf(egressAllow: readonly string[] = [], resolve: NameResolver = noNames): EgressGuard {
  return new EgressGuard({ egressAllow }, new ManualTime(0), resolve);
}

/** Answers each look-up with the next list, the last one for ever. */
function resolverOf(...answers: readonly (readonly string[])[]): NameResolver {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

function look(guard: EgressGuard, all = true): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    guard.lookup('shop.example', { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

const PRIVATE_V4 = {
  'this network': ['0.0.0.0', '0.1.2.3', '0'],
  loopback: ['127.0.0.1', '127.255.255.254', '127.1', '127.0.1', '127.0.0.1.'],
  'loopback as one number': ['2130706433', '0x7f000001', '017700000001'],
  'loopback in parts of other bases': ['0x7f.0.0.1', '0177.0.0.01', '0x7f.1', '127.0x0.0.1', '127.65535'],
  'loopback in wide and circled digits': ['１２７.０.０.１', '①②⑦.⓪.⓪.①', '127。0。0。1', '127．0．0．1'],
  'loopback percent-encoded': ['%31%32%37.0.0.1', '127%2e0.0.1'],
  private: ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.254', '100.100.100.200'],
  'link-local and metadata': ['169.254.169.254', '169.254.0.1', '0xa9fea9fe', '2852039166', '169.254.43518'],
  'cloud internals': ['168.63.129.16', '192.0.0.192'],
  'protocol assignments and documentation': ['192.0.0.1', '192.0.2.1', '198.51.100.7', '203.0.113.9'],
  benchmarking: ['198.18.0.1', '198.19.255.255'],
  'old 6to4 relays': ['192.88.99.1'],
  multicast: ['224.0.0.1', '239.255.255.250'],
  'reserved and broadcast': ['240.0.0.1', '255.255.255.255'],
};

const PRIVATE_V6 = {
  'unspecified and loopback': ['::', '::1', '0:0:0:0:0:0:0:1'],
  'v4-mapped': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:169.254.169.254', '0:0:0:0:0:ffff:10.0.0.1'],
  'v4-compatible, any': ['::127.0.0.1', '::7f00:1', '::169.254.169.254', '::8.8.8.8'],
  'v4-translated, any': ['::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::10.0.0.1'],
  'local NAT64, any': ['64:ff9b:1::127.0.0.1', '64:ff9b:1::8.8.8.8'],
  '6to4, any': ['2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:808:808::1'],
  'Teredo, any': ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'unique local and the metadata in it': ['fc00::1', 'fd00::1', 'fd00:ec2::254'],
  'link-local and site-local': ['fe80::1', 'febf::1', 'fec0::1'],
  multicast: ['ff02::1', 'ff05::1:3'],
  'documentation, discard and protocol assignments': ['2001:db8::1', '3fff::1', '100::1', '2001:10::1', '2001:2::1'],
  'not given out': ['4000::1', '5f00::1', '1::1', 'e000::1'],
};

const PUBLIC = ['8.8.8.8', '1.1.1.1', '41.90.0.1', '172.15.255.255', '172.32.0.1', '100.63.255.255', '100.128.0.1'];
const PUBLIC_V6 = [
  '2001:4860:4860::8888',
  '2a00:1450:4009::1',
  '2606:4700::1111',
  '64:ff9b::8.8.8.8',
  '::ffff:8.8.8.8',
];

const rows = (families: Record<string, string[]>) =>
  Object.entries(families).flatMap(([family, hosts]) => hosts.map((host) => [family, host] as const));

describe('The egress guard looks at literals', () => {
  it.each(rows(PRIVATE_V4))('refuses %s: %s', (_family, host) => {
    for (const url of [`https://${host}`, `http://${host}:8080/hook?a=1`, `https:\\\\${host}/`]) {
      expect(guardOf().assertUrl(url)).toMatch(/private, loopback or reserved/);
    }
  });

  it.each(rows(PRIVATE_V6))('refuses %s: [%s]', (_family, host) => {
    expect(guardOf().assertUrl(`https://[${host}]/hook`)).toMatch(/private, loopback or reserved/);
  });

  it.each([...PUBLIC, ...PUBLIC_V6.map((address) => `[${address}]`), 'shop.example', 'münchen.example'])(
    'lets %s pass',
    (host) => {
      expect(guardOf().assertUrl(`https://${host}/hook`)).toBeUndefined();
      expect(guardOf().assertUrl(`http://${host}:8443/hook`)).toBeUndefined();
    },
  );

  it.each([
    ['not a URL', 'shop.example/hook', /not a URL/],
    ['an address out of range', 'https://256.256.256.256/', /not a URL/],
    ['a zone', 'https://[fe80::1%25eth0]/', /not a URL/],
    ['a NUL in the host', 'https://127.0.0.1%00.shop.example/', /not a URL/],
    ['a file', 'file:///etc/passwd', /only http and https/],
    ['gopher', 'gopher://8.8.8.8/', /only http and https/],
    ['ftp', 'ftp://8.8.8.8/', /only http and https/],
    ['data', 'data:text/plain,hello', /only http and https/],
    ['a user', 'https://user@shop.example/', /user name or password/],
    ['a password', 'https://:secret@shop.example/', /user name or password/],
    ['a host that only looks like another', 'https://shop.example@127.0.0.1/', /user name or password/],
    ['the same with a backslash', 'https://127.0.0.1\\@shop.example/', /private/],
    ['SSH', 'https://shop.example:22/', /port 22/],
    ['SMTP', 'http://shop.example:25/', /port 25/],
    ['MySQL', 'http://shop.example:3306/', /port 3306/],
    ['Redis', 'http://8.8.8.8:6379/', /port 6379/],
    ['port 0', 'http://shop.example:0/', /port 0/],
  ])('refuses %s', (_name, url, fault) => expect(guardOf().assertUrl(url)).toMatch(fault));

  it('lets pass what the operator allows, however it is spelled, and nothing beside it', () => {
    const guard = guardOf(['10.1.0.0/16', 'fd12::/16']);
    for (const host of ['10.1.2.3', '0x0a010203', '[::ffff:10.1.2.3]', '[64:ff9b::10.1.2.3]', '[fd12::7]']) {
      expect(guard.assertUrl(`http://${host}/`)).toBeUndefined();
    }
    for (const host of ['10.2.0.1', '127.0.0.1', '[fd13::7]', '[::1]']) {
      expect(guard.assertUrl(`http://${host}/`)).toBeDefined();
    }
    expect(guard.assertUrl('http://10.1.2.3:22/')).toMatch(/port 22/);
  });
});

describe('The egress guard looks at every connection', () => {
  it.each(
    [...rows(PRIVATE_V4), ...rows(PRIVATE_V6)].map(([, host]) => host).filter((host) => /^[\d.]+\.\d+$|:/.test(host)),
  )('refuses a name that leads to %s', async (address) => {
    await expect(look(guardOf([], resolverOf([address])))).rejects.toMatchObject({ code: 'EFORBIDDENADDRESS' });
  });

  it.each([...PUBLIC, ...PUBLIC_V6])('lets a name pass that leads to %s', async (address) => {
    expect(await look(guardOf([], resolverOf([address])))).toMatchObject([{ address }]);
    expect(await look(guardOf([], resolverOf([address])), false)).toBe(address);
  });

  it.each([
    ['one of several is private', ['8.8.8.8', '10.0.0.1']],
    ['the last is private', ['8.8.8.8', '2a00:1450::1', '::1']],
    ['there is none', []],
    ['it is no address', ['shop.example']],
    ['it has a zone', ['fe80::1%eth0']],
  ])('refuses a name if %s', async (_name, addresses) => {
    await expect(look(guardOf([], resolverOf(addresses)))).rejects.toMatchObject({ code: 'EFORBIDDENADDRESS' });
  });

  it('judges each time anew: a name that was public is refused once it leads inside', async () => {
    const guard = guardOf([], resolverOf(['93.184.215.14'], ['169.254.169.254']));
    expect(await guard.findObjection('https://shop.example/')).toBeUndefined();
    await expect(look(guard)).rejects.toMatchObject({ code: 'EFORBIDDENADDRESS' });
  });

  it('passes on what the resolver cannot answer', async () => {
    await expect(look(guardOf())).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('The egress guard looks at a URL that is being entered', () => {
  it('refuses a name that leads inside today, and literals at once', async () => {
    const guard = guardOf([], resolverOf(['10.0.0.1']));
    expect(await guard.findObjection('https://shop.example/')).toMatch(/^shop\.example leads to a private/);
    expect(await guard.findObjection('https://127.1/')).toMatch(/private/);
    expect(await guard.findObjection('https://8.8.8.8/')).toBeUndefined();
  });

  it('lets a name pass that does not resolve', async () => {
    expect(await guardOf().findObjection('https://new-shop.example/')).toBeUndefined();
  });

  it('does not wait for a resolver that says nothing', async () => {
    const time = new ManualTime(0);
    const guard = new EgressGuard({ egressAllow: [] }, time, () => undefined);
    const judged = guard.findObjection('https://shop.example/');
    time.advance(3_000);
    expect(await judged).toBeUndefined();
    expect(time.nextTimerAt()).toBeUndefined();
  });
});
