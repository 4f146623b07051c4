import { readPreferWait } from './prefer.js';

describe('Prefer: wait', () => {
  it.each([
    [undefined, undefined],
    [[], undefined],
    [[''], undefined],
    [['respond-async'], undefined],
    [['waiting=3'], undefined],
    [['handling="wait=3, really"'], undefined],
    [['wait=10'], 10],
    [['wait=0'], 0],
    [['wait=30'], 30],
    [['wait="7"'], 7],
    [[' Wait = 5 ; foo=bar'], 5],
    [['respond-async, wait=4, wait=9'], 4],
    [['return=minimal', 'wait=6'], 6],
    [['x="a, \\" b", wait=8'], 8],
  ])('%j is %s', (values, seconds) => expect(readPreferWait(values)).toBe(seconds));

  it.each([
    'wait',
    'wait=',
    'wait=31',
    'wait=-1',
    'wait=1.5',
    'wait=1e1',
    'wait=soon',
    'wait="3',
    'wait=""',
    'wait=3 4',
  ])('%s is none', (value) => expect(() => readPreferWait([value])).toThrow('invalid_request'));

  it('leaves a header that is far too long unread', () => {
    expect(readPreferWait(['"\\'.repeat(4_000), 'wait=3'])).toBe(3);
    expect(readPreferWait([`wait=3${' '.repeat(1_000)}`])).toBeUndefined();
  });
});
