import { Inject, Injectable } from '@nestjs/common';
import type { Clock, RandomBytes } from '#libs/primitives';
import { CLOCK, RANDOM, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { hashOf } from '../secrets/hash.js';
import { SecretBox } from '../secrets/secret-box.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { CallbackToken } from './callback-token.entity.js';

/** 64 hex characters: nobody guesses them, and no word that a provider forbids can be in them. */
const TOKEN_BYTES = 32;

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
    const issued = purposes.map((purpose) => ({ purpose, token: this.random(TOKEN_BYTES).toString('hex') }));
    await tx.insert(
      CallbackToken,
      issued.map(({ purpose, token }) => this.toRow(attempt, purpose, token)),
    );
    return Object.fromEntries(issued.map(({ purpose, token }) => [purpose, this.toUrl(token)]));
  }

  /** The URLs an attempt was sent with before: two tries carry the same. */
  async reissue(attempt: Attempt): Promise<Record<string, string>> {
    const rows = await this.database.read.find(CallbackToken, { where: { attemptId: attempt.id } });
    return Object.fromEntries(
      rows.map((row) => [row.purpose, this.toUrl(this.secrets.open(row.sealedToken, tokenPlace(row.tokenHash)))]),
    );
  }

  /** Undefined where we never gave out such a path. */
  async find(token: string): Promise<CallbackToken | undefined> {
    const row = await this.database.read.findOne(CallbackToken, { where: { tokenHash: hashToken(token) } });
    return row ?? undefined;
  }

  private toRow(attempt: Attempt, purpose: string, token: string): CallbackToken {
    const tokenHash = hashToken(token);
    return {
      tokenHash,
      sealedToken: this.secrets.seal(token, tokenPlace(tokenHash)),
      attemptId: attempt.id,
      providerAccountId: attempt.providerAccountId,
      merchantId: attempt.merchantId,
      mode: attempt.mode,
      purpose,
      createdAt: this.clock.now(),
    };
  }

  private toUrl(token: string): string {
    return `${this.settings.publicUrl}/callbacks/${token}`;
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
