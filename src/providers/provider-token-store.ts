import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { Clock, IdSource } from '#libs/primitives';
import { toRefreshMarginMs } from '#libs/provider-kit';
import { isDuplicate } from '../database/database-errors.js';
import { type Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { hashOf } from '../secrets/hash.js';
import { type SecretBox, UnsealError } from '../secrets/secret-box.js';
import { ProviderToken } from './provider-token.entity.js';

/** Longer than a request for a token may last (the HTTP client's 30 s), so that it ends only under a holder that is gone. */
export const TOKEN_LEASE_MS = 45_000;

/** A token that lives. Spans, not instants: they hold whatever the reader's own clock says. */
export interface LivingToken {
  readonly value: string;
  /** Zero or less where it is time for the next one. */
  readonly refreshInMs: number;
  readonly expiresInMs: number;
}

/** The right to fetch the next token of an account, alone. */
export interface TokenLease {
  readonly accountKey: string;
  readonly leaseToken: string;
  /** By the database's clock: the life of a token counts from before it was asked for. */
  readonly takenAt: number;
}

/** What somebody who needs a token finds. */
export type TokenClaim =
  | { readonly kind: 'token'; readonly token: LivingToken }
  /** Fetch it. `previous` still lives and serves if that fails. */
  | { readonly kind: 'leased'; readonly lease: TokenLease; readonly previous: LivingToken | undefined }
  /** Somebody else is fetching it. */
  | { readonly kind: 'held'; readonly previous: LivingToken | undefined };

const DAY_MS = 86_400_000;

/** The rows behind the access tokens: one token for each account over all processes, fetched by one of them at a time. */
export class ProviderTokenStore {
  /**
   * `time` says whose clock the rows follow: the database's, where processes on several machines share it, or our own,
   * where this is the only process or time is moved by hand.
   */
  constructor(
    private readonly database: Database,
    private readonly secrets: SecretBox,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly time: 'database' | 'process',
  ) {}

  /** Answers the token, or leases the right to fetch one. A token whose value is `refused` counts as none. */
  async claim(accountKey: string, refused?: string): Promise<TokenClaim> {
    const work = (tx: Tx) => this.claimIn(tx, accountKey, refused);
    try {
      return await this.database.write(work);
    } catch (error) {
      // Another process made the row: it is committed now, and found.
      if (!isDuplicate(error)) throw error;
      return this.database.write(work);
    }
  }

  /** Puts down what the holder of the lease fetched. False where the lease was lost: then another's token is the one. */
  async put({ accountKey, leaseToken, takenAt }: TokenLease, token: string, expiresInMs: number): Promise<boolean> {
    const lifeMs = Math.max(expiresInMs, 0);
    const changes = {
      sealedToken: this.secrets.seal(token, providerTokenPlace(accountKey)),
      tokenHash: toTokenHash(accountKey, token),
      refreshAt: Math.floor(takenAt + lifeMs - toRefreshMarginMs(lifeMs)),
      expiresAt: Math.floor(takenAt + lifeMs),
      leaseToken: null,
      leaseEndsAt: null,
    };
    const { affected } = await this.database.write((tx) =>
      tx.manager.update(ProviderToken, { accountKey, leaseToken }, changes),
    );
    return affected === 1;
  }

  /** Gives the lease back without a token. With `pauseMs`, nobody tries again so soon while the previous one lives. */
  async release({ accountKey, leaseToken }: TokenLease, pauseMs?: number): Promise<void> {
    await this.database.write(async (tx) => {
      const refreshAt = pauseMs === undefined ? {} : { refreshAt: (await this.now(tx.manager)) + pauseMs };
      const changes = { leaseToken: null, leaseEndsAt: null, ...refreshAt };
      await tx.manager.update(ProviderToken, { accountKey, leaseToken }, changes);
    });
  }

  /** Forgets a token that the provider refused, unless it was replaced meanwhile. */
  async drop(accountKey: string, token: string): Promise<void> {
    const none = { sealedToken: null, tokenHash: null, refreshAt: null, expiresAt: null };
    const tokenHash = toTokenHash(accountKey, token);
    await this.database.write((tx) => tx.manager.update(ProviderToken, { accountKey, tokenHash }, none));
  }

  private async claimIn(tx: Tx, accountKey: string, refused: string | undefined): Promise<TokenClaim> {
    const row = await this.findLocked(tx.manager, accountKey);
    const now = await this.now(tx.manager);
    const living = row ? this.open(row, now) : undefined;
    const previous = living?.value === refused ? undefined : living;
    if (previous && previous.refreshInMs > 0) return { kind: 'token', token: previous };
    if (row && this.isHeld(row, now)) return { kind: 'held', previous };
    const lease = { accountKey, leaseToken: this.ids.next('lse'), takenAt: now };
    const held = { leaseToken: lease.leaseToken, leaseEndsAt: now + TOKEN_LEASE_MS };
    if (row) await tx.manager.update(ProviderToken, { accountKey }, held);
    else await this.insert(tx, { accountKey, ...held }, now);
    return { kind: 'leased', lease, previous };
  }

  // A lock makes the look and the lease one step. On SQLite, writers queue anyway.
  private findLocked(manager: EntityManager, accountKey: string): Promise<ProviderToken | null> {
    const lock = this.database.kind === 'mysql' ? { lock: { mode: 'pessimistic_write' } as const } : {};
    return manager.findOne(ProviderToken, { where: { accountKey }, ...lock });
  }

  // SQLite serves one process, which asks once at a time for each account: a lease found there is a dead process's.
  private isHeld({ leaseToken, leaseEndsAt }: ProviderToken, now: number): boolean {
    return this.database.kind === 'mysql' && leaseToken !== null && (leaseEndsAt ?? 0) > now;
  }

  private async insert(
    tx: Tx,
    given: Pick<ProviderToken, 'accountKey' | 'leaseToken' | 'leaseEndsAt'>,
    now: number,
  ): Promise<void> {
    // Rows of former versions of accounts: their tokens died long ago.
    await tx.manager
      .createQueryBuilder()
      .delete()
      .from(ProviderToken)
      .where('COALESCE(expires_at, 0) <= :then AND COALESCE(lease_ends_at, 0) <= :then', { then: now - DAY_MS })
      .execute();
    await tx.insert(ProviderToken, [
      { ...given, sealedToken: null, tokenHash: null, refreshAt: null, expiresAt: null },
    ]);
  }

  private open({ accountKey, sealedToken, refreshAt, expiresAt }: ProviderToken, now: number): LivingToken | undefined {
    if (sealedToken === null || refreshAt === null || expiresAt === null || expiresAt <= now) return undefined;
    try {
      const value = this.secrets.open(sealedToken, providerTokenPlace(accountKey));
      return { value, refreshInMs: refreshAt - now, expiresInMs: expiresAt - now };
    } catch (error) {
      // Sealed with a key that we no longer have: a new token costs one call.
      if (!(error instanceof UnsealError)) throw error;
      return undefined;
    }
  }

  private async now(manager: EntityManager): Promise<number> {
    if (this.time === 'process') return this.clock.now();
    const rows: unknown = await manager.query('SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS now');
    return NowRows.parse(rows)[0].now;
  }
}

const NowRows = z.tuple([z.object({ now: z.coerce.number() })]);

/** Where an account's token is sealed. */
export function providerTokenPlace(accountKey: string): string {
  return `provider_tokens/${accountKey}/token`;
}

function toTokenHash(accountKey: string, token: string): string {
  return hashOf('provider token', accountKey, token);
}
