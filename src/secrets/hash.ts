import { hash } from 'node:crypto';

/**
 * SHA-256 in hex over a list of parts. Unambiguous (parts cannot run into each other), so that client-given text becomes
 * unique by bytes on every engine, whatever a collation thinks equal.
 */
export function hashOf(...parts: readonly (string | number | bigint)[]): string {
  let text = '';
  for (const part of parts) {
    const given = String(part);
    text += `${String(Buffer.byteLength(given))}:${given}`;
  }
  // One call into the native side: a request needs half a dozen of these.
  return hash('sha256', text, 'hex');
}
