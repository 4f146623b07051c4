import { RequestMeter } from './meter.js';
import { SpecTime } from './spec-support.js';

it('counts each caller in the minute gone by, refused requests as well', () => {
  const time = new SpecTime();
  const meter = new RequestMeter(time);
  const ask = (caller: string) => meter.count(caller, 2);
  expect(ask('a')).toEqual({ isExceeded: false, left: 1, freeAt: 60_000 });
  time.advance(1_000);
  expect(ask('a')).toEqual({ isExceeded: false, left: 0, freeAt: 60_000 });
  expect(ask('a')).toEqual({ isExceeded: true, left: 0, freeAt: 60_000 });
  expect(ask('b')).toMatchObject({ isExceeded: false });
  time.advance(59_500);
  expect(ask('a')).toMatchObject({ isExceeded: true });
  time.advance(60_000);
  expect(ask('a')).toMatchObject({ isExceeded: false });
});

it('has no limit where that is 0', () => {
  const meter = new RequestMeter(new SpecTime());
  for (let request = 0; request < 10; request++) expect(meter.count('a', 0).isExceeded).toBe(false);
});
