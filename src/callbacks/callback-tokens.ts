import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, RandomBytes } from '#libs/primitives';
import type { ProviderReferences } from '#libs/provider-kit';
import { CLOCK, RANDOM, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { hashOf } from '../secrets/hash.js';
import { SecretBox } from '../secrets/secret-box.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { CallbackToken } from './callback-token.entity.js';

/** 64 hex characters: nobody guesses them, and no word that a provider forbids can be in them. */
const TOKEN_BYTES = 32;

/** The path that a whole provider account shares. */
export const ACCOUNT_PURPOSE = 'account';

/** The path on which a hosted page sends the customer back. */
export const RETURN_PURPOSE = 'return';

/** To whom a path is given. */
export type TokenOwner = Pick<
  CallbackToken,
  'attemptId' | 'providerAccountId' | 'merchantId' | 'mode' | 'balanceQuestionId'
>;

/** Makes and finds the unguessable paths under which providers report to us. */
@Injectable()
export class CallbackTokens {
  constructor(
    private readonly database: Database,
    private readonly secrets: SecretBox,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** Stores one token for each purpose in the caller's transaction; answers the URLs to send. */
  async issue(tx: Tx, attempt: Attempt, purposes: readonly string[]): Promise<Record<string, string>> {
    return this.issueTo(tx, { ...attempt, attemptId: attempt.id, balanceQuestionId: null }, purposes);
  }

  /** The same for one question for the balance of an account. */
  async issueForBalance(
    tx: Tx,
    { id: providerAccountId, merchantId, mode }: Pick<ProviderAccount, 'id' | 'merchantId' | 'mode'>,
    balanceQuestionId: string,
    purposes: readonly string[],
  ): Promise<Record<string, string>> {
    return this.issueTo(tx, { attemptId: null, providerAccountId, merchantId, mode, balanceQuestionId }, purposes);
  }

  /** Stores the token of a path that a whole account shares in the caller's transaction; answers its hash. */
  async issueForAccount(tx: Tx, owner: Omit<TokenOwner, 'attemptId' | 'balanceQuestionId'>): Promise<string> {
    const { row } = this.make({ ...owner, attemptId: null, balanceQuestionId: null }, ACCOUNT_PURPOSE);
    await tx.insert(CallbackToken, [row]);
    return row.tokenHash;
  }

  /** From that instant (epoch ms) on the path is like one that we never gave out. */
  async end(tx: Tx, tokenHash: string, endsAt: number): Promise<void> {
    await tx.manager.update(CallbackToken, { tokenHash }, { endsAt });
  }

  /** The URLs an attempt was sent with before, for the purposes of its operation: two tries carry the same. */
  async reissue(attempt: Attempt, purposes: readonly string[]): Promise<Record<string, string>> {
    const rows = await this.database.read.find(CallbackToken, {
      where: { attemptId: attempt.id, purpose: In([...purposes]) },
    });
    return Object.fromEntries(rows.map((row) => [row.purpose, this.open(row)]));
  }

  /** Notes by which ids the answers on these paths will name the question they were made for. */
  async noteAsked(tx: Tx, urls: Readonly<Record<string, string>>, asked: ProviderReferences): Promise<void> {
    const tokenHashes = Object.values(urls).map((url) => hashToken(url.slice(url.lastIndexOf('/') + 1)));
    await tx.manager.update(CallbackToken, { tokenHash: In(tokenHashes) }, { asked });
  }

  /** The URLs of these tokens, by hash. */
  async findUrls(tokenHashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (tokenHashes.length === 0) return new Map();
    const rows = await this.database.read.find(CallbackToken, { where: { tokenHash: In([...tokenHashes]) } });
    return new Map(rows.map((row) => [row.tokenHash, this.open(row)]));
  }

  /** Undefined where we never gave out such a path, or have ended it. */
  async find(token: string): Promise<CallbackToken | undefined> {
    const row = await this.database.read.findOne(CallbackToken, { where: { tokenHash: hashToken(token) } });
    return row === null || (row.endsAt !== null && row.endsAt <= this.clock.now()) ? undefined : row;
  }

  private async issueTo(tx: Tx, owner: TokenOwner, purposes: readonly string[]): Promise<Record<string, string>> {
    const issued = purposes.map((purpose) => this.make(owner, purpose));
    await tx.insert(
      CallbackToken,
      issued.map(({ row }) => row),
    );
    return Object.fromEntries(issued.map(({ row, token }) => [row.purpose, this.toUrl(row.purpose, token)]));
  }

  private make(
    { attemptId, providerAccountId, merchantId, mode, balanceQuestionId }: TokenOwner,
    purpose: string,
  ): { readonly token: string; readonly row: CallbackToken } {
    const token = this.random(TOKEN_BYTES).toString('hex');
    const tokenHash = hashToken(token);
    const sealedToken = this.secrets.seal(token, tokenPlace(tokenHash));
    const createdAt = this.clock.now();
    const row = { tokenHash, sealedToken, attemptId, providerAccountId, merchantId, mode, balanceQuestionId, purpose };
    return { token, row: { ...row, asked: null, endsAt: null, createdAt } };
  }

  private open({ purpose, sealedToken, tokenHash }: CallbackToken): string {
    return this.toUrl(purpose, this.secrets.open(sealedToken, tokenPlace(tokenHash)));
  }

  private toUrl(purpose: string, token: string): string {
    const place = purpose === RETURN_PURPOSE ? 'return' : 'callbacks';
    return `${this.settings.publicUrl}/${place}/${token}`;
  }
}

/** How a token is looked up. */
export function hashToken(token: string): string {
  return hashOf('callback token', token);
}

/** Where a token is sealed. */
export function tokenPlace(tokenHash: string): string {
  return `callback_tokens/${tokenHash}/token`;
}
