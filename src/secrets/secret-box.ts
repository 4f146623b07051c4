import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { RandomBytes } from '#libs/primitives';
import type { SecretKeys } from '../config/settings.js';

const ALGORITHM = 'aes-256-gcm';

/** Raised when a sealed record does not open: a key is missing, or the record was moved or changed. */
export class UnsealError extends Error {
  constructor(place: string) {
    super(
      `The sealed value of ${place} does not open with any of our keys. Was MALIPO_SECRET_KEY changed without MALIPO_SECRET_KEY_PREVIOUS?`,
    );
    this.name = 'UnsealError';
  }
}

/**
 * Seals secrets for the database: AES-256-GCM, bound to the row and field they belong to, with the key's id in front so
 * that keys can change. `v1.<key id>.<iv>.<ciphertext and tag>`, base64url.
 */
export class SecretBox {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly currentId: string;

  constructor(
    keys: SecretKeys,
    private readonly random: RandomBytes,
  ) {
    this.currentId = toKeyId(keys.current);
    this.keys = new Map([keys.current, ...keys.previous].map((key) => [toKeyId(key), key]));
  }

  /** `place` names row and field, such as `provider_accounts/pac_…/credentials`; opening needs the same. */
  seal(plaintext: string, place: string): string {
    const iv = this.random(12);
    const cipher = createCipheriv(ALGORITHM, this.key(this.currentId, place), iv).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return ['v1', this.currentId, iv.toString('base64url'), sealed.toString('base64url')].join('.');
  }

  /** Throws an UnsealError where the record does not open. */
  open(record: string, place: string): string {
    const [version, keyId = '', iv = '', sealed = ''] = record.split('.');
    const bytes = Buffer.from(sealed, 'base64url');
    if (version !== 'v1' || bytes.length < 16) throw new UnsealError(place);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.key(keyId, place), Buffer.from(iv, 'base64url'));
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
    } catch {
      throw new UnsealError(place);
    }
  }

  /** Whether the record should be sealed anew because its key is an old one. */
  isStale(record: string): boolean {
    return record.split('.')[1] !== this.currentId;
  }

  private key(id: string, place: string): Buffer {
    const key = this.keys.get(id);
    if (!key) throw new UnsealError(place);
    return key;
  }
}

function toKeyId(key: Buffer): string {
  return createHash('sha256').update('malipo key id').update(key).digest('base64url').slice(0, 8);
}
