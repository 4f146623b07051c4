import { z } from 'zod';
import type { Database } from '../database/database.js';
import { GatheredReads } from '../database/gathered-reads.js';
import { SCOPES } from './scopes.js';

const Instant = z.coerce.number().nullable();
const fromJson = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value);

// MySQL gives a JSON column as an object, MariaDB and SQLite as text; bigints come as text or number.
const Row = z.object({
  keyHash: z.string(),
  id: z.string(),
  merchantId: z.string().nullable(),
  mode: z.enum(['test', 'live']),
  principalId: z.string(),
  scopes: z.preprocess(fromJson, z.array(z.enum(SCOPES))),
  lastUsedAt: Instant,
  endsAt: Instant,
  merchantStatus: z.string().nullable(),
  accountCount: z.coerce.string(),
  accountVersions: z.coerce.string(),
  latestAccount: z.coerce.string(),
});

// Change whenever one of the merchant's provider accounts does: versions only rise, ids too, and none is ever deleted.
const OF_ACCOUNTS = 'FROM provider_accounts a WHERE a.merchant_id = k.merchant_id AND a.mode = k.mode';
const ACCOUNTS = `
  (SELECT COUNT(*) ${OF_ACCOUNTS}) AS accountCount,
  (SELECT SUM(a.version) ${OF_ACCOUNTS}) AS accountVersions,
  (SELECT MAX(a.id) ${OF_ACCOUNTS}) AS latestAccount`;

/** What every request needs to know of its key. */
export type LoadedKey = z.infer<typeof Row>;

/**
 * Looks keys up together with their merchants' state. Questions share queries and nothing is kept, so a key that was revoked
 * or a merchant that was suspended before a request came is seen by that request.
 */
export class ApiKeyLoader {
  private readonly keys = new GatheredReads<string, LoadedKey>(
    (keyHash) => keyHash,
    (hashes) => this.select(hashes),
  );

  constructor(private readonly database: Database) {}

  /** Undefined where no key has this hash. */
  load(keyHash: string): Promise<LoadedKey | undefined> {
    return this.keys.find(keyHash);
  }

  private async select(hashes: readonly string[]): Promise<Map<string, LoadedKey>> {
    const rows: unknown = await this.database.read.query(
      `SELECT k.key_hash AS keyHash, k.id AS id, k.merchant_id AS merchantId, k.mode AS mode,
              k.principal_id AS principalId, k.scopes AS scopes, k.last_used_at AS lastUsedAt, k.ends_at AS endsAt,
              m.status AS merchantStatus, ${ACCOUNTS}
         FROM api_keys k LEFT JOIN merchants m ON m.id = k.merchant_id
        WHERE k.key_hash IN (${hashes.map(() => '?').join(', ')})`,
      [...hashes],
    );
    return new Map(
      z
        .array(Row)
        .parse(rows)
        .map((key) => [key.keyHash, key]),
    );
  }
}
