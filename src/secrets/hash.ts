import { createHash } from 'node:crypto';

/**
 * SHA-256 in hex over a list of parts. Unambiguous (parts cannot run into each other), so that client-given text becomes
 * unique by bytes on every engine, whatever a collation thinks equal.
 */
export function hashOf(...parts: readonly (string | number | bigint)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(String(part));
    hash.update(`${String(bytes.length)}:`).update(bytes);
  }
  return hash.digest('hex');
}
