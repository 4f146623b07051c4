import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { tokenPlace } from '../callbacks/callback-tokens.js';
import { Database } from '../database/database.js';
import { linkTokenPlace } from '../links/link-tokens.js';
import { credentialsPlace } from '../providers/connections.js';
import { providerTokenPlace } from '../providers/provider-token-store.js';
import { SecretBox, UnsealError } from '../secrets/secret-box.js';
import { previousSigningSecretPlace, signingSecretPlace } from '../signing-secrets/signing-secrets.service.js';
import { endpointSecretPlace, previousEndpointSecretPlace } from '../webhooks/endpoint-secrets.js';

interface SealedColumn {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  /** Where a row's value is sealed, as its owner says. */
  readonly toPlace: (key: string) => string;
}

/** Every column that holds something sealed. A test compares it with the entities. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'provider_accounts', key: 'id', column: 'sealed_credentials', toPlace: credentialsPlace },
  { table: 'provider_tokens', key: 'account_key', column: 'sealed_token', toPlace: providerTokenPlace },
  { table: 'callback_tokens', key: 'token_hash', column: 'sealed_token', toPlace: tokenPlace },
  { table: 'webhook_endpoints', key: 'id', column: 'sealed_secret', toPlace: endpointSecretPlace },
  { table: 'webhook_endpoints', key: 'id', column: 'sealed_previous_secret', toPlace: previousEndpointSecretPlace },
  { table: 'payment_links', key: 'id', column: 'sealed_token', toPlace: linkTokenPlace },
  { table: 'signing_secrets', key: 'id', column: 'sealed_secret', toPlace: signingSecretPlace },
  { table: 'signing_secrets', key: 'id', column: 'sealed_previous_secret', toPlace: previousSigningSecretPlace },
];

/** What became of the values of one column. */
export interface RotationResult {
  readonly table: string;
  readonly column: string;
  readonly seen: number;
  /** Sealed anew with the current key; the others already were. */
  readonly resealed: number;
  /** Where values open with none of our keys. They were left as they are. */
  readonly unopened: readonly string[];
}

// Small enough that other writers never wait long for one transaction.
const CHUNK = 200;

const Rows = z.array(z.object({ rowKey: z.string(), sealed: z.string() }));
type Row = z.infer<typeof Rows>[number];

/**
 * Seals everything anew with the current secret key, so that the previous one can be thrown away. Row by row and only what
 * is still sealed with an older key: it may be interrupted, repeated, and run while gateways work.
 */
@Injectable()
export class SecretKeyRotation {
  constructor(
    private readonly database: Database,
    private readonly secrets: SecretBox,
  ) {}

  async run(onProgress: (result: RotationResult) => void): Promise<RotationResult[]> {
    const results: RotationResult[] = [];
    for (const column of SEALED_COLUMNS) results.push(await this.rotate(column, onProgress));
    return results;
  }

  private async rotate(column: SealedColumn, onProgress: (result: RotationResult) => void): Promise<RotationResult> {
    let result: RotationResult = { table: column.table, column: column.column, seen: 0, resealed: 0, unopened: [] };
    let rows = await this.selectAfter(column, '');
    while (rows.length > 0) {
      const { resealed, unopened } = await this.reseal(column, rows);
      result = {
        ...result,
        seen: result.seen + rows.length,
        resealed: result.resealed + resealed,
        unopened: [...result.unopened, ...unopened],
      };
      onProgress(result);
      rows = await this.selectAfter(column, rows.at(-1)?.rowKey ?? '');
    }
    return result;
  }

  private async selectAfter({ table, key, column }: SealedColumn, after: string): Promise<Row[]> {
    const sql = `SELECT ${key} AS rowKey, ${column} AS sealed FROM ${table} WHERE ${key} > ? AND ${column} IS NOT NULL ORDER BY ${key} LIMIT ${CHUNK}`;
    return Rows.parse(await this.database.read.query(sql, [after]));
  }

  private async reseal({ table, key, column, toPlace }: SealedColumn, rows: readonly Row[]) {
    const unopened: string[] = [];
    const changes = rows
      .filter(({ sealed }) => this.secrets.isStale(sealed))
      .flatMap(({ rowKey, sealed }) => {
        const opened = this.tryToOpen(sealed, toPlace(rowKey));
        if (opened === undefined) unopened.push(toPlace(rowKey));
        return opened === undefined ? [] : [{ rowKey, sealed, anew: this.secrets.seal(opened, toPlace(rowKey)) }];
      });
    if (changes.length === 0) return { resealed: 0, unopened };
    await this.database.write(async (tx) => {
      for (const { rowKey, sealed, anew } of changes) {
        // A value that was changed meanwhile is newer than ours, and stays.
        const sql = `UPDATE ${table} SET ${column} = ? WHERE ${key} = ? AND ${column} = ?`;
        await tx.manager.query(sql, [anew, rowKey, sealed]);
      }
    });
    return { resealed: changes.length, unopened };
  }

  private tryToOpen(sealed: string, place: string): string | undefined {
    try {
      return this.secrets.open(sealed, place);
    } catch (error) {
      // Told by its place in the result: one lost value must not keep the others on the old key.
      if (error instanceof UnsealError) return undefined;
      throw error;
    }
  }
}
