import { ManualTime } from '#libs/primitives';
import { FailedAuthentications } from './failed-authentications.js';

const LIMIT = 30;

describe('Failed authentications', () => {
  let time: ManualTime;
  let failures: FailedAuthentications;
  const note = (address: string, times: number) => Array.from({ length: times }, () => failures.note(address)).at(-1);

  beforeEach(() => {
    time = new ManualTime(1_700_000_000_000);
    failures = new FailedAuthentications(time);
  });

  it('lets thirty a minute pass and says how long to wait from the next one on', () => {
    expect(note('203.0.113.5', LIMIT)).toBeUndefined();
    time.advance(10_000);
    expect(note('203.0.113.5', 1)).toBe(50_000);
    // A refused one does not make the wait longer.
    time.advance(20_000);
    expect(note('203.0.113.5', 1)).toBe(30_000);
  });

  it('slides: each failure counts for a minute', () => {
    note('203.0.113.5', LIMIT - 1);
    time.advance(40_000);
    expect(note('203.0.113.5', 1)).toBeUndefined();
    expect(note('203.0.113.5', 1)).toBe(20_000);
    time.advance(20_000);
    expect(note('203.0.113.5', LIMIT - 1)).toBeUndefined();
    expect(note('203.0.113.5', 1)).toBe(40_000);
  });

  it('counts each address by itself', () => {
    note('203.0.113.5', LIMIT + 1);
    expect(note('203.0.113.6', 1)).toBeUndefined();
  });

  it.each([
    ['the network of an IPv6 address', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9'],
    ['an IPv4 address in either spelling', '203.0.113.5', '::ffff:203.0.113.5'],
  ])('takes %s for one source', (_, first, second) => {
    note(first, LIMIT);
    expect(note(second, 1)).toBeGreaterThan(0);
  });

  it('tells neighbouring IPv6 networks apart', () => {
    note('2001:db8:1:2::1', LIMIT);
    expect(note('2001:db8:1:3::1', 1)).toBeUndefined();
  });

  it('remembers no more than ten thousand addresses, and those that failed last', () => {
    note('203.0.113.5', LIMIT);
    note('203.0.113.6', LIMIT);
    for (let index = 0; index < 9_999; index++) failures.note(`10.0.${index >> 8}.${index & 255}`);
    expect(note('203.0.113.6', 1)).toBeGreaterThan(0);
    expect(note('203.0.113.5', 1)).toBeUndefined();
  });
});
