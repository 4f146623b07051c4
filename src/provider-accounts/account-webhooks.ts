import { Inject, Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import type { Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CallbackTokens } from '../callbacks/callback-tokens.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { notFound, Problem } from '../http/problem.js';
import { findDefinition } from '../providers/registry.js';
import { ProviderAccount } from './provider-account.entity.js';

const HOUR_MS = 3_600_000;

/** The URLs that merchants enter at providers which report everything of an account to one place. */
@Injectable()
export class AccountWebhooks {
  constructor(
    private readonly database: Database,
    private readonly tokens: CallbackTokens,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The URL of each account whose provider has such a thing, by account id. An account without one, from before there were
   * any, gets it now.
   */
  async findUrls(accounts: readonly ProviderAccount[]): Promise<ReadonlyMap<string, string>> {
    const hashes = new Map<string, string>();
    for (const account of accounts) {
      if (!hasAccountCallback(account)) continue;
      hashes.set(account.id, account.callbackTokenHash ?? (await this.issueLate(account)));
    }
    const urls = await this.tokens.findUrls([...hashes.values()]);
    return new Map([...hashes].flatMap(([id, hash]) => toPair(id, urls.get(hash))));
  }

  /** The token hash for a new account, stored in the caller's transaction; null where the provider has no such thing. */
  async issueFor(tx: Tx, account: ProviderAccount): Promise<string | null> {
    if (!hasAccountCallback(account)) return null;
    const { id: providerAccountId, merchantId, mode } = account;
    return this.tokens.issueForAccount(tx, { providerAccountId, merchantId, mode });
  }

  /**
   * A new URL. The old one goes on for so many hours, so that the new one can be entered at the provider without losing a
   * message. Throws `not_found`, or `conflict` where the provider has no such thing.
   */
  async rotate({ merchantId, mode }: MerchantCaller, id: string, overlapHours: number): Promise<ProviderAccount> {
    return this.database.write(async (tx) => {
      const account = await tx.manager.findOne(ProviderAccount, {
        where: { id, merchantId, mode },
        // Two at once stand in line: each answers a URL that was in force.
        ...(this.database.kind === 'mysql' && { lock: { mode: 'pessimistic_write' } }),
      });
      if (!account) throw notFound();
      const callbackTokenHash = await this.issueFor(tx, account);
      if (callbackTokenHash === null) throw noSuchUrl(account);
      if (account.callbackTokenHash !== null)
        await this.tokens.end(tx, account.callbackTokenHash, this.clock.now() + overlapHours * HOUR_MS);
      await tx.manager.update(ProviderAccount, { id }, { callbackTokenHash });
      return { ...account, callbackTokenHash };
    });
  }

  /** Of several who ask at the same moment, one makes it and all see it. */
  private issueLate(account: ProviderAccount): Promise<string> {
    return this.database.write(async (tx) => {
      const callbackTokenHash = await this.issueFor(tx, account);
      if (callbackTokenHash === null) throw noSuchUrl(account);
      const place = { id: account.id, callbackTokenHash: IsNull() };
      const { affected } = await tx.manager.update(ProviderAccount, place, { callbackTokenHash });
      if (affected === 1) return callbackTokenHash;
      await this.tokens.end(tx, callbackTokenHash, this.clock.now());
      const now = await tx.manager.findOneOrFail(ProviderAccount, { where: { id: account.id } });
      return now.callbackTokenHash ?? callbackTokenHash;
    });
  }
}

function hasAccountCallback({ provider }: ProviderAccount): boolean {
  return findDefinition(provider)?.accountCallback === true;
}

function noSuchUrl({ provider }: ProviderAccount): Problem {
  const name = findDefinition(provider)?.name ?? provider;
  return new Problem('conflict', `${name} is given a URL with each payment. There is none to enter or to change.`);
}

function toPair(id: string, url: string | undefined): [string, string][] {
  return url === undefined ? [] : [[id, url]];
}
