import { hashOf } from '../secrets/hash.js';
import type { Transaction } from '../transactions/transaction.entity.js';

/** Everything that can be capped, for each currency by itself. */
export const CAP_NAMES = [
  'perPayout', //          one payout
  'perHour', //            all payouts of a clock hour, UTC
  'perDay', //             all payouts of a calendar day, UTC
  'perRecipientPerDay', // what one phone number gets in a calendar day, UTC
  'perKeyPerDay', //       what one API key asks for in a calendar day, UTC
  'perBatch', //           one batch
] as const;

export type CapName = (typeof CAP_NAMES)[number];

/** Caps of one currency in minor units, as text because JSON has no bigint. What is absent is not capped. */
export type Caps = Partial<Record<CapName, string>>;

export type CapsByCurrency = Partial<Record<string, Caps>>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BATCH_LIFE_MS = 90 * DAY_MS;

/** What a payout counts towards. */
export interface Window {
  readonly cap: CapName;
  readonly usageHash: string;
  /** Epoch ms: when the counting begins anew; for a batch, when it may be forgotten. */
  readonly endsAt: number;
}

/** What of a payout decides where it counts. */
export type Countable = Pick<
  Transaction,
  'merchantId' | 'mode' | 'currency' | 'phone' | 'batchId' | 'amountMinor' | 'createdAt'
>;

/** The clock hour of an instant, UTC: since 1970 every one has as many milliseconds. */
export function toHour(instant: number): { readonly startsAt: number; readonly endsAt: number } {
  const startsAt = instant - (instant % HOUR_MS);
  return { startsAt, endsAt: startsAt + HOUR_MS };
}

/** The calendar day of an instant, UTC. */
export function toDay(instant: number): { readonly startsAt: number; readonly endsAt: number } {
  const startsAt = instant - (instant % DAY_MS);
  return { startsAt, endsAt: startsAt + DAY_MS };
}

type UsagePlace = Pick<Countable, 'merchantId' | 'mode' | 'currency'>;

/** Where the sum of a merchant's hour or day is kept. */
export function toMerchantWindow(place: UsagePlace, cap: 'perHour' | 'perDay', instant: number): Window {
  return toWindow(place, cap, '', cap === 'perHour' ? toHour(instant) : toDay(instant));
}

/** All that a payout counts towards. */
export function toWindows(payout: Countable, keyId: string): Window[] {
  const day = toDay(payout.createdAt);
  const batch = { startsAt: 0, endsAt: day.endsAt + BATCH_LIFE_MS };
  return [
    toMerchantWindow(payout, 'perHour', payout.createdAt),
    toMerchantWindow(payout, 'perDay', payout.createdAt),
    toWindow(payout, 'perRecipientPerDay', payout.phone, day),
    toWindow(payout, 'perKeyPerDay', keyId, day),
    ...(payout.batchId === null ? [] : [toWindow(payout, 'perBatch', payout.batchId, batch)]),
  ];
}

function toWindow(
  { merchantId, mode, currency }: UsagePlace,
  cap: CapName,
  of: string,
  { startsAt, endsAt }: { readonly startsAt: number; readonly endsAt: number },
): Window {
  return { cap, usageHash: hashOf('limit usage', merchantId, mode, currency, cap, of, startsAt), endsAt };
}

/** The caps that hold: of the merchant's own and the platform's, the lower. Undefined where the currency has none. */
export function toEffectiveCaps(limits: Caps = {}, maxima: Caps = {}): Caps | undefined {
  const caps: Caps = {};
  for (const name of CAP_NAMES) {
    const set = [limits[name], maxima[name]].flatMap((text) => (text === undefined ? [] : [BigInt(text)]));
    const [first, second = first] = set;
    if (first !== undefined && second !== undefined) caps[name] = String(first < second ? first : second);
  }
  return Object.keys(caps).length === 0 ? undefined : caps;
}

/** A cap that a payout would go over. */
export interface Excess {
  readonly cap: CapName;
  readonly capMinor: bigint;
  /** What the cap still allows. */
  readonly leftMinor: bigint;
  /** Epoch ms; null where waiting does not help. */
  readonly renewsAt: number | null;
}

/** The first cap, in the order of their names, that the amount would go over. */
export function findExcess(
  caps: Caps,
  windows: readonly Window[],
  { amountMinor, used }: { readonly amountMinor: bigint; readonly used: (usageHash: string) => bigint },
): Excess | undefined {
  for (const cap of CAP_NAMES) {
    const text = caps[cap];
    if (text === undefined) continue;
    const capMinor = BigInt(text);
    const window = windows.find((each) => each.cap === cap);
    if (cap !== 'perPayout' && !window) continue;
    const left = window ? capMinor - used(window.usageHash) : capMinor;
    if (amountMinor <= left) continue;
    const renews = window && cap !== 'perBatch' ? window.endsAt : null;
    return { cap, capMinor, leftMinor: left > 0n ? left : 0n, renewsAt: renews };
  }
  return undefined;
}
