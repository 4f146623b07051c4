import { WireIds } from './ids.js';
import { readWireTimestamp, toWireTimestamp } from './time.js';

const ids = new WireIds();
const free = (): boolean => false;

it.each([
  ['2026-03-14T12:30:47Z', 'UCE'],
  ['2025-12-31T20:59:59Z', 'TLV'], // One second before 2026 in Nairobi.
  ['2025-12-31T21:00:00Z', 'UA1'],
  ['2017-01-09T00:00:00Z', 'LA9'],
  ['2026-10-10T00:00:00Z', 'UJA'],
])('a receipt of %s begins with %s', (at, start) => {
  expect(ids.receipt(Date.parse(at), free)).toMatch(new RegExp(`^${start}[A-Z0-9]{7}$`));
});

it('a receipt is never given twice', () => {
  const taken: string[] = [];
  const receipt = ids.receipt(0, (candidate) => taken.length < 3 && taken.push(candidate) > 0);
  expect(taken).toHaveLength(3);
  expect(taken).not.toContain(receipt);
});

it('a CheckoutRequestID takes more digits before it takes another instant', () => {
  const at = Date.parse('2026-03-14T12:30:21.179Z');
  const taken = new Set<string>();
  const next = (): string => {
    const id = ids.checkoutRequestId(at, '254700000123', 1, (candidate) => taken.has(candidate));
    taken.add(id);
    return id.slice('ws_CO_14032026153021'.length, -9);
  };
  expect([next(), next(), next(), next(), next()]).toEqual(['1', '17', '179', '180', '181']);
});

it('request ids are a UUID without its first group and a rising number', () => {
  const shape = /^[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(\d+)$/;
  const [first, second] = [ids.merchantRequestId(), ids.merchantRequestId()].map((id) => Number(shape.exec(id)?.[1]));
  expect(second).toBe((first ?? 0) + 1);
});

it.each([
  ['20260314153021', '2026-03-14T12:30:21.000Z'],
  ['20260101000000', '2025-12-31T21:00:00.000Z'],
])('a wire timestamp %s is %s', (text, iso) => {
  expect(new Date(readWireTimestamp(text) ?? Number.NaN).toISOString()).toBe(iso);
  expect(toWireTimestamp(Date.parse(iso))).toBe(text);
});

it.each(['20260230000000', '20261301000000', '20260314250000', '2026031415302', 'now'])(
  '%s is no timestamp',
  (text) => {
    expect(readWireTimestamp(text)).toBeUndefined();
  },
);
