import { createIdSource, ID_LENGTH, systemRandom, type RandomBytes } from './ids.js';
import { ManualTime, systemClock } from './time.js';

const zeros: RandomBytes = (size) => Buffer.alloc(size);

it('makes ids of a prefix and a ULID, as long as the columns are wide', () => {
  const id = createIdSource(systemClock).next('txn');
  expect(id).toMatch(/^txn_[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(id).toHaveLength(ID_LENGTH);
});

it('never makes one twice, and each is greater than the one before', () => {
  const ids = createIdSource(systemClock);
  const made = Array.from({ length: 5_000 }, () => ids.next('txn'));
  expect(new Set(made).size).toBe(made.length);
  expect(made).toEqual([...made].sort());
});

it('rises inside one millisecond', () => {
  const ids = createIdSource(new ManualTime(1_700_000_000_000));
  const made = Array.from({ length: 2_000 }, () => ids.next('evt'));
  expect(made).toEqual([...made].sort());
  expect(new Set(made.map((id) => id.slice(0, 14))).size).toBe(1); // The time is the same in all of them.
});

it('rises across prefixes', () => {
  const ids = createIdSource(new ManualTime(1_700_000_000_000));
  const made = ['txn', 'att', 'evt', 'txn'].map((prefix) => ids.next(prefix).slice(4));
  expect(made).toEqual([...made].sort());
});

it('does not fall when the clock is set back', () => {
  let now = 1_700_000_000_000;
  const ids = createIdSource({ now: () => now });
  const before = ids.next('txn');
  now -= 3_600_000;
  const during = ids.next('txn');
  now += 3_600_001;
  const made = [before, during, ids.next('txn')];
  expect(made).toEqual([...made].sort());
});

it('sorts by time across processes', () => {
  const time = new ManualTime(1_700_000_000_000);
  const [one, other] = [createIdSource(time), createIdSource(time)];
  const first = one.next('txn');
  time.advance(1);
  expect(other.next('txn') > first).toBe(true);
});

it('repeats with the same clock and the same randomness', () => {
  const make = () => createIdSource(new ManualTime(1_700_000_000_000), zeros);
  const [one, other] = [make(), make()];
  expect([one.next('txn'), one.next('txn')]).toEqual([other.next('txn'), other.next('txn')]);
});

it('uses all the randomness it is given', () => {
  let asked = 0;
  const counting: RandomBytes = (size) => {
    asked += size;
    return systemRandom(size);
  };
  const time = new ManualTime(1_700_000_000_000);
  const ids = createIdSource(time, counting);
  const made = Array.from({ length: 64 }, () => {
    time.advance(1);
    return ids.next('txn').slice(14);
  });
  expect(asked).toBe(64 * 16); // Sixteen characters of chance in each, one byte a character.
  expect(new Set(made).size).toBe(64);
  expect(new Set(made.join('')).size).toBe(32); // All letters of the alphabet occur.
});
