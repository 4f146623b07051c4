import { randomBytes } from 'node:crypto';
import { encodeTime, monotonicFactory } from 'ulid';
import type { Clock } from './time.js';

/** Where randomness comes from, so that a simulation can be repeated. */
export type RandomBytes = (size: number) => Buffer;

export const systemRandom: RandomBytes = (size) => randomBytes(size);

/** Makes prefixed, time-sortable, opaque ids: `txn_` + 26 characters of a monotonic ULID. */
export interface IdSource {
  next(prefix: string): string;
}

/** The longest id: a prefix of three letters, an underscore, a ULID. Columns are this wide. */
export const ID_LENGTH = 30;

/** The smallest id that an instant (epoch ms) can have: ids begin with their time, so lists by date are ranges of ids. */
export function firstIdAt(prefix: string, instant: number): string {
  return `${prefix}_${encodeTime(Math.max(0, instant))}`;
}

/** Ids that rise within this process even inside one millisecond, and by time across processes. */
export function createIdSource(clock: Clock, random: RandomBytes = systemRandom): IdSource {
  const nextUlid = monotonicFactory(createPrng(random));
  let latest = 0;
  return {
    next(prefix) {
      // A clock set back must not make ids fall: lists and cursors follow them.
      latest = Math.max(latest, clock.now());
      return `${prefix}_${nextUlid(latest)}`;
    },
  };
}

// ulid asks for one fraction a character; drawing bytes in blocks keeps that cheap.
function createPrng(random: RandomBytes): () => number {
  let block: Buffer = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used === block.length) {
      block = random(256);
      used = 0;
    }
    return (block[used++] ?? 0) / 256;
  };
}
