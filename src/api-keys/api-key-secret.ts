import { crc32 } from 'node:zlib';
import type { RandomBytes } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const SHAPE = /^mlp_(test|live)_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

/** Makes a new key: `mlp_test_` + 190 random bits in base 62 + a checksum, so that scanners know a leaked one at sight. */
export function makeApiKeySecret(mode: Mode, random: RandomBytes): string {
  const body = toBase62(random);
  return `mlp_${mode}_${body}${toChecksum(`mlp_${mode}_${body}`)}`;
}

/** Whether the text can be a key at all: a mistyped one is refused without asking the database. */
export function isApiKeyShaped(text: string): boolean {
  const match = SHAPE.exec(text);
  return match !== null && toChecksum(text.slice(0, -CHECKSUM_LENGTH)) === match[3];
}

// Bytes of 248 and more are drawn again: 248 is a multiple of 62, so every character is equally likely.
function toBase62(random: RandomBytes): string {
  let text = '';
  while (text.length < RANDOM_LENGTH) {
    for (const byte of random(RANDOM_LENGTH)) {
      if (byte < 248 && text.length < RANDOM_LENGTH) text += ALPHABET.charAt(byte % 62);
    }
  }
  return text;
}

function toChecksum(text: string): string {
  let rest = crc32(text);
  let checksum = '';
  for (let index = 0; index < CHECKSUM_LENGTH; index++) {
    checksum = ALPHABET.charAt(rest % 62) + checksum;
    rest = Math.floor(rest / 62);
  }
  return checksum;
}
