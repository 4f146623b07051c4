import { readStart, toText } from './answer-start.js';

async function* chunksOf(...chunks: (string | Buffer | Error)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield Buffer.from(chunk as string);
  }
}

describe('The start of an answer', () => {
  it('is what came, chunk by chunk', async () => {
    expect(await readStart(chunksOf('{"ok"', ':true}'))).toBe('{"ok":true}');
    expect(await readStart(chunksOf())).toBe('');
  });

  it('is what came before a break', async () => {
    expect(await readStart(chunksOf('partial', new Error('reset')))).toBe('partial');
  });

  it('ends after 16 kB, and asks for no more', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        asked++;
        yield Buffer.alloc(1_000, 'x');
      }
    }
    expect(await readStart(endless())).toBe('x'.repeat(16_384));
    expect(asked).toBe(17);
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
