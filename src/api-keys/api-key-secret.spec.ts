import { randomBytes } from 'node:crypto';
import { isApiKeyShaped, makeApiKeySecret } from './api-key-secret.js';

const constant = (byte: number) => (size: number) => Buffer.alloc(size, byte);

describe('An API key', () => {
  it.each(['test', 'live'] as const)('says at sight that it is ours, and %s', (mode) => {
    const secret = makeApiKeySecret(mode, randomBytes);
    expect(secret).toMatch(new RegExp(`^mlp_${mode}_[0-9A-Za-z]{38}$`));
    expect(isApiKeyShaped(secret)).toBe(true);
  });

  it('ends in the CRC-32 of the rest, so that scanners anywhere can check it', () => {
    const secret = makeApiKeySecret('test', constant(0));
    expect(secret.slice(0, -6)).toBe(`mlp_test_${'0'.repeat(32)}`);
    expect(toNumber(secret.slice(-6))).toBe(crc32(secret.slice(0, -6)));
  });

  it('draws again where a byte would make some characters likelier', () => {
    const blocks = [Buffer.alloc(32, 255), Buffer.alloc(32, 248), Buffer.alloc(32, 247)];
    const secret = makeApiKeySecret('live', () => blocks.shift() ?? Buffer.alloc(0));
    expect(secret.slice(9, 41)).toBe('z'.repeat(32));
    expect(blocks).toHaveLength(0);
  });

  it('is a different one each time', () => {
    const made = Array.from({ length: 1_000 }, () => makeApiKeySecret('test', randomBytes));
    expect(new Set(made).size).toBe(1_000);
  });

  it('is refused with any one character changed, cut off or added', () => {
    const secret = makeApiKeySecret('test', randomBytes);
    for (let index = 0; index < secret.length; index++) {
      const other = secret[index] === 'a' ? 'b' : 'a';
      expect(isApiKeyShaped(secret.slice(0, index) + other + secret.slice(index + 1))).toBe(false);
    }
    expect(isApiKeyShaped(secret.slice(0, -1))).toBe(false);
    expect(isApiKeyShaped(`${secret}0`)).toBe(false);
    expect(isApiKeyShaped(secret.replace('test', 'live'))).toBe(false);
    expect(isApiKeyShaped(`${secret}\n`)).toBe(false);
    expect(isApiKeyShaped('')).toBe(false);
  });
});

/** The textbook CRC-32 (IEEE 802.3), bit by bit. */
function crc32(text: string): number {
  let rest = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest >>> 0;
}

function toNumber(base62: string): number {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  return [...base62].reduce((sum, character) => sum * 62 + alphabet.indexOf(character), 0);
}
