import { findExcess, toDay, toEffectiveCaps, toHour, toWindows, type Caps, type Countable } from './caps.js';

const NOON = Date.UTC(2026, 10, 22, 12, 30);
const payout: Countable = {
  ...{ merchantId: 'mer_1', mode: 'test', currency: 'KES', phone: '+254700000001', batchId: null },
  ...{ amountMinor: 10_000n, createdAt: NOON },
};

describe('Caps', () => {
  it('count clock hours and calendar days in UTC', () => {
    expect(toHour(NOON)).toEqual({ startsAt: Date.UTC(2026, 10, 22, 12), endsAt: Date.UTC(2026, 10, 22, 13) });
    expect(toDay(NOON)).toEqual({ startsAt: Date.UTC(2026, 10, 22), endsAt: Date.UTC(2026, 10, 23) });
    const lastMoment = Date.UTC(2026, 10, 22, 23, 59, 59, 999);
    expect(toDay(lastMoment)).toEqual(toDay(NOON));
    expect(toDay(lastMoment + 1).startsAt).toBe(toDay(NOON).endsAt);
  });

  const hashesOf = (given: Partial<Countable>, keyId = 'key_1') =>
    Object.fromEntries(toWindows({ ...payout, ...given }, keyId).map(({ cap, usageHash }) => [cap, usageHash]));
  const shared = (given: Partial<Countable>, keyId?: string) =>
    Object.entries(hashesOf(given, keyId)).flatMap(([cap, hash]) => (hashesOf({})[cap] === hash ? [cap] : []));

  it.each([
    ['another merchant', { merchantId: 'mer_2' }, 'key_1', []],
    ['another mode', { mode: 'live' as const }, 'key_1', []],
    ['another currency', { currency: 'UGX' }, 'key_1', []],
    ['another phone', { phone: '+254700000002' }, 'key_1', ['perHour', 'perDay', 'perKeyPerDay']],
    ['another key', {}, 'key_2', ['perHour', 'perDay', 'perRecipientPerDay']],
    ['an hour later', { createdAt: NOON + 3_600_000 }, 'key_1', ['perDay', 'perRecipientPerDay', 'perKeyPerDay']],
    ['a day later', { createdAt: NOON + 86_400_000 }, 'key_1', []],
  ])('share with %s only what is theirs together', (_, given, keyId, expected) => {
    expect(shared(given, keyId)).toEqual(expected);
  });

  it('of a batch hold over days, for that batch', () => {
    const inBatch = hashesOf({ batchId: 'bat_1' });
    expect(hashesOf({ batchId: 'bat_1', createdAt: NOON + 86_400_000 }).perBatch).toBe(inBatch.perBatch);
    expect(hashesOf({ batchId: 'bat_2' }).perBatch).not.toBe(inBatch.perBatch);
  });

  it.each<[Caps | undefined, Caps | undefined, Caps | undefined]>([
    [undefined, undefined, undefined],
    [{}, {}, undefined],
    [{ perDay: '5' }, undefined, { perDay: '5' }],
    [{ perDay: '5' }, { perDay: '4', perHour: '9' }, { perDay: '4', perHour: '9' }],
    [{ perDay: '10' }, { perDay: '9' }, { perDay: '9' }],
    [{ perDay: '0' }, { perDay: '9' }, { perDay: '0' }],
  ])('%p under %p are %p', (limits, maxima, caps) => expect(toEffectiveCaps(limits, maxima)).toEqual(caps));

  const excess = (caps: Caps, used: bigint, amountMinor = payout.amountMinor) =>
    findExcess(caps, toWindows(payout, 'key_1'), { amountMinor, used: () => used });

  it('let pass what fits to the last cent, and not one more', () => {
    expect(excess({ perDay: '30000' }, 20_000n)).toBeUndefined();
    expect(excess({ perDay: '30000' }, 20_001n)).toEqual({
      ...{ cap: 'perDay', capMinor: 30_000n, leftMinor: 9_999n, renewsAt: toDay(NOON).endsAt },
    });
    expect(excess({ perHour: '0' }, 0n, 1n)).toMatchObject({ cap: 'perHour', leftMinor: 0n });
  });

  it('that were lowered below what is used leave nothing, not less than nothing', () => {
    expect(excess({ perDay: '5' }, 20_000n)).toMatchObject({ leftMinor: 0n });
  });

  it('of a single payout renew never, and those of a batch say nothing of what is in none', () => {
    expect(excess({ perPayout: '9999' }, 0n)).toEqual({
      ...{ cap: 'perPayout', capMinor: 9_999n, leftMinor: 9_999n, renewsAt: null },
    });
    expect(excess({ perBatch: '1' }, 0n)).toBeUndefined();
  });
});
