import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { hashOf } from './hash.js';
import { SecretBox, UnsealError } from './secret-box.js';

const key = randomBytes(32);
const other = randomBytes(32);
const boxOf = (current: Buffer, ...previous: Buffer[]): SecretBox => new SecretBox({ current, previous }, randomBytes);

describe('A sealed secret', () => {
  const box = boxOf(key);

  it('opens to what it was, in its own place alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (secret, place, elsewhere) => {
        const record = box.seal(secret, place);
        expect(box.open(record, place)).toBe(secret);
        if (place !== elsewhere) expect(() => box.open(record, elsewhere)).toThrow(UnsealError);
      }),
    );
  });

  it('is never sealed alike twice, and shows nothing of itself', () => {
    const records = new Set(Array.from({ length: 100 }, () => box.seal('passkey', 'p')));
    expect(records.size).toBe(100);
    expect([...records].join('')).not.toContain(Buffer.from('passkey').toString('base64url'));
  });

  it('does not open when any part of it was changed', () => {
    const record = box.seal('secret', 'place');
    for (let at = 0; at < record.length; at++) {
      const changed = `${record.slice(0, at)}${record[at] === 'A' ? 'B' : 'A'}${record.slice(at + 1)}`;
      // The last characters of base64url can hold bits that mean nothing.
      const same = decode(changed) === decode(record);
      if (!same) expect(() => box.open(changed, 'place')).toThrow(UnsealError);
    }
    for (const broken of ['', 'v1', 'v1...', 'v2.x.y.z', record.slice(0, -10), `${record}.x`.slice(2)]) {
      expect(() => box.open(broken, 'place')).toThrow(UnsealError);
    }
  });

  it('opens after the key was changed while the old one is known, and says that it is stale', () => {
    const record = boxOf(key).seal('secret', 'place');
    const rotated = boxOf(other, key);
    expect(rotated.open(record, 'place')).toBe('secret');
    expect([rotated.isStale(record), rotated.isStale(rotated.seal('x', 'y'))]).toEqual([true, false]);
    expect(() => boxOf(other).open(record, 'place')).toThrow('MALIPO_SECRET_KEY_PREVIOUS');
  });

  it('tells nothing of itself when it does not open', () => {
    const record = boxOf(key).seal('passkey', 'accounts/1');
    const say = (): string => {
      try {
        return boxOf(other).open(record, 'accounts/1');
      } catch (error) {
        return String(error);
      }
    };
    expect(say()).toContain('accounts/1');
    expect(say()).not.toContain(record.split('.')[3]);
  });
});

describe('A hash of parts', () => {
  it('is the same for the same parts alone: they cannot run into each other', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        expect(hashOf(...a) === hashOf(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(hashOf('a', 'bc')).not.toBe(hashOf('ab', 'c'));
    expect(hashOf('1:a')).not.toBe(hashOf('a'));
    expect(hashOf()).not.toBe(hashOf(''));
  });

  it('tells letters apart that databases take for one', () => {
    expect(new Set(['elan', 'ELAN', 'élan', 'e\u0301lan', 'elan '].map((text) => hashOf(text))).size).toBe(5);
  });

  it('is SHA-256 in hex', () => expect(hashOf('a', 1, 2n)).toMatch(/^[0-9a-f]{64}$/));
});

function decode(record: string): string {
  const [version, keyId, ...parts] = record.split('.');
  return [version, keyId, ...parts.map((part) => Buffer.from(part, 'base64url').toString('hex'))].join('.');
}
