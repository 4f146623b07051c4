import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { ClientAddresses } from '../http/client-addresses.js';
import { Problem, retryLater } from '../http/problem.js';
import { hashOf } from '../secrets/hash.js';
import { ApiKeyLoader, type LoadedKey } from './api-key-loader.js';
import { ApiKey } from './api-key.entity.js';
import { isApiKeyShaped } from './api-key-secret.js';
import type { Caller } from './caller.js';
import { FailedAuthentications } from './failed-authentications.js';

// `lastUsedAt` tells people which keys are in use; to the minute is enough and spares a write in every request.
const LAST_USED_STEP_MS = 60_000;

// RFC 6750, §2.1: one space or more, then a token. No repetition in it can backtrack.
const BEARER = /^Bearer +([\w.~+/=-]+) *$/i;

/** Finds out who asks. Asks the database each time: a revoked key is refused at once. */
@Injectable()
export class ApiKeyAuthenticator {
  private readonly logger = new Logger('ApiKeys');
  private readonly loader: ApiKeyLoader;
  private readonly failures: FailedAuthentications;
  private readonly noted = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly addresses: ClientAddresses,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.loader = new ApiKeyLoader(database);
    this.failures = new FailedAuthentications(clock);
  }

  /** Finds out who sent the request; throws as `authenticate` does. */
  authenticateRequest(request: IncomingMessage): Promise<Caller> {
    return this.authenticate(request.headers.authorization, this.addresses.of(request));
  }

  /**
   * Reads an `Authorization` header that came from this address. Throws `unauthenticated`, or `too_many_requests` where the
   * address failed too often lately, or `merchant_suspended`.
   */
  async authenticate(authorization: string | undefined, address: string): Promise<Caller> {
    const now = this.clock.now();
    const key = await this.findKey(authorization, now);
    if (typeof key === 'string') throw this.refuse(key, address);
    if (key.merchantId !== null && key.merchantStatus !== 'active')
      throw new Problem('merchant_suspended', 'This merchant is suspended. Talk to the operator of this gateway.');
    this.noteUse(key, now);
    return {
      keyId: key.id,
      merchantId: key.merchantId,
      mode: key.mode,
      principalId: key.principalId,
      scopes: key.scopes,
      accountsStamp: `${key.accountCount} ${key.accountVersions} ${key.latestAccount}`,
    };
  }

  /** The key that the header carries, or what is wrong with it. Keys are found by their hash: no timing tells of others. */
  private async findKey(authorization: string | undefined, now: number): Promise<LoadedKey | string> {
    const [, secret] = BEARER.exec(authorization ?? '') ?? [];
    if (secret === undefined) return 'Send your API key as Authorization: Bearer mlp_….';
    if (!isApiKeyShaped(secret)) return 'This is no API key of ours; was it cut off or mistyped?';
    const key = await this.loader.load(hashOf('api key', secret));
    if (!key || (key.endsAt !== null && key.endsAt <= now)) return 'This API key was revoked or never existed.';
    return key;
  }

  private refuse(detail: string, address: string): Problem {
    const waitMs = this.failures.note(address);
    if (waitMs === undefined) {
      return new Problem('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="malipo"' } });
    }
    return retryLater(
      'too_many_requests',
      `Too many requests without a valid API key came from your address. ${detail}`,
      waitMs,
    );
  }

  private noteUse(key: LoadedKey, now: number): void {
    const latest = Math.max(key.lastUsedAt ?? 0, this.noted.get(key.id) ?? 0);
    if (now - latest < LAST_USED_STEP_MS) return;
    this.noted.set(key.id, now);
    // Not awaited: no request waits for it, and losing one costs little.
    void this.database
      .write((tx) => tx.manager.update(ApiKey, { id: key.id }, { lastUsedAt: now }))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'Could not note that an API key was used.'));
  }
}
