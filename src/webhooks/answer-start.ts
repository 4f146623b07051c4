const KEPT_BYTES = 16 * 1_024;

// All controls but tab and line ends: they say nothing and break terminals, spreadsheets and some databases.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/**
 * The first 16 kB of an answer as text that can be stored and shown. Reads no further, so an answer without end costs
 * nothing; what arrived before a break is kept.
 */
export async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= KEPT_BYTES) break;
    }
  } catch {
    // The status line has decided already; there is nothing more to learn from how the rest was lost.
  }
  return toText(Buffer.concat(chunks));
}

/** Any bytes as valid, visible text of at most 16 kB. */
export function toText(bytes: Buffer): string {
  // With `stream` a character that is cut in the middle at the end is left away.
  const text = new TextDecoder().decode(bytes.subarray(0, KEPT_BYTES), { stream: true });
  return text.replace(CONTROLS, '');
}
