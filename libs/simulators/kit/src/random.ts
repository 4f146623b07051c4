import { randomInt } from 'node:crypto';

/** Chance, in [0, 1). */
export const systemRandom = (): number => randomInt(2 ** 32) / 2 ** 32;

/** So many characters out of an alphabet, as ids are made of. */
export function randomText(alphabet: string, length: number, random: () => number = systemRandom): string {
  return Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('');
}
