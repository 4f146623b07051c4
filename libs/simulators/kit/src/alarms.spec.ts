import { Alarms } from './alarms.js';
import { SpecTime } from './spec-support.js';

function setUp(earlyMs = 0) {
  const time = new SpecTime(earlyMs);
  const heard: string[] = [];
  const alarms = new Alarms(time);
  const set = (id: string, at: number) => alarms.set(id, at, () => heard.push(`${id} ${time.now()}`));
  return { time, heard, alarms, set };
}

it('goes off when it is due, even where timers fire early', () => {
  const { time, heard, set } = setUp(4);
  set('a', 10);
  time.advance(30);
  expect(heard).toEqual(['a 10']);
});

it('keeps one alarm for each thing: the newest', () => {
  const { time, heard, alarms, set } = setUp();
  set('a', 5);
  set('b', 5);
  set('a', 8);
  expect([alarms.has('a'), alarms.has('c')]).toEqual([true, false]);
  time.advance(30);
  expect(heard).toEqual(['b 5', 'a 8']);
  expect(alarms.has('a')).toBe(false);
});

it('goes off no more once stopped, and can be set again until it is closed', () => {
  const { time, heard, alarms, set } = setUp();
  set('a', 5);
  alarms.stop();
  set('b', 6);
  time.advance(10);
  expect(heard).toEqual(['b 6']);
  set('c', 15);
  alarms.close();
  set('d', 16);
  time.advance(10);
  expect(heard).toEqual(['b 6']);
});
