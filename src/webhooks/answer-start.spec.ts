import { AnswerStart, toText } from './answer-start.js';

function startOf(...chunks: readonly string[]): AnswerStart {
  const start = new AnswerStart();
  for (const chunk of chunks) start.add(Buffer.from(chunk));
  return start;
}

describe('The start of an answer', () => {
  it('is what came, chunk by chunk', () => {
    expect(String(startOf('{"ok"', ':true}'))).toBe('{"ok":true}');
    expect(String(startOf('partial'))).toBe('partial');
    expect(String(startOf())).toBe('');
  });

  it('is full after 16 kB, and keeps no more', () => {
    const start = new AnswerStart();
    let chunks = 0;
    for (; !start.isFull; chunks++) start.add(Buffer.alloc(1_000, 'x'));
    start.add(Buffer.from('y'));
    expect(chunks).toBe(17);
    expect(String(start)).toBe('x'.repeat(16_384));
  });

  it.each([
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x62]), 'a��b'],
    ['NUL and other controls', Buffer.from('a\u0000b\u001b[31mc\u0085d\r\n\te'), 'ab[31mcd\r\n\te'],
    ['half of a surrogate pair', Buffer.from([0xed, 0xa0, 0x80]), '���'],
    ['what is beyond the basic plane', Buffer.from('🎉 Ọ'), '🎉 Ọ'],
    ['a character that the cut goes through', Buffer.from(`${'x'.repeat(16_382)}🎉`), 'x'.repeat(16_382)],
  ])('makes valid text of %s', (_name, bytes, text) => {
    expect(toText(bytes)).toBe(text);
    expect(toText(bytes).isWellFormed()).toBe(true);
  });
});
