import { isAscii } from 'node:buffer';

const KEPT_BYTES = 16 * 1_024;
const EMPTY = Buffer.alloc(0);

// All controls but tab and line ends: they say nothing and break terminals, spreadsheets and some databases.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** The first 16 kB of an answer, of which no more is read: an answer without end costs nothing. */
export class AnswerStart {
  private readonly chunks: Buffer[] = [];
  private size = 0;

  get isFull(): boolean {
    return this.size >= KEPT_BYTES;
  }

  add(chunk: Buffer): void {
    if (this.isFull) return;
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  /** As text that can be stored and shown. */
  toString(): string {
    const [only = EMPTY] = this.chunks;
    return toText(this.chunks.length > 1 ? Buffer.concat(this.chunks) : only);
  }
}

/** Any bytes as valid, visible text of at most 16 kB. */
export function toText(bytes: Buffer): string {
  const kept = bytes.subarray(0, KEPT_BYTES);
  // With `stream` a character that is cut in the middle at the end is left away.
  const text = isAscii(kept) ? kept.toString('latin1') : new TextDecoder().decode(kept, { stream: true });
  return text.replace(CONTROLS, '');
}
