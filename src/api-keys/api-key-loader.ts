import { z } from 'zod';
import type { Database } from '../database/database.js';
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
});

/** What every request needs to know of its key. */
export type LoadedKey = z.infer<typeof Row>;

interface Waiting {
  readonly keyHash: string;
  readonly resolve: (key: LoadedKey | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Looks keys up together with their merchants' state. What is asked for in one turn of the event loop shares one query;
 * nothing is kept beyond its answer, so a key that was revoked or a merchant that was suspended before a request came is
 * seen by that request.
 */
export class ApiKeyLoader {
  private waiting: Waiting[] = [];

  constructor(private readonly database: Database) {}

  /** Undefined where no key has this hash. */
  load(keyHash: string): Promise<LoadedKey | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ keyHash, resolve, reject });
      if (this.waiting.length === 1) setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    try {
      const keys = await this.select([...new Set(batch.map(({ keyHash }) => keyHash))]);
      for (const { keyHash, resolve } of batch) resolve(keys.get(keyHash));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private async select(hashes: readonly string[]): Promise<Map<string, LoadedKey>> {
    const rows: unknown = await this.database.read.query(
      `SELECT k.key_hash AS keyHash, k.id AS id, k.merchant_id AS merchantId, k.mode AS mode,
              k.principal_id AS principalId, k.scopes AS scopes, k.last_used_at AS lastUsedAt, k.ends_at AS endsAt,
              m.status AS merchantStatus
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
