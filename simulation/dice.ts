import { createHash } from 'node:crypto';

/** A seeded source of chance: the same seed throws the same dice for ever, on every machine. */
export class Dice {
  private a: number;
  private b: number;
  private c: number;
  private count: number;

  /** `label` tells streams of one seed apart, so that one part drawing more often changes nothing in another. */
  constructor(
    private readonly seed: string,
    label = '',
  ) {
    const words = createHash('sha256').update(`${seed}/${label}`).digest();
    this.a = words.readInt32LE(0);
    this.b = words.readInt32LE(4);
    this.c = words.readInt32LE(8);
    this.count = 1;
    for (let round = 0; round < 12; round++) this.next();
  }

  /** Another stream of the same seed. */
  fork(label: string): Dice {
    return new Dice(this.seed, label);
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.whole(0, choices.length - 1)] ?? choices[0];
  }

  /** The same where there may be nothing to choose from. */
  pickOf<T>(choices: readonly T[]): T | undefined {
    return choices[this.whole(0, Math.max(choices.length - 1, 0))];
  }

  bytes(size: number): Buffer {
    return Buffer.from(Array.from({ length: size }, () => this.next() & 0xff));
  }

  // sfc32, a small generator that passes the usual batteries (PractRand, Chris Doty-Humphrey).
  private next(): number {
    const sum = (this.a + this.b + this.count++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum >>> 0;
  }
}
