import type { IncomingMessage } from 'node:http';
import { readSettings } from '../config/settings.js';
import { ClientAddresses } from './client-addresses.js';

describe('The address of a client', () => {
  const settingsOf = (proxies: string) =>
    readSettings({
      MALIPO_TRUSTED_PROXIES: proxies,
      MALIPO_SECRET_KEY: Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('hex'),
    });

  function find(proxies: string, peer: string | undefined, forwarded: string | undefined): string {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const message = { headers, socket: { remoteAddress: peer } } as unknown as IncomingMessage;
    return new ClientAddresses(settingsOf(proxies)).of(message);
  }

  it.each<[string, string, string, string | undefined, string]>([
    ['is the peer’s where nobody is trusted', '', '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    ['is the peer’s where he is not trusted', '10.0.0.1', '10.0.0.2', '203.0.113.9', '10.0.0.2'],
    ['is a trusted peer’s that forwards for nobody', '10.0.0.1', '10.0.0.1', undefined, '10.0.0.1'],
    ['is what a trusted peer says', '10.0.0.1', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['is the last that is no proxy’s', '10.0.0.0/8', '10.0.0.1', '1.1.1.1, 203.0.113.9,10.0.0.7', '203.0.113.9'],
    ['is not what a client wrote before', '10.0.0.1', '10.0.0.1', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['is the first where all are proxies', '10.0.0.0/8', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['is read of IPv4 in IPv6', '10.0.0.0/8', '::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['is read of IPv6', 'fd00::/8', 'fd00::1', '2001:DB8:0::1', '2001:db8::1'],
    ['is read beside a port', '10.0.0.1', '10.0.0.1', '203.0.113.9:50123', '203.0.113.9'],
    ['is read of brackets with a port', '10.0.0.1', '10.0.0.1', '[2001:db8::1]:50123', '2001:db8::1'],
    ['is read of IPv6 whose end looks like a port', '10.0.0.1', '10.0.0.1', '2001:db8::1:5012', '2001:db8::1:5012'],
  ])('%s', (_, proxies, peer, forwarded, address) => expect(find(proxies, peer, forwarded)).toBe(address));

  it.each([
    '',
    ',',
    'unknown',
    '203.0.113.9, unknown',
    '203.0.113.9,',
    '203.0.113.9;203.0.113.8',
    '203.0.113.999',
    '203.0.113',
    '0xcb007109',
    '3405803785',
    '203.0.113.9:123456',
    '[203.0.113.9',
    '2001:db8::1::',
    'fe80::1%eth0',
    '<script>',
    `203.0.113.9${' '.repeat(5_000)}x`,
    ':'.repeat(5_000),
  ])('is the proxy’s where it passes %j on', (forwarded) => {
    expect(find('10.0.0.1', '10.0.0.1', forwarded)).toBe('10.0.0.1');
  });

  it('is empty where the client is gone', () => {
    expect(find('10.0.0.1', undefined, '203.0.113.9')).toBe('');
  });
});
